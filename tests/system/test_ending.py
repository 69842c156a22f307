"""The end of the app by each signal, in several states, and the next start."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from websockets.exceptions import ConnectionClosed

from tests.support.apps import IMPLEMENTATIONS, PATIENCE_S, ROOT, App, running, viewing
from tests.support.ports import free_port

ROLES = ("server", "provider", "processor")
ALONE, GROUP = False, True  # signal the main process, or the process group, as a terminal does
HUP, INT, TERM = signal.SIGHUP, signal.SIGINT, signal.SIGTERM


# A processor that has a thread in C++ code, as that in which a model is loaded, until the process ends.
BUSY_IN_NATIVE_CODE = """
import sys
import time

import cv2
import numpy

from common.native_threads import native_thread


class Slow:
    def __del__(self, sleep=time.sleep):
        sleep(0.5)  # the thread returns from C++ while the interpreter is finalized


def work():
    image = numpy.zeros((480, 640, 3), numpy.uint8)
    while True:
        cv2.GaussianBlur(image, (31, 31), 0)


sys.slow = Slow()
native_thread(work, "work").start()


def process(frame):
    return None
"""


@pytest.fixture(params=IMPLEMENTATIONS)
def implementation(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.parametrize("whole_group", [False, True], ids=["main process alone", "whole group"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
async def test_a_signal_ends_it_and_no_process_or_segment_remains(
    implementation: str, small: tuple[str, ...], number: signal.Signals, whole_group: bool
) -> None:
    with running("--impl", implementation, *small) as app:
        async with viewing(app) as viewer:
            await viewer.until(lambda viewer: len(viewer.frames) > 1 and len(viewer.messages_of("detections")) > 1)
            await asyncio.to_thread(app.end, number, whole_group=whole_group)
            with pytest.raises(ConnectionClosed):
                await viewer.receive(PATIENCE_S)


@pytest.mark.parametrize("whole_group", [False, True], ids=["main process alone", "whole group"])
def test_a_signal_during_the_start_ends_it(implementation: str, small: tuple[str, ...], *, whole_group: bool) -> None:
    with running("--impl", implementation, *small) as app:
        assert app.link
        app.end(signal.SIGINT, whole_group=whole_group)


@pytest.mark.parametrize(
    ("numbers", "whole_group"),
    [((HUP,), GROUP), ((INT, INT), ALONE), ((INT, TERM, INT), GROUP)],
    ids=["HUP to all", "INT twice", "INT, TERM and INT to all"],
)
def test_it_ends_with_code_0_by_one_signal_or_several(
    implementation: str, small: tuple[str, ...], numbers: tuple[signal.Signals, ...], whole_group: bool
) -> None:
    with running("--impl", implementation, *small) as app:
        app.wait_until_ready()
        for number in numbers[:-1]:
            os.killpg(app.process.pid, number) if whole_group else app.process.send_signal(number)
            time.sleep(0.05)  # the next one arrives while the app is stopping
        app.end(numbers[-1], whole_group=whole_group)


def test_it_ends_with_code_0_while_a_thread_is_in_native_code(
    implementation: str, small: tuple[str, ...], tmp_path: Path
) -> None:
    code = tmp_path / "busy.py"
    code.write_text(BUSY_IN_NATIVE_CODE)
    with running("--impl", implementation, "--source", small[1], "--processor", f"{code}:process") as app:
        app.wait_until_ready()
        app.end()


def test_it_ends_while_every_role_hangs(small: tuple[str, ...]) -> None:
    with running(*small) as app:
        app.wait_until_ready()
        for role in [app.role(name) for name in ROLES]:
            role.suspend()
        app.end()


def test_no_process_or_segment_remains_after_the_main_process_was_killed(
    implementation: str, small: tuple[str, ...]
) -> None:
    with running("--impl", implementation, *small) as app:
        app.wait_until_ready()
        segments = app.segments()
        app.kill()
        app.assert_nothing_is_left(segments)


@pytest.mark.skipif(sys.platform != "linux", reason="PR_SET_PDEATHSIG is of Linux")
def test_no_process_or_segment_remains_when_it_is_killed_while_every_role_hangs(small: tuple[str, ...]) -> None:
    with running(*small) as app:
        app.wait_until_ready()
        segments = app.segments()
        for role in [app.role(name) for name in ROLES]:
            role.suspend()
        app.kill()
        app.assert_nothing_is_left(segments)


def test_it_can_start_on_the_same_port_right_after_it_was_killed(implementation: str, small: tuple[str, ...]) -> None:
    port = free_port()
    flags = ("--impl", implementation, "--port", str(port), *small)
    with running(*flags) as first:
        first.wait_until_ready()
        segments = first.segments()
        with socket.create_connection(("127.0.0.1", port)):  # a viewer that is connected at the end
            first.kill()
            first.assert_nothing_is_left(segments)
            with running(*flags) as again:
                again.wait_until_ready()


def test_another_run_does_not_disturb_a_run(small: tuple[str, ...]) -> None:
    with running(*small) as app:
        app.wait_until_ready()
        processes, segments = set(app.processes()), app.segments()
        with running(*small) as killed:
            killed.wait_until_ready()
            killed.kill()
            killed.assert_nothing_is_left(set())
        assert set(app.processes()) == processes
        assert app.segments() == segments
        seen = app.stats()["counters"]["processed"]
        app.until(lambda: app.stats()["counters"]["processed"] > seen, "inference goes on")


def test_it_ignores_sighup_when_it_was_started_by_nohup(small: tuple[str, ...], tmp_path: Path) -> None:
    command = ["nohup", sys.executable, "main.py", "--port", "0", *small]
    with (tmp_path / "stderr").open("wb") as stderr, (tmp_path / "stdout").open("wb") as stdout:
        process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr, start_new_session=True
        )
    app = App(process, tmp_path)
    try:
        app.wait_until_ready()
        processes = set(app.processes())
        os.killpg(process.pid, signal.SIGHUP)
        seen = app.stats()["counters"]["processed"]
        app.until(lambda: app.stats()["counters"]["processed"] > seen + 5, "inference goes on")
        assert set(app.processes()) == processes
        app.end()
    finally:
        app.kill()
        psutil.wait_procs(app.processes(), PATIENCE_S)
