"""One producer and its consumers: a run of a pattern with consumers that are slow, end or start late."""

import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from multiprocessing import connection, get_context
from multiprocessing.context import SpawnProcess
from typing import NamedTuple

from benchmark.errors import MeasuringError
from benchmark.measure.patterns.pattern import Endpoint, Pattern
from common.frames import Frame, Image
from common.pacing import Ticker

START_S = 30.0
STOP_S = 5.0
CHECK_STOP_S = 0.05


@dataclass(frozen=True)
class Consumer:
    """A consumer that is busy for `busy_s` seconds with each frame; it joins, and is killed, at a share of the run."""

    busy_s: float = 0.0
    joins_at: float = 0.0
    killed_at: float | None = None


class Receipt(NamedTuple):
    """When a frame was received and captured, monotonic time in seconds."""

    received_at: float
    captured_at: float


@dataclass
class ConsumerLog:
    """What a consumer received after it joined, and the CPU seconds that it used. Empty for one that was killed."""

    cpu_s: float = 0.0
    receipts: list[Receipt] = field(default_factory=list)


@dataclass
class FanOut:
    """Samples of a run from `began_at` to `ended_at` (monotonic), one put for each frame."""

    began_at: float
    ended_at: float
    put_ms: list[float]
    cpu_s: float
    logs: list[ConsumerLog]


def measure(pattern: Pattern, image: Image, fps: float, seconds: float, consumers: Sequence[Consumer]) -> FanOut:
    """Put `image` at `fps` for `seconds` to consumers in processes of their own. Raises MeasuringError."""
    with ExitStack() as stack:
        stack.callback(pattern.close)
        running = [_start(stack, pattern.endpoint(index), consumer) for index, consumer in enumerate(consumers)]
        ticker = Ticker(fps)
        _warm_up(pattern, image, ticker, [each for each in running if each.plan.joins_at == 0])
        cpu_before, began_at = time.process_time(), time.monotonic()
        put_ms = []
        for number in range(round(seconds * fps)):
            for each in running:
                each.follow_plan(number / (seconds * fps))
            put_ms.append(_put(pattern, image, number + 1, ticker))
        cpu_s, ended_at = time.process_time() - cpu_before, time.monotonic()
        return FanOut(began_at, ended_at, put_ms, cpu_s, [each.stop() for each in running])


def _put(pattern: Pattern, image: Image, frame_id: int, ticker: Ticker) -> float:
    started = time.monotonic()
    pattern.put(Frame("main", frame_id, started, image))
    put_ms = 1000 * (time.monotonic() - started)
    time.sleep(ticker.delay_s())
    return put_ms


def _warm_up(pattern: Pattern, image: Image, ticker: Ticker, consumers: Sequence["_Running"]) -> None:
    """Put frames until each consumer has received one."""
    for each in consumers:
        each.join()
    deadline = time.monotonic() + START_S
    while not all(each.has_received() for each in consumers):
        if time.monotonic() > deadline:
            raise MeasuringError(f"a consumer received no frame within {START_S:g} s")
        _put(pattern, image, 0, ticker)


class _Running:
    """The process of a consumer, and the pipe through which it is controlled."""

    def __init__(self, plan: Consumer, process: SpawnProcess, pipe: connection.Connection) -> None:
        self.plan = plan
        self._process = process
        self._pipe = pipe
        self._joined = False
        self._received = False

    def join(self) -> None:
        """Let the consumer join."""
        self._joined = True
        self._pipe.send("join")

    def has_received(self) -> bool:
        """Return whether the consumer has reported its first frame."""
        self._received = self._received or (self._pipe.poll() and self._pipe.recv() == "received")
        return self._received

    def follow_plan(self, done: float) -> None:
        """Let the consumer join or kill it, if that is due at `done` (0 to 1)."""
        if not self._joined and done >= self.plan.joins_at:
            self.join()
        if self.plan.killed_at is not None and done >= self.plan.killed_at and self._process.is_alive():
            self._process.kill()

    def stop(self) -> ConsumerLog:
        """End the consumer and return what it received."""
        if self.plan.killed_at is not None:
            return ConsumerLog()
        self._pipe.send("stop")
        while self._pipe.poll(STOP_S):
            log = self._pipe.recv()
            if isinstance(log, ConsumerLog):
                return log
        raise MeasuringError("a consumer did not end")


def _start(stack: ExitStack, endpoint: Endpoint, plan: Consumer) -> _Running:
    context = get_context("spawn")
    pipe, theirs = context.Pipe()
    process = context.Process(target=consume, args=(endpoint, plan.busy_s, theirs), daemon=True)
    process.start()
    theirs.close()
    stack.callback(pipe.close)
    stack.callback(process.join, STOP_S)
    stack.callback(process.kill)
    return _Running(plan, process, pipe)


def consume(endpoint: Endpoint, busy_s: float, control: connection.Connection) -> None:
    """Wait for "join", then receive frames until "stop", and send the log. Report the first frame as "received"."""
    control.recv()
    log = ConsumerLog()
    cpu_before = time.process_time()
    with endpoint.open() as frames:
        while not control.poll():
            frame = frames.get(CHECK_STOP_S)
            if frame is None:
                continue
            if not log.receipts:
                control.send("received")
            log.receipts.append(Receipt(time.monotonic(), frame.captured_at))
            time.sleep(busy_s)
        log.cpu_s = time.process_time() - cpu_before
        control.send(log)
