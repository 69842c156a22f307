"""Limits of the machine: file descriptors, /dev/shm, disk, memory, cores, and a clock that is set back."""

import mmap
import resource
import shutil
import signal
import socket
import subprocess
import sys
from contextlib import ExitStack

import psutil
import pytest

from tests.support.apps import IMPLEMENTATIONS, PATIENCE_S, ROOT, ViewerClient, running, viewing
from tests.support.videos import MjpegCamera

ROOM = 0.2  # of a rate

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the limits of another process are its own")


@linux_only
async def test_app_without_free_file_descriptors_serves_connected_viewers_and_later_new_ones(
    small: tuple[str, ...],
) -> None:
    with running("--impl", "threading", *small) as app:  # all roles share the limit of one process
        app.wait_until_ready()
        server = app.role("server")
        async with viewing(app) as viewer:
            await viewer.until(lambda viewer: len(viewer.frames) > 5)
            before = resource.prlimit(server.pid, resource.RLIMIT_NOFILE)
            resource.prlimit(server.pid, resource.RLIMIT_NOFILE, (server.num_fds() + 2, before[1]))
            with ExitStack() as stack:
                for _ in range(20):
                    stack.enter_context(socket.create_connection(("127.0.0.1", app.port)))
                await viewer.window(3, has_frames)
            resource.prlimit(server.pid, resource.RLIMIT_NOFILE, before)
            viewer.clear()
            await viewer.until(lambda viewer: len(viewer.messages_of("stats")) > 2 and "server" in roles_of(viewer))
            async with viewing(app) as late:
                await late.until(lambda late: len(late.frames) > 5)
        assert len(app.stderr.splitlines()) < 60


IN_FULL_SHM = f"mount -t tmpfs -o size=4k none /dev/shm && exec {sys.executable} main.py --port 0"


@pytest.mark.skipif(
    shutil.which("unshare") is None
    or subprocess.run(["unshare", "-m", "true"], check=False, stderr=subprocess.DEVNULL).returncode != 0,
    reason="mounting a file system is not permitted",
)
def test_dev_shm_that_is_too_small_is_reported_at_startup_with_both_sizes(small: tuple[str, ...]) -> None:
    ended = subprocess.run(
        ["unshare", "-m", "sh", "-c", f'{IN_FULL_SHM} "$@"', "sh", *small],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert ended.returncode == 2
    assert ended.stderr.startswith("error: the latest queue cannot be made: No space left on device; /dev/shm has ")
    assert ended.stderr.endswith(f" bytes free of {3 * mmap.PAGESIZE:,} that are needed\n")


def has_frames(viewer: ViewerClient) -> bool:
    """Return whether the video goes on, on a machine with other work."""
    return viewer.frame_rate() > 15 / 2


def roles_of(viewer: ViewerClient) -> set[str]:
    """Return the roles in the latest statistics."""
    return set(viewer.messages_of("stats")[-1]["roles"])


def test_full_disk_affects_only_the_log(small: tuple[str, ...]) -> None:
    with running(*small, within=("sh", "-c", 'exec "$@" 2>/dev/full', "sh")) as app:
        app.wait_until_ready()
        processor = app.role("processor")
        processor.kill()  # which is logged
        app.until(lambda: app.role("processor") != processor, "another processor")
        app.wait_until_ready()


def limit_memory(process: psutil.Process) -> None:
    """Let the process allocate no more memory.

    RLIMIT_AS alone is not sufficient: address space that malloc has reserved for the arena of a thread counts from the
    start, and its use does not. RLIMIT_DATA counts memory when it becomes writable (setrlimit(2)).
    """
    memory = process.memory_info()
    resource.prlimit(process.pid, resource.RLIMIT_AS, (memory.vms,) * 2)
    resource.prlimit(process.pid, resource.RLIMIT_DATA, (memory.data,) * 2)


@linux_only
async def test_processor_without_memory_is_replaced_while_the_video_continues(small: tuple[str, ...]) -> None:
    with MjpegCamera(fps=15) as camera, running("--source", camera.url, *small[2:]) as app:
        app.wait_until_ready()
        processor = app.role("processor")
        async with viewing(app) as viewer:
            limit_memory(processor)
            camera.stop()
            camera.size = (2560, 1440)  # a copy of 11 MB does not fit into what the processor has
            camera.start()
            await viewer.until(lambda viewer: viewer.has_status("processor", "restarting"))
            await viewer.until(lambda viewer: viewer.has_status("processor", "ok"))
            await viewer.window(3, has_frames)
        assert app.role("processor") != processor
        app.wait_until_ready()


@linux_only
def test_app_in_threads_without_memory_ends_with_code_1_and_the_reason(small: tuple[str, ...]) -> None:
    with running("--impl", "threading", *small) as app:
        app.wait_until_ready()
        exhaust_memory(app.process.pid)
        assert app.process.wait(PATIENCE_S) == 1
        app.ended = True
        lines = app.stderr.splitlines()
        assert lines[-1].endswith("CRITICAL out of memory (see ulimit -v and -d): the process ends")
        assert len(lines) < 200


@linux_only
def test_server_process_without_memory_is_replaced(small: tuple[str, ...]) -> None:
    with running(*small) as app:
        app.wait_until_ready()
        server = app.role("server")
        exhaust_memory(server.pid)
        server.wait(PATIENCE_S)
        app.wait_until_ready()


def exhaust_memory(pid: int) -> None:
    """Let every further mapping of a process fail, whatever malloc has in reserve (setrlimit(2), RLIMIT_DATA)."""
    resource.prlimit(pid, resource.RLIMIT_DATA, (1, 1))


ON_ONE_CORE = """
import os
import sys
import main

os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
sys.exit(main.main(sys.argv[1:]))
"""


@pytest.mark.alone
@linux_only
@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
async def test_one_core_is_enough(implementation: str) -> None:
    with running("--impl", implementation, program=("-c", ON_ONE_CORE)) as app:
        app.wait_until_ready()
        async with viewing(app) as viewer:
            await viewer.until(lambda viewer: len(viewer.messages_of("detections")) > 5)
            await viewer.window(
                4, lambda viewer: (viewer.frame_rate(), viewer.detection_rate()) == pytest.approx((15, 5), rel=ROOM)
            )


SET_BACK = """
import signal
import sys
import time
import main

on_time = time.time
signal.signal(signal.SIGUSR1, lambda *_: setattr(time, "time", lambda: on_time() - 3600))
sys.exit(main.main(sys.argv[1:]))
"""


async def test_a_clock_that_is_set_back_an_hour_stops_neither_video_nor_detections(small: tuple[str, ...]) -> None:
    with running("--impl", "threading", *small, program=("-c", SET_BACK)) as app:
        async with viewing(app) as viewer:
            await viewer.until(lambda viewer: bool(viewer.frames))
            begun = viewer.frames[0].header["captured_at"]
            app.process.send_signal(signal.SIGUSR1)
            await viewer.until(lambda viewer: viewer.frames[-1].header["captured_at"] < begun - 3000)
            await viewer.window(3, lambda viewer: has_frames(viewer) and viewer.detection_rate() > 5 / 2)
            await viewer.until(lambda viewer: bool(viewer.messages_of("stats")))
    ids = [frame.header["frame_id"] for frame in viewer.frames]
    assert ids == sorted(set(ids))
