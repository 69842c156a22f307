"""The app in a process of its own, as a user starts it, and a viewer that records what it receives."""

import asyncio
import contextlib
import http.client
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
START_S = 60  # timeout of the link, which is printed when all roles have imported their libraries and loaded the model
PATIENCE_S = 40  # timeout for what takes a second or two on an idle machine
WINDOWS = 6  # in which a rate is measured: a machine with other work may stop for some seconds in one
END_S = 5  # for the other processes to end, after a failed test
PRINTED_LINK = re.compile(r"^Edge Vision +(\S+)\n", re.MULTILINE)  # libraries may write lines before it
COMPLAINTS = re.compile(r"Traceback|Warning:|resource_tracker|leaked|Fatal|Aborted|terminate called")


class App:
    """A started app, in a process group of its own, with its output in files."""

    def __init__(self, process: subprocess.Popen[bytes], output: Path) -> None:
        self.process = process
        self.ended = False
        self.context: ssl.SSLContext | None = None  # for HTTPS requests
        self._output = output

    @property
    def stdout(self) -> str:
        return (self._output / "stdout").read_text(encoding="utf-8")

    @property
    def stderr(self) -> str:
        return (self._output / "stderr").read_text(encoding="utf-8")

    @property
    def link(self) -> str:
        """The address that is printed when all roles have started; waits for it."""
        return self.until(lambda: PRINTED_LINK.search(self.stdout), "the address", START_S)[1]

    @property
    def port(self) -> int:
        """The port in the link."""
        return urlsplit(self.link).port or 80

    def ask(self, path: str, headers: Mapping[str, str] = NO_HEADERS) -> Answer:
        """Send an HTTP request."""
        return ask(self.port, path, headers, context=self.context)

    def stats(self) -> dict[str, Any]:
        """Return /api/stats."""
        return dict(json.loads(self.ask("/api/stats").body))

    def wait_until_ready(self) -> None:
        """Wait until /readyz answers 200."""
        self.until(lambda: self.ask("/readyz").status == 200, "readiness")

    def until(self, condition: Callable[[], T | None], what: str, timeout_s: float = PATIENCE_S) -> T:
        """Poll `condition` and return its first true value; fail after `timeout_s` or when the app ends.

        A request that the server does not answer, since it was killed meanwhile, counts as false.
        """
        deadline = time.monotonic() + timeout_s
        while not (value := _answered(condition)):
            assert self.process.poll() is None, f"the app ended before {what}: {self.stderr}"
            assert time.monotonic() < deadline, f"no {what} within {timeout_s} s; {self.stderr}"
            time.sleep(0.02)
        return value

    def processes(self) -> list[psutil.Process]:
        """Return all running processes of the app, by process group."""
        return [process for process in psutil.process_iter() if _runs_in(self.process.pid, process)]

    def segments(self) -> set[str]:
        """Return the files in /dev/shm that the app has mapped."""
        paths = set()
        for process in self.processes():
            with contextlib.suppress(psutil.Error):  # the process has ended
                paths |= {region.path for region in process.memory_maps()}
        return {path for path in paths if path.startswith("/dev/shm/")}

    def role(self, name: str) -> psutil.Process:
        """Return the process of a role."""
        return self.until(lambda: self._process_of(name), f"report of the {name}")

    def end(self, number: signal.Signals = signal.SIGTERM, *, whole_group: bool = False) -> None:
        """Stop the app by a signal; assert exit code 0, no complaints, and nothing left behind."""
        segments = self.segments()
        os.killpg(self.process.pid, number) if whole_group else self.process.send_signal(number)
        self.ended = True
        code = self.process.wait(PATIENCE_S)
        assert code == 0, f"exit code {code}: {self.stderr}"
        self.assert_nothing_is_left(segments)
        assert not COMPLAINTS.search(self.stderr), self.stderr

    def kill(self) -> None:
        """Kill the main process."""
        self.ended = True
        self.process.kill()
        self.process.wait(PATIENCE_S)

    def assert_nothing_is_left(self, segments: set[str]) -> None:
        """Assert that no process and none of `segments` exist, within PATIENCE_S."""
        deadline = time.monotonic() + PATIENCE_S
        while left := {*self.processes(), *(path for path in segments if Path(path).exists())}:
            assert time.monotonic() < deadline, f"left behind: {left}"
            time.sleep(0.02)

    def _process_of(self, name: str) -> psutil.Process | None:
        pid = int(self.stats()["roles"].get(name, {}).get("pid", 0))
        with contextlib.suppress(psutil.NoSuchProcess):
            return psutil.Process(pid) if pid else None
        return None


@contextmanager
def running(
    *flags: str, folder: Path = ROOT, program: Sequence[str] = ("main.py",), within: Sequence[str] = ()
) -> Iterator[App]:
    """Run `python main.py FLAGS` in `folder`, on a free port; stop it at the end unless the test has done so.

    `within` is a command that executes the command given as its arguments, such as `nohup`.
    """
    with tempfile.TemporaryDirectory() as output:
        app = App(start(Path(output), *flags, folder=folder, program=program, within=within), Path(output))
        try:
            yield app
            if not app.ended:
                app.end()
        finally:
            app.kill()
            psutil.wait_procs(app.processes(), END_S)  # the last one releases shared memory
            with contextlib.suppress(ProcessLookupError):
                os.killpg(app.process.pid, signal.SIGKILL)


def start(
    output: Path, *flags: str, folder: Path = ROOT, program: Sequence[str] = ("main.py",), within: Sequence[str] = ()
) -> subprocess.Popen[bytes]:
    """Start the app with its output in files in `output`."""
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


def _answered(condition: Callable[[], T | None]) -> T | None:
    """Return the value of `condition`, or None after an error of its HTTP request."""
    try:
        return condition()
    except (ConnectionError, TimeoutError, http.client.HTTPException):
        return None


def _runs_in(group: int, process: psutil.Process) -> bool:
    try:
        return os.getpgid(process.pid) == group and process.status() != psutil.STATUS_ZOMBIE
    except (ProcessLookupError, psutil.NoSuchProcess):
        return False


@dataclass(frozen=True)
class ReceivedFrame:
    """A received frame: time of arrival (monotonic, in seconds), header and JPEG."""

    at: float
    header: dict[str, Any]
    jpeg: bytes


class ViewerClient:
    """A websocket client that records what it receives. It receives only during `until`."""

    def __init__(self, socket: ClientConnection) -> None:
        self.frames: list[ReceivedFrame] = []
        self.messages: list[tuple[float, dict[str, Any]]] = []
        self._socket = socket

    async def until(self, enough: Callable[["ViewerClient"], bool]) -> None:
        """Receive until `enough` is true. Raises TimeoutError, and ConnectionClosed when the server closes."""
        async with asyncio.timeout(PATIENCE_S):
            while not enough(self):
                message = await self._socket.recv()
                now = time.monotonic()
                if isinstance(message, bytes):
                    length = int.from_bytes(message[:4], "big")
                    self.frames.append(ReceivedFrame(now, json.loads(message[4 : 4 + length]), message[4 + length :]))
                else:
                    self.messages.append((now, json.loads(message)))

    async def receive(self, duration_s: float) -> None:
        """Receive for `duration_s` seconds."""
        end = time.monotonic() + duration_s
        await self.until(lambda _: time.monotonic() >= end)

    async def window(self, duration_s: float, holds: Callable[["ViewerClient"], bool]) -> None:
        """Receive for `duration_s` seconds, again and again until `holds` is true of what a window has."""
        for _ in range(WINDOWS):
            self.clear()
            await self.receive(duration_s)
            if holds(self):
                return
        raise AssertionError(f"{self.frame_rate():.2f} frames and {self.detection_rate():.2f} results a second")

    async def set(self, name: str, value: float) -> None:
        """Change a live setting."""
        await self._socket.send(json.dumps({"type": "set", "name": name, "value": value}))

    async def choose_model(self, name: str) -> None:
        """Send a request for another model."""
        await self._socket.send(json.dumps({"type": "model_change", "model": name}))

    async def draw(self, processor: str, **regions: Any) -> None:
        """Change the lines and zones of a processor."""
        await self._socket.send(json.dumps({"type": "regions", "processor": processor, **regions}))

    def messages_of(self, kind: str) -> list[dict[str, Any]]:
        """Return all messages of a type."""
        return [message for _, message in self.messages if message["type"] == kind]

    def has_status(self, component: str, state: str) -> bool:
        """Return whether a status was received."""
        return any((each["component"], each["state"]) == (component, state) for each in self.messages_of("status"))

    def clear(self) -> None:
        """Discard what was received."""
        self.frames.clear()
        self.messages.clear()

    def frame_rate(self) -> float:
        """Return frames per second."""
        return rate([frame.at for frame in self.frames])

    def detection_rate(self) -> float:
        """Return detections messages per second."""
        return rate([at for at, message in self.messages if message["type"] == "detections"])


@asynccontextmanager
async def viewing(app: App) -> AsyncIterator[ViewerClient]:
    """Connect a viewer to the app."""
    url = f"ws://localhost:{app.port}/ws/ui"
    # max_queue: with a full one the closing handshake would take its timeout, 10 s
    async with connect(url, compression=None, proxy=None, open_timeout=PATIENCE_S, max_queue=None) as socket:
        yield ViewerClient(socket)


def rate(times: list[float]) -> float:
    """Return events per second, between the first and the last; 0 for fewer than two."""
    return (len(times) - 1) / (times[-1] - times[0]) if len(times) > 1 else 0.0
