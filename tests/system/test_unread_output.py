"""An app whose standard error is a full pipe that is not read: it runs, answers and ends as usual."""

import fcntl
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.apps import IMPLEMENTATIONS, PATIENCE_S, running, viewing
from tests.support.ports import free_port
from tests.support.servers import ask
from tests.support.stuck import HANGING

pytestmark = pytest.mark.skipif(not hasattr(fcntl, "F_SETPIPE_SZ"), reason="the size of a pipe is fixed here")

PIPE_BYTES = 4096


@dataclass
class FullPipe:
    """A named pipe of PIPE_BYTES bytes, all of them taken."""

    path: Path
    fd: int

    def __post_init__(self) -> None:
        fcntl.fcntl(self.fd, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        os.write(self.fd, b"x" * PIPE_BYTES)

    def as_stream(self, redirection: str) -> tuple[str, ...]:
        """Return the command that starts an app with `redirection` (2> or &>, say) to this pipe."""
        return "bash", "-c", f'exec "$@" {redirection} {self.path}', "bash"

    def read_until(self, text: str) -> str:
        """Read until `text` arrives, and return everything that was read."""
        received = ""
        deadline = time.monotonic() + PATIENCE_S
        while text not in received:
            assert time.monotonic() < deadline, received[-500:]
            received += os.read(self.fd, PIPE_BYTES).decode()
        return received


@pytest.fixture
def pipe(tmp_path: Path) -> Iterator[FullPipe]:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    fd = os.open(path, os.O_RDWR)
    yield FullPipe(path, fd)
    os.close(fd)


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
async def test_video_and_detections_flow_and_sigterm_ends_it(
    implementation: str, pipe: FullPipe, small: tuple[str, ...]
) -> None:
    with running("--impl", implementation, *small, within=pipe.as_stream("2>")) as app:
        app.wait_until_ready()
        async with viewing(app) as viewer:
            await viewer.until(lambda viewer: len(viewer.frames) > 15 and len(viewer.messages_of("detections")) > 5)
        app.end()


def test_a_dead_role_is_replaced(pipe: FullPipe, small: tuple[str, ...]) -> None:
    with running(*small, within=pipe.as_stream("2>")) as app:
        app.wait_until_ready()
        processor = app.role("processor")
        processor.kill()  # an event that is logged
        app.until(lambda: app.role("processor") != processor, "another processor")
        app.wait_until_ready()


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
def test_it_starts_though_its_standard_output_is_not_read_either(
    implementation: str, pipe: FullPipe, small: tuple[str, ...]
) -> None:
    port = free_port()
    flags = ("--impl", implementation, "--port", str(port), *small)
    with running(*flags, within=pipe.as_stream("&>")) as app:
        app.until(lambda: is_ready(port), "frames and inference")


def test_a_thread_that_hangs_ends_it_with_code_1(pipe: FullPipe, small: tuple[str, ...]) -> None:
    flags = ("--impl", "threading", "--python-work-ms", "1", *small)
    with running(*flags, program=("-c", HANGING), within=pipe.as_stream("2>")) as app:
        app.ended = True
        assert app.process.wait(PATIENCE_S) == 1


def test_the_log_continues_when_the_pipe_is_read_again(pipe: FullPipe, small: tuple[str, ...]) -> None:
    with running("--log-level", "debug", *small, within=pipe.as_stream("2>")) as app:
        app.wait_until_ready()
        assert " INFO " in pipe.read_until(" INFO ")


FLOOD = """
import logging, sys, threading, time
import main

def log_for_ever():
    time.sleep(1)
    for _ in range(5000):
        logging.warning("flood")

threading.Thread(target=log_for_ever, daemon=True).start()
sys.exit(main.main(sys.argv[1:]))
"""


def test_dropped_lines_are_counted_in_the_statistics(pipe: FullPipe, small: tuple[str, ...]) -> None:
    flags = ("--impl", "threading", *small)
    with running(*flags, program=("-c", FLOOD), within=pipe.as_stream("2>")) as app:
        app.until(lambda: app.stats()["drops"].get("log/not read", 0) > 2000, "drops of log lines")
        assert "lines were dropped: this output was not read]" in pipe.read_until("dropped")


def is_ready(port: int) -> bool:
    try:
        return ask(port, "/readyz").status == 200
    except OSError:
        return False
