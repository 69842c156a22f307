"""The environment of a benchmark: machine, Python and its GIL, package versions, thread counts."""

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
# On a free-threaded build, importing an extension module that does not support it enables the GIL ("Python support for
# free threading" in the Python HOWTOs). With threads, one process imports the modules of all roles.
ROLE_MODULES = {
    "server": ["common.server.app"],
    "provider": ["common.capture.role"],
    "processor": ["common.detection.role"],
    "all in one process": ["common.server.app", "common.capture.role", "common.detection.role"],
}
PRINT_GIL = "import sys, {}; print(sys._is_gil_enabled())"
IMPORT_S = 60.0


def read_environment() -> Environment:
    """Return the environment of an app started by this interpreter."""
    return Environment(
        cpu=_cpu_name(),
        cores=os.cpu_count() or 1,
        usable_cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        memory_mb=round(psutil.virtual_memory().total / 2**20),
        system=f"{platform.system()} {platform.release()} {platform.machine()}",
        python=f"{platform.python_implementation()} {platform.python_version()}",
        gil={role: _gil_is_enabled(modules) for role, modules in ROLE_MODULES.items()},
        switch_interval_ms=1000 * sys.getswitchinterval(),
        packages={package: _version(package) for package in PACKAGES},
        threads={"onnxruntime": inference_threads(), "OpenCV": 1},  # OpenCV: as provider and processor set it
    )


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown (another build)"  # e.g. opencv-python in place of opencv-python-headless


def _gil_is_enabled(modules: list[str]) -> bool:
    """Return whether the GIL is enabled after these imports; on a free-threaded build, by a new interpreter."""
    if not sysconfig.get_config_var("Py_GIL_DISABLED"):
        return True
    command = [sys.executable, "-c", PRINT_GIL.format(", ".join(modules))]
    printed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True, timeout=IMPORT_S)
    return printed.stdout.strip() == "True"


def _cpu_name() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists() and (name := re.search(r"^model name\s*: (.+)$", cpuinfo.read_text(), re.MULTILINE)):
        return name[1]
    return platform.processor() or platform.machine()
