"""The RTSP camera of `rtsp_camera.py` in a process of the system's Python, which has the bindings of GStreamer."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SYSTEM_PYTHON = "/usr/bin/python3"
SCRIPT = Path(__file__).with_name("rtsp_camera.py")


@contextmanager
def rtsp_camera(fps: float) -> Iterator[tuple[str, str] | None]:
    """Run the camera, and yield its ports without and with a password; None where GStreamer is not installed."""
    try:
        camera = subprocess.Popen([SYSTEM_PYTHON, SCRIPT, str(fps)], stdout=subprocess.PIPE, text=True)
    except OSError:
        yield None
        return
    with camera:
        assert camera.stdout is not None
        ports = camera.stdout.readline().split()
        try:
            yield (ports[0], ports[1]) if ports else None
        finally:
            camera.kill()
