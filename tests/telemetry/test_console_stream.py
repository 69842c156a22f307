"""Streams that never block: real pipes that are full, read again, or closed."""

import fcntl
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from common.telemetry.console_stream import MAX_WAITING, ConsoleStream
from tests.support.roles import PATIENCE_S

ROOT = Path(__file__).resolve().parents[2]
PIPE_BYTES = 4096


@dataclass
class Pipe:
    """A pipe of PIPE_BYTES bytes with a ConsoleStream at its write end."""

    reader: int
    writer: int
    stream: ConsoleStream

    def fill(self) -> None:
        os.write(self.writer, b"x" * (PIPE_BYTES - 1) + b"\n")

    def read_until(self, text: str) -> str:
        """Read until `text` arrives, and return everything that was read."""
        received = ""
        deadline = time.monotonic() + PATIENCE_S
        while text not in received:
            assert time.monotonic() < deadline, received[-500:]
            received += os.read(self.reader, PIPE_BYTES).decode()
        return received


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    reader, writer = os.pipe()
    if hasattr(fcntl, "F_SETPIPE_SZ"):
        fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    stream = ConsoleStream(writer)
    stream.start()
    yield Pipe(reader, writer, stream)
    os.close(reader)  # ends a write that is blocked, by EPIPE
    stream.drain(PATIENCE_S)
    os.close(writer)


def test_text_arrives_whole_and_in_order(pipe: Pipe) -> None:
    for number in range(MAX_WAITING // 4):
        print(f"line {number}", file=pipe.stream)
    lines = pipe.read_until(f"line {MAX_WAITING // 4 - 1}\n").splitlines()
    assert lines == [f"line {number}" for number in range(MAX_WAITING // 4)]
    assert pipe.stream.dropped_count == 0


def test_a_full_pipe_blocks_no_thread_that_writes(pipe: Pipe) -> None:
    pipe.fill()
    writers = [
        threading.Thread(target=lambda: [pipe.stream.write("text\n") for _ in range(2 * MAX_WAITING)]) for _ in "ab"
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(PATIENCE_S)
    assert not [writer for writer in writers if writer.is_alive()]
    assert 2 * MAX_WAITING <= pipe.stream.dropped_count <= 3 * MAX_WAITING  # as many wait, and are being written


def test_the_number_of_drops_is_written_when_the_pipe_is_read_again(pipe: Pipe) -> None:
    pipe.fill()
    for _ in range(3 * MAX_WAITING):
        pipe.stream.write("text\n")
    dropped = pipe.stream.dropped_count
    received = pipe.read_until("dropped")
    pipe.stream.write("after\n")
    received += pipe.read_until("after\n")
    assert f"[{dropped} lines were dropped: this output was not read]\n" in received
    assert received.count("text\n") == 3 * MAX_WAITING - dropped
    assert pipe.stream.dropped_count == dropped


def test_draining_a_full_pipe_takes_no_longer_than_it_may(pipe: Pipe) -> None:
    pipe.fill()
    pipe.stream.write("text\n")
    started = time.monotonic()
    pipe.stream.drain(0.2)
    assert 0.1 < time.monotonic() - started < PATIENCE_S


def test_a_pipe_without_a_reader_raises_nothing_and_counts(pipe: Pipe) -> None:
    os.close(pipe.reader)
    pipe.reader = os.open(os.devnull, os.O_RDONLY)
    pipe.stream.write("text\n")
    pipe.stream.drain(PATIENCE_S)
    assert pipe.stream.dropped_count == 1


def test_a_character_that_the_encoding_lacks_is_escaped() -> None:
    reader, writer = os.pipe()
    stream = ConsoleStream(writer, "ascii")
    stream.start()
    stream.write("→\n")
    stream.drain(PATIENCE_S)
    assert os.read(reader, 100) == b"\\u2192\n"
    os.close(reader)
    os.close(writer)


PROGRAM = """
import logging, sys, threading, warnings
from common.telemetry.console_stream import unblock_console
unblock_console()
logging.basicConfig(level=logging.INFO)
for _ in range(2000):
    logging.info("log")
print("print")
warnings.warn("warning")
thread = threading.Thread(target=lambda: 1 / 0)
thread.start()
thread.join()
raise SystemExit(3) if sys.argv[1:] else RuntimeError("unhandled")
"""


@pytest.mark.parametrize(("argument", "code"), [([], 1), (["exit"], 3)], ids=["exception", "exit"])
def test_neither_logs_nor_warnings_nor_tracebacks_keep_a_process_from_ending(argument: list[str], code: int) -> None:
    reader, writer = os.pipe()
    os.write(writer, b"x" * fcntl.fcntl(writer, fcntl.F_GETPIPE_SZ) if hasattr(fcntl, "F_GETPIPE_SZ") else b"x" * 65536)
    try:
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, *argument], cwd=ROOT, stdout=writer, stderr=writer, stdin=subprocess.DEVNULL
        )
        try:
            assert process.wait(PATIENCE_S) == code
        finally:
            process.kill()
            process.wait(PATIENCE_S)
    finally:
        os.close(reader)
        os.close(writer)


def test_what_is_written_before_the_end_arrives() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.replace("2000", "10")],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.stdout == "print\n"
    assert done.stderr.count("INFO:root:log\n") == 10
    assert "UserWarning: warning" in done.stderr
    assert "ZeroDivisionError" in done.stderr
    assert done.stderr.endswith("RuntimeError: unhandled\n")


def test_closed_standard_streams_stay_closed() -> None:
    code = (
        "import sys; from common.telemetry.console_stream import unblock_console as f; f(); print('text'); sys.exit(4)"
    )
    done = subprocess.run(f'exec {sys.executable} -c "{code}" >&- 2>&-', shell=True, cwd=ROOT, check=False, timeout=60)  # noqa: S602
    assert done.returncode == 4
