"""The app as a user starts it: a process, the link that it prints, what its viewers get, and its end."""

import asyncio
import contextlib
import json
import os
import re
import signal
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import psutil
from websockets.asyncio.client import ClientConnection, connect

from tests.support.servers import NO_HEADERS, Answer, ask

ROOT = Path(__file__).resolve().parents[2]
T = TypeVar("T")

IMPLEMENTATIONS = ("multiprocessing", "threading")
PATIENCE_S = 20  # for what takes a second or two on an idle machine
END_S = 5  # for the other processes, when the main one was killed since a test had failed
COMPLAINTS = re.compile(r"Traceback|Warning:|resource_tracker|leaked|Fatal|Aborted")


class App:
    """A started app, in a process group of its own. What it prints goes to files, so it never waits for a reader."""

    def __init__(self, process: subprocess.Popen[bytes], output: Path) -> None:
        self.process = process
        self.ended = False
        self.context: ssl.SSLContext | None = None  # with which it is asked by https
        self._output = output

    @property
    def stdout(self) -> str:
        return (self._output / "stdout").read_text(encoding="utf-8")

    @property
    def stderr(self) -> str:
        return (self._output / "stderr").read_text(encoding="utf-8")

    @property
    def link(self) -> str:
        """The address in the first line; waits until it is there."""
        self.until(lambda: "\n" in self.stdout, "its first line")
        return self.stdout.splitlines()[0].split()[-1]

    @property
    def port(self) -> int:
        """The port in the link."""
        return urlsplit(self.link).port or 80

    def ask(self, path: str, headers: Mapping[str, str] = NO_HEADERS) -> Answer:
        """One HTTP request."""
        return ask(self.port, path, headers, context=self.context)

    def stats(self) -> dict[str, Any]:
        """/api/stats."""
        return dict(json.loads(self.ask("/api/stats").body))

    def wait_until_ready(self) -> None:
        """Wait until frames and inference flow."""
        self.until(lambda: self.ask("/readyz").status == 200, "frames and inference flow")

    def until(self, ask: Callable[[], T | None], what: str) -> T:
        """The first answer that says something; fails when the app ends before, or takes too long."""
        deadline = time.monotonic() + PATIENCE_S
        while not (answer := ask()):
            assert self.process.poll() is None, f"ended before {what}: {self.stderr}"
            assert time.monotonic() < deadline, f"not within {PATIENCE_S} s: {what}; {self.stderr}"
            time.sleep(0.02)
        return answer

    def processes(self) -> list[psutil.Process]:
        """Every process of the app that runs, whoever its parent is by now."""
        return [process for process in psutil.process_iter() if _runs_in(self.process.pid, process)]

    def segments(self) -> set[str]:
        """The files in /dev/shm that the app has in use."""
        paths = set()
        for process in self.processes():
            with contextlib.suppress(psutil.Error):  # it ends just now
                paths |= {region.path for region in process.memory_maps()}
        return {path for path in paths if path.startswith("/dev/shm/")}

    def role(self, name: str) -> psutil.Process:
        """The process in which a role runs."""
        return self.until(lambda: self._process_of(name), f"a report of the {name}")

    def end(self, number: signal.Signals = signal.SIGTERM, *, whole_group: bool = False) -> None:
        """Stop it by a signal and see to it that it ends well and leaves nothing behind."""
        segments = self.segments()
        os.killpg(self.process.pid, number) if whole_group else self.process.send_signal(number)
        self.ended = True
        code = self.process.wait(PATIENCE_S)
        assert code == 0, f"exit code {code}: {self.stderr}"
        self.assert_nothing_is_left(segments)
        assert not COMPLAINTS.search(self.stderr), self.stderr

    def kill(self) -> None:
        """Take its main process away without a warning."""
        self.ended = True
        self.process.kill()
        self.process.wait(PATIENCE_S)

    def assert_nothing_is_left(self, segments: set[str]) -> None:
        """After its end: no process, and none of these segments. What cleans up behind it needs a moment."""
        deadline = time.monotonic() + PATIENCE_S
        while left := {*self.processes(), *(path for path in segments if Path(path).exists())}:
            assert time.monotonic() < deadline, f"left behind: {left}"
            time.sleep(0.02)

    def _process_of(self, name: str) -> psutil.Process | None:
        pid = int(self.stats()["roles"].get(name, {}).get("pid", 0))
        return psutil.Process(pid) if pid and psutil.pid_exists(pid) else None


@contextmanager
def running(
    *flags: str, folder: Path = ROOT, program: Sequence[str] = ("main.py",), within: Sequence[str] = ()
) -> Iterator[App]:
    """`python main.py FLAGS` in `folder`, on a free port. It must end well, unless the test has ended it itself.

    `within` is a command that becomes the one that follows it.
    """
    with tempfile.TemporaryDirectory() as output:
        app = App(start(Path(output), *flags, folder=folder, program=program, within=within), Path(output))
        try:
            yield app
            if not app.ended:
                app.end()
        finally:
            app.kill()
            psutil.wait_procs(app.processes(), END_S)  # the last of them frees what is shared
            with contextlib.suppress(ProcessLookupError):
                os.killpg(app.process.pid, signal.SIGKILL)


def start(
    output: Path, *flags: str, folder: Path = ROOT, program: Sequence[str] = ("main.py",), within: Sequence[str] = ()
) -> subprocess.Popen[bytes]:
    """Start the app; it prints into files in `output`."""
    environment = {name: value for name, value in os.environ.items() if not name.upper().startswith("VISION_")}
    with (output / "stdout").open("wb") as stdout, (output / "stderr").open("wb") as stderr:
        return subprocess.Popen(
            [*within, sys.executable, *program, "--port", "0", *flags],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
        )


def _runs_in(group: int, process: psutil.Process) -> bool:
    try:
        return os.getpgid(process.pid) == group and process.status() != psutil.STATUS_ZOMBIE
    except (ProcessLookupError, psutil.NoSuchProcess):
        return False


@dataclass(frozen=True)
class Picture:
    """A frame as a viewer got it: when (monotonic, in seconds), what the header says, and the JPEG."""

    at: float
    header: dict[str, Any]
    jpeg: bytes


class Viewer:
    """A websocket client like the page: keeps all that it got. It reads only within `until`."""

    def __init__(self, socket: ClientConnection) -> None:
        self.pictures: list[Picture] = []
        self.words: list[tuple[float, dict[str, Any]]] = []
        self._socket = socket

    async def until(self, enough: Callable[["Viewer"], bool]) -> None:
        """Receive until `enough` says so. Raises TimeoutError, and ConnectionClosed when the server goes."""
        async with asyncio.timeout(PATIENCE_S):
            while not enough(self):
                message = await self._socket.recv()
                now = time.monotonic()
                if isinstance(message, bytes):
                    length = int.from_bytes(message[:4], "big")
                    self.pictures.append(Picture(now, json.loads(message[4 : 4 + length]), message[4 + length :]))
                else:
                    self.words.append((now, json.loads(message)))

    async def receive(self, duration_s: float) -> None:
        """Receive for so long."""
        end = time.monotonic() + duration_s
        await self.until(lambda _: time.monotonic() >= end)

    def said(self, kind: str) -> list[dict[str, Any]]:
        """All messages of this type."""
        return [words for _, words in self.words if words["type"] == kind]

    def has_heard(self, component: str, state: str) -> bool:
        """Whether this status came."""
        return any((words["component"], words["state"]) == (component, state) for words in self.said("status"))

    def forget(self) -> None:
        """Begin anew."""
        self.pictures.clear()
        self.words.clear()

    def frame_rate(self) -> float:
        """Frames a second."""
        return rate([picture.at for picture in self.pictures])

    def detection_rate(self) -> float:
        """Detections a second."""
        return rate([at for at, words in self.words if words["type"] == "detections"])


@asynccontextmanager
async def viewing(app: App) -> AsyncIterator[Viewer]:
    """A viewer of the app."""
    async with connect(f"ws://localhost:{app.port}/ws/ui", compression=None, proxy=None) as socket:
        yield Viewer(socket)


def rate(times: list[float]) -> float:
    """Events a second between the first and the last."""
    assert len(times) > 1, "too few events for a rate"
    return (len(times) - 1) / (times[-1] - times[0])
