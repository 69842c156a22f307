"""The measuring instruments of the benchmark, with real queues, servers and processes."""

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
from benchmark.measure import baseline
from benchmark.measure.app import RunningApp, next_line
from benchmark.measure.cpu_usage import cpu_times, usage_between
from benchmark.measure.environment import read_environment
from benchmark.measure.plain_queue import PlainQueue
from benchmark.measure.queue_timing import LATEST_PROCESSES, PLAIN, QUEUES, measure_queue
from benchmark.measure.viewer import Observation, ViewerProbe, connect_without_reading
from benchmark.suites.pipeline import cpu_by_role
from common.frames import Frame, Image
from common.messaging.messages import Detections
from common.messaging.report import MetricsReport
from common.server.listen import listen
from tests.support.servers import Server, frame, send, serving
from tests.support.waiting import wait_until

SPIN = "while True: pass"
IMAGE: Image = np.zeros((90, 160, 3), np.uint8)


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


@contextmanager
def run_code(code: str) -> Iterator[psutil.Process]:
    with subprocess.Popen([sys.executable, "-c", code]) as process:
        try:
            yield psutil.Process(process.pid)
        finally:
            process.kill()


@pytest.mark.parametrize("name", QUEUES)
def test_every_frame_reaches_an_idle_consumer(name: str) -> None:
    times = measure_queue(QUEUES[name](), IMAGE, put_fps=30, seconds=1, busy_s=0)
    assert len(times.put_ms) == 30
    assert len(times.hand_over_ms) >= 15  # some are overwritten on a busy machine
    assert times.refused_count <= 3  # the plain queue is full while the consumer does not run
    assert min(times.hand_over_ms) > 0


def test_frames_are_overwritten_while_the_consumer_is_busy() -> None:
    times = measure_queue(QUEUES[LATEST_PROCESSES](), IMAGE, put_fps=30, seconds=1, busy_s=0.3)
    assert 2 <= len(times.hand_over_ms) <= 6
    assert times.overwritten_count >= 15


def test_the_plain_queue_refuses_frames_that_are_put_faster_than_it_pickles() -> None:
    large: Image = np.zeros((1080, 1920, 3), np.uint8)
    times = measure_queue(QUEUES[PLAIN](), large, put_fps=200, seconds=0.5, busy_s=0.2)
    assert times.refused_count > 0
    assert times.put_count + times.refused_count == len(times.put_ms) == 100


def test_the_plain_queue_returns_the_newest_frame() -> None:
    queue = PlainQueue()
    for number in (1, 2):
        queue.put(Frame("main", number, 0, IMAGE))
        time.sleep(0.2)  # for its feeder thread to write, which cannot be observed
    received = queue.get(5)
    assert received is not None
    assert (received.frame_id, queue.overwritten_count, queue.get(0.01)) == (2, 1, None)


def test_cpu_usage_is_attributed_to_the_app_the_benchmark_and_other_programs() -> None:
    with run_code(SPIN) as app, run_code(SPIN):
        before = cpu_times([app])
        time.sleep(1)
        usage = usage_between(before, cpu_times([app]))
    assert 0.1 < usage.by_pid[app.pid] < 1.2
    assert usage.background.measuring_cpu < 0.3
    # The second process, which used about as much as the first, counts as another program.
    assert usage.background.others > 0.3 * usage.by_pid[app.pid] / (os.cpu_count() or 1)


def test_a_process_that_ends_while_it_is_measured_is_an_error() -> None:
    with run_code(SPIN) as app:
        cpu_times([app])
    with pytest.raises(MeasuringError, match="ended while it was measured"):
        cpu_times([app])


def test_cpu_is_attributed_to_roles_that_have_a_process_each() -> None:
    def observation(*pids: int) -> Observation:
        roles = dict(zip(("server", "provider", "processor"), ({"pid": float(pid)} for pid in pids), strict=True))
        return Observation(stats=[{"roles": roles}])

    cores = {1: 0.1, 2: 0.2, 3: 0.3, 4: 0.4}
    by_role = cpu_by_role(cores, observation(2, 3, 4))
    assert by_role == {"parent": 0.1, "server": 0.2, "provider": 0.3, "processor": 0.4}
    assert cpu_by_role({1: 0.5}, observation(1, 1, 1)) == {"all roles": 0.5}


async def test_a_viewer_records_intervals_ages_results_and_statistics(server: Server) -> None:
    async with server.role() as role, ViewerProbe(f"ws://127.0.0.1:{server.port}/ws/ui") as viewer:

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
        observed = await viewer.observe(1)
        playing.cancel()
    assert observed.seconds >= 1
    assert 2 < observed.ui_fps < 21
    assert len(observed.frame_age_ms) == len(observed.interval_ms)
    assert all(0 < age < 10_000 for age in observed.frame_age_ms)
    assert set(observed.inference_ms) == {7}
    assert set(observed.processing_ms) == {8}
    assert observed.stats[0]["counters"]["queued"] == 3


async def test_a_stream_that_stops_is_recorded_as_one_long_interval(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmark.measure.viewer.TIMEOUT_S", 0.5)
    async with server.role() as role, ViewerProbe(f"ws://127.0.0.1:{server.port}/ws/ui") as viewer:
        observing = asyncio.create_task(viewer.observe(0.5))
        for number in (1, 2, 3):
            await role.send(frame(number))
            await asyncio.sleep(0.1)
        observed = await observing
    assert observed.interval_ms[-1] > 700
    assert observed.ui_fps < 3


async def test_an_app_that_sends_nothing_is_an_error(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmark.measure.viewer.TIMEOUT_S", 0.2)
    async with ViewerProbe(f"ws://127.0.0.1:{server.port}/ws/ui") as viewer:
        with pytest.raises(MeasuringError, match="did not send a frame"):
            await viewer.first_frame()


async def test_an_app_that_has_ended_is_an_error() -> None:
    with listen("127.0.0.1", 0) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(MeasuringError, match="does not answer"):
        async with ViewerProbe(f"ws://127.0.0.1:{port}/ws/ui"):
            pass


def test_a_viewer_that_never_reads_counts_as_a_viewer(server: Server) -> None:
    with asyncio.run(connect_without_reading(f"ws://127.0.0.1:{server.port}/ws/ui")):
        wait_until(lambda: b'"viewers":1' in server.ask("/api/stats").body, "the viewer is counted")


def test_an_app_that_cannot_start_is_an_error(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(MeasuringError, match="did not start"), RunningApp("--source", "nowhere.mp4"):
        pass
    assert "nowhere.mp4" in capfd.readouterr().err


def test_waiting_for_a_line_of_output_ends_after_the_timeout() -> None:
    code = "import time; time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as silent:
        assert next_line(silent, 0.2) == ""
        silent.kill()


def test_one_slow_repetition_does_not_affect_the_median() -> None:
    pauses = iter([0.3, *[0.001] * 8])
    assert baseline.median_ms(lambda: time.sleep(next(pauses)), rounds=9) < 100


async def test_the_round_trip_of_a_message_is_measured() -> None:
    assert 0 < await baseline.time_echo(rounds=20) < 1000


def test_the_environment_states_machine_versions_and_gil() -> None:
    environment = read_environment()
    assert environment.cpu
    assert environment.python.startswith("CPython 3.")
    assert environment.packages["numpy"] == np.__version__
    if not hasattr(sys, "_is_gil_enabled"):
        assert set(environment.gil.values()) == {True}


def test_on_a_free_threaded_build_the_gil_is_read_after_the_imports(monkeypatch: pytest.MonkeyPatch) -> None:
    executed = []

    def run(command: list[str], **_: object) -> SimpleNamespace:
        executed.append(command[-1])
        return SimpleNamespace(stdout="False\n" if "common.server.app" in command[-1] else "True\n")

    monkeypatch.setattr("sysconfig.get_config_var", lambda name: 1)
    monkeypatch.setattr("subprocess.run", run)
    gil = read_environment().gil
    assert gil == {"server": False, "provider": True, "processor": True, "all in one process": False}
    assert all(code.startswith("import sys, common.") for code in executed)
