"""The memory and the semaphores of the latest queue between processes: made, missing, removed."""

import gc
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from multiprocessing_impl import RUNTIME
from tests.support.roles import PATIENCE_S, uniform
from tests.support.waiting import wait_until

ROOT = Path(__file__).parents[2]
proc_only = pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="this system has no /proc")
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows semaphores as files")


@proc_only
def test_the_memory_is_freed_with_the_queue() -> None:
    gc.collect()
    before = frame_memories()
    queue = RUNTIME.latest_queue()
    queue.put(uniform(1))
    assert frame_memories() > before
    del queue
    gc.collect()
    assert frame_memories() == before


@proc_only
def test_pixels_are_in_memory_without_a_name() -> None:
    before = mapped_files()  # other libraries that this process has used may have some
    queue = RUNTIME.latest_queue()
    queue.put(uniform(1))
    assert queue.get(PATIENCE_S) is not None
    added = mapped_files() - before
    assert any("latest-frame (deleted)" in file for file in added)
    assert not [file for file in added if "/dev/shm/" in file and "(deleted)" not in file]


def mapped_files() -> set[str]:
    """Return the files that are mapped into this process: offset, device, inode and path (proc_pid_maps(5))."""
    return {line.split(maxsplit=2)[2] for line in Path("/proc/self/maps").read_text().splitlines()}


@linux_only
def test_semaphores_are_removed_with_the_queue() -> None:
    queue: Any = RUNTIME.latest_queue()
    names = [getattr(queue.tickets._queue, name)._semlock.name for name in ("_rlock", "_wlock", "_sem")]
    assert all(has_semaphore(name) for name in names)
    queue.put(uniform(1))
    del queue
    gc.collect()
    wait_until(lambda: not any(map(has_semaphore, names)))  # the feeder thread of the queue holds them until it ends


@linux_only
def test_semaphores_are_removed_after_their_program_was_killed(tmp_path: Path) -> None:
    script = tmp_path / "program.py"
    script.write_text(NAMING)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, script],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # the resource tracker reports what it removes
        text=True,
    ) as program:
        assert program.stdout is not None
        name = program.stdout.readline().strip()
        assert has_semaphore(name)
        program.kill()
    wait_until(lambda: not has_semaphore(name))


@linux_only
@pytest.mark.parametrize(
    ("limit", "made", "message"),
    [
        ("RLIMIT_NOFILE, (40, 40)", "latest_queue()", "the latest queue cannot be made: Too many open files"),
        ("RLIMIT_NOFILE, (40, 40)", "frame_memory(1)", "bytes for frames cannot be mapped: Too many open files"),
        ("RLIMIT_AS, (2**31, 2**31)", "frame_memory(9)", "bytes for frames cannot be mapped: Cannot allocate memory"),
    ],
    ids=["queues", "memories", "address space"],
)
def test_a_machine_without_enough_is_an_error_that_names_what_is_missing(limit: str, made: str, message: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", EXHAUSTING.format(limit=limit, made=made)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.stdout.endswith(f"{message}\n"), ended.stderr


EXHAUSTING = """
import resource
from common.errors import ResourceError
from multiprocessing_impl import RUNTIME

resource.setrlimit(resource.{limit})
kept = []
try:
    while True:
        kept.append(RUNTIME.{made})
except ResourceError as error:
    print(error)
"""
NAMING = """
import sys
from multiprocessing_impl import RUNTIME

queue = RUNTIME.latest_queue()
print(queue.tickets._queue._sem._semlock.name, flush=True)
sys.stdin.read()
"""


def has_semaphore(name: str) -> bool:
    return Path(f"/dev/shm/sem.{name.removeprefix('/')}").exists()


def frame_memories() -> int:
    """Return the number of open files of this process that are memory for frames."""
    files = []
    for number in os.listdir("/proc/self/fd"):
        try:
            files.append(os.readlink(f"/proc/self/fd/{number}"))
        except FileNotFoundError:
            continue  # the descriptor of this listing
    return sum("latest-frame" in file for file in files)


SCRIPT = """
import sys
from importlib import import_module
from tests.support.roles import echo, uniform

if __name__ == "__main__":
    runtime = import_module(sys.argv[1] + "_impl").RUNTIME
    there, back, stop = runtime.latest_queue(), runtime.latest_queue(), runtime.stop_signal()
    worker = runtime.worker("worker", echo, (there, back, stop))
    worker.start()
    for frame_id in range(50):
        there.put(uniform(frame_id))
        assert back.get(60).frame_id == frame_id
    there.put(uniform(50))
    if sys.argv[2] == "stopping":
        stop.set()
        assert worker.join(60)
    sys.stdout.write("done")
"""


@pytest.mark.parametrize("implementation", ["threading", "multiprocessing"])
@pytest.mark.parametrize("way", ["stopping", "leaving"])
def test_a_program_that_used_the_queue_ends_without_output(implementation: str, way: str, tmp_path: Path) -> None:
    script = tmp_path / "program.py"
    script.write_text(SCRIPT)
    ended = subprocess.run(
        [sys.executable, "-W", "error", script, implementation, way],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "done", "")
