"""The instruments of the benchmark, each on the real thing: a queue, a server, a process that works."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace

import numpy as np
import psutil
import pytest

from benchmark.errors import MeasuringError
from benchmark.measure import baseline as limits
from benchmark.measure.app import RunningApp, next_line
from benchmark.measure.cpu_usage import cpu_times, load_between
from benchmark.measure.environment import look_around
from benchmark.measure.queue_timing import LATEST_PROCESSES, PLAIN, QUEUES, PlainQueue, measure
from benchmark.measure.viewer import Sight, Viewer, stall
from benchmark.suites.pipeline import by_role
from common.frames import Frame, Image
from common.messaging.messages import Detections, MetricsReport
from common.pipeline import listen
from tests.support.servers import Server, eventually, frame, send, serving

SPIN = "while True: pass"
PICTURE: Image = np.zeros((90, 160, 3), np.uint8)


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


@contextmanager
def working(code: str) -> Iterator[psutil.Process]:
    with subprocess.Popen([sys.executable, "-c", code]) as process:
        try:
            yield psutil.Process(process.pid)
        finally:
            process.kill()


@pytest.mark.parametrize("name", QUEUES)
def test_every_frame_reaches_an_idle_consumer(name: str) -> None:
    passage = measure(QUEUES[name](), PICTURE, put_fps=30, seconds=1, taking_s=0)
    assert len(passage.put_ms) == 30
    assert len(passage.hand_over_ms) >= 20  # on a machine that is full some are overwritten
    assert passage.refused_count == 0
    assert min(passage.hand_over_ms) > 0


def test_frames_are_overwritten_while_the_consumer_is_busy() -> None:
    passage = measure(QUEUES[LATEST_PROCESSES](), PICTURE, put_fps=30, seconds=1, taking_s=0.3)
    assert 2 <= len(passage.hand_over_ms) <= 6
    assert passage.overwritten_count >= 15


def test_the_plain_queue_refuses_what_comes_faster_than_it_pickles() -> None:
    large: Image = np.zeros((1080, 1920, 3), np.uint8)
    passage = measure(QUEUES[PLAIN](), large, put_fps=200, seconds=0.5, taking_s=0.2)
    assert passage.refused_count > 0
    assert passage.put_count + passage.refused_count == len(passage.put_ms) == 100


def test_the_plain_queue_gives_the_newest_frame() -> None:
    queue = PlainQueue()
    for number in (1, 2):
        queue.put(Frame("main", number, 0, PICTURE))
        time.sleep(0.2)  # its feeder thread has yet to write; there is nothing to wait for
    taken = queue.get(5)
    assert taken is not None
    assert (taken.frame_id, queue.overwritten_count, queue.get(0.01)) == (2, 1, None)


def test_the_machine_is_divided_into_the_app_the_measuring_and_all_others() -> None:
    with working(SPIN) as app, working(SPIN):
        before = cpu_times([app])
        time.sleep(1)
        load = load_between(before, cpu_times([app]))
    assert 0.1 < load.by_pid[app.pid] < 1.2
    assert load.surroundings.measuring_cpu < 0.3
    # The second one is not ours to know; it had about as much as the first.
    assert load.surroundings.others > 0.3 * load.by_pid[app.pid] / (os.cpu_count() or 1)


def test_a_process_that_ends_while_it_is_measured_is_an_error() -> None:
    with working(SPIN) as app:
        cpu_times([app])
    with pytest.raises(MeasuringError, match="ended while it was measured"):
        cpu_times([app])


def test_cpu_is_told_by_role_where_each_has_a_process() -> None:
    def sight(*pids: int) -> Sight:
        roles = dict(zip(("server", "provider", "processor"), ({"pid": float(pid)} for pid in pids), strict=True))
        return Sight(stats=[{"roles": roles}])

    cores = {1: 0.1, 2: 0.2, 3: 0.3, 4: 0.4}
    apart = by_role(cores, sight(2, 3, 4))
    assert apart == {"parent": 0.1, "server": 0.2, "provider": 0.3, "processor": 0.4}
    assert by_role({1: 0.5}, sight(1, 1, 1)) == {"all roles": 0.5}


async def test_a_viewer_notes_intervals_ages_results_and_statistics(server: Server) -> None:
    async with server.role() as role, Viewer(f"ws://127.0.0.1:{server.port}/ws/ui") as viewer:

        async def play() -> None:
            for number in range(1, 60):
                await role.send(frame(number))
                found = Detections(
                    camera="main",
                    frame_id=number,
                    captured_at=time.time(),
                    inference_ms=7,
                    processing_ms=8,
                    detections=(),
                )
                await send(role, found)
                await asyncio.sleep(0.05)

        await send(role, MetricsReport(role="provider", pid=1, duration_s=1, counts={"queued": 3}))
        playing = asyncio.create_task(play())
        await viewer.first_frame()
        await viewer.first_result()
        assert (await viewer.stats_of("provider"))["pid"] == 1
        sight = await viewer.observe(1)
        playing.cancel()
    assert 1 <= sight.seconds < 2
    assert 8 < sight.ui_fps < 21
    assert len(sight.frame_age_ms) == len(sight.interval_ms)
    assert all(0 < age < 1000 for age in sight.frame_age_ms)
    assert set(sight.inference_ms) == {7}
    assert set(sight.processing_ms) == {8}
    assert sight.stats[0]["counters"]["queued"] == 3


async def test_a_stream_that_stands_still_counts_as_one_long_interval(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmark.measure.viewer.PATIENCE_S", 0.5)
    async with server.role() as role, Viewer(f"ws://127.0.0.1:{server.port}/ws/ui") as viewer:
        observing = asyncio.create_task(viewer.observe(0.5))
        for number in (1, 2, 3):
            await role.send(frame(number))
            await asyncio.sleep(0.1)
        sight = await observing
    assert sight.interval_ms[-1] > 700
    assert sight.ui_fps < 3


async def test_an_app_that_sends_nothing_is_an_error(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmark.measure.viewer.PATIENCE_S", 0.2)
    async with Viewer(f"ws://127.0.0.1:{server.port}/ws/ui") as viewer:
        with pytest.raises(MeasuringError, match="did not send a frame"):
            await viewer.first_frame()


async def test_an_app_that_is_gone_is_an_error() -> None:
    with listen("127.0.0.1", 0) as gone:
        port = gone.getsockname()[1]
    with pytest.raises(MeasuringError, match="does not answer"):
        async with Viewer(f"ws://127.0.0.1:{port}/ws/ui"):
            pass


def test_a_stalled_viewer_counts_as_a_viewer(server: Server) -> None:
    with asyncio.run(stall(f"ws://127.0.0.1:{server.port}/ws/ui")):
        eventually(lambda: b'"viewers":1' in server.ask("/api/stats").body, "the stalled viewer is counted")


def test_an_app_that_cannot_start_is_an_error(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(MeasuringError, match="did not start"), RunningApp("--source", "nowhere.mp4"):
        pass
    assert "nowhere.mp4" in capfd.readouterr().err


def test_a_process_that_says_nothing_is_not_waited_for() -> None:
    code = "import time; time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as silent:
        assert next_line(silent, 0.2) == ""
        silent.kill()


def test_a_median_is_not_moved_by_one_slow_round() -> None:
    pauses = iter([0.3, *[0.001] * 8])
    assert limits.median_ms(lambda: time.sleep(next(pauses)), rounds=9) < 100


async def test_the_echo_goes_there_and_back() -> None:
    assert 0 < await limits.echo_ms(rounds=20) < 1000


def test_the_environment_names_the_machine_and_the_gil() -> None:
    environment = look_around()
    assert environment.cpu
    assert environment.python.startswith("CPython 3.")
    assert environment.packages["numpy"] == np.__version__
    if not hasattr(sys, "_is_gil_enabled"):
        assert set(environment.gil.values()) == {True}


def test_a_free_threaded_build_is_asked_after_the_imports(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def answer(command: list[str], **_: object) -> SimpleNamespace:
        asked.append(command[-1])
        return SimpleNamespace(stdout="False\n" if "common.server.app" in command[-1] else "True\n")

    monkeypatch.setattr("sysconfig.get_config_var", lambda name: 1)
    monkeypatch.setattr("subprocess.run", answer)
    gil = look_around().gil
    assert gil == {"server": False, "provider": True, "processor": True, "all in one process": False}
    assert all(code.startswith("import sys, common.") for code in asked)
