"""Several nodes on one machine, each an app of its own, that are killed and started again."""

import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from tests.support.apps import App, ViewerClient, start

TIMES_PATIENCE = 4


class Cluster:
    """The apps of all nodes, by name."""

    def __init__(self, file: Path) -> None:
        """`file` has the settings of all nodes."""
        self._file = file
        self.apps: dict[str, App] = {}

    def start(self, node: str, within: Sequence[str] = ()) -> App:
        """Start a node; `within` is a command that executes another one."""
        output = self._file.parent / node
        output.mkdir(exist_ok=True)
        flags = "--config", str(self._file), "--node", node
        self.apps[node] = App(start(output, *flags, within=within), output)
        return self.apps[node]

    def kill(self, node: str) -> None:
        """Kill the main process of a node, and wait until its roles have ended."""
        app = self.apps[node]
        app.kill()
        app.assert_nothing_is_left(set())


@contextmanager
def ended(cluster: Cluster) -> Iterator[Cluster]:
    """End all nodes, and kill them after a failure. What each has logged is printed: pytest shows it then."""
    try:
        yield cluster
        for app in cluster.apps.values():
            app.end()
    finally:
        for node, app in cluster.apps.items():
            sys.stdout.write(f"{node}, exit code {app.process.poll()}:\n{app.stderr}")
        for app in cluster.apps.values():
            app.kill()
            psutil.wait_procs(app.processes(), 5)
            with suppress(ProcessLookupError):
                os.killpg(app.process.pid, signal.SIGKILL)


async def eventually(viewer: ViewerClient, enough: Callable[[ViewerClient], bool]) -> None:
    """Receive until `enough` is true: several apps start at once, on a machine that may have two cores."""
    for _ in range(TIMES_PATIENCE - 1):
        with suppress(TimeoutError):
            await viewer.until(enough)
            return
    await viewer.until(enough)


def wait_until_ready(app: App) -> None:
    """Wait until /readyz answers 200."""
    for _ in range(TIMES_PATIENCE - 1):
        with suppress(AssertionError):
            app.wait_until_ready()
            return
    app.wait_until_ready()


def flows(viewer: ViewerClient) -> bool:
    """Return whether frames and detections come."""
    return len(viewer.frames) > 10 and len(viewer.messages_of("detections")) > 3
