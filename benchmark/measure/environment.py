"""What the benchmark runs on: the machine, Python and its GIL, the packages, the threads."""

import os
import platform
import re
import subprocess
import sys
import sysconfig
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import psutil

from benchmark.measure.app import ROOT
from benchmark.results import Environment
from common.telemetry.machine import inference_threads

PACKAGES = ("aiohttp", "numpy", "onnxruntime", "opencv-python-headless", "pydantic", "websockets")
# What each role imports, all of which may switch the GIL on again; with threads one process imports all of it.
ROLE_MODULES = {
    "server": ["common.server.app"],
    "provider": ["common.capture.frame_provider"],
    "processor": ["common.detection.frame_processor"],
    "all in one process": ["common.server.app", "common.capture.frame_provider", "common.detection.frame_processor"],
}
ASK_FOR_GIL = "import sys, {}; print(sys._is_gil_enabled())"
ASK_S = 60.0


def look_around() -> Environment:
    """The environment of the app that this Python would start."""
    return Environment(
        cpu=_cpu_name(),
        cores=os.cpu_count() or 1,
        usable_cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        memory_mb=round(psutil.virtual_memory().total / 2**20),
        system=f"{platform.system()} {platform.release()} {platform.machine()}",
        python=f"{platform.python_implementation()} {platform.python_version()}",
        gil={role: _gil_is_on(modules) for role, modules in ROLE_MODULES.items()},
        switch_interval_ms=1000 * sys.getswitchinterval(),
        packages={package: _version(package) for package in PACKAGES},
        # OpenCV: as provider and processor set it.
        threads={"onnxruntime": inference_threads(), "OpenCV": 1},
    )


def _version(package: str) -> str:
    """Another build of it may be there, under another name."""
    try:
        return version(package)
    except PackageNotFoundError:
        return "of another build"


def _gil_is_on(modules: list[str]) -> bool:
    """Whether the GIL is on in a new interpreter after these imports: only a free-threaded build must be asked."""
    if not sysconfig.get_config_var("Py_GIL_DISABLED"):
        return True
    command = [sys.executable, "-c", ASK_FOR_GIL.format(", ".join(modules))]
    asked = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True, timeout=ASK_S)
    return asked.stdout.strip() == "True"


def _cpu_name() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists() and (name := re.search(r"^model name\s*: (.+)$", cpuinfo.read_text(), re.MULTILINE)):
        return name[1]
    return platform.processor() or platform.machine()
