"""The end of a process while a thread of it is in native code."""

import subprocess
import sys

import pytest

PROGRAM = """
import atexit, sys, threading, time
import cv2, numpy
from common.native_threads import end_beside_native_threads, native_thread

class Slow:
    def __del__(self, sleep=time.sleep):
        sleep(0.5)  # the thread returns from C++ while the interpreter is finalized

def work():
    image = numpy.zeros((480, 640, 3), numpy.uint8)
    while running:
        cv2.GaussianBlur(image, (31, 31), 0)
        ready.set()

sys.slow, running, ready = Slow(), True, threading.Event()
atexit.register(print, "exit handler")
thread = native_thread(work, "work")
thread.start()
ready.wait()
if sys.argv[1] == "ended":
    running = False
    thread.join()
end_beside_native_threads(3)
print("goes on")
"""


@pytest.mark.parametrize(
    ("thread", "exit_code", "output"), [("runs", 3, "exit handler\n"), ("ended", 0, "goes on\nexit handler\n")]
)
def test_a_process_ends_with_its_exit_code_and_handlers_while_a_thread_is_in_native_code(
    thread: str, exit_code: int, output: str
) -> None:
    command = [sys.executable, "-u", "-c", PROGRAM, thread]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (exit_code, output, "")
