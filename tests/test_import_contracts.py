"""Tests that the import contracts of pyproject.toml hold, and that each of them is effective."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.support.code_base import ROOT, python_files, write

# Each contract is violated once or more in a copy of the code, by a module that is added or extended. The import that
# import-linter must report is given in its notation.
VIOLATIONS = [
    ("Layers", "common/pacing.py", "import benchmark.errors", "common.pacing -> benchmark.errors"),
    ("Layers", "common/text.py", "import tests.support", "common.text -> tests.support"),
    ("Layers", "threading_impl/planted.py", "import models.training.evaluate", "models.training.evaluate"),
    (
        "Importers of the implementations",
        "common/frames.py",
        "import threading_impl",
        "common.frames -> threading_impl",
    ),
    (
        "Importers of the implementations",
        "threading_impl/planted.py",
        "from multiprocessing_impl import worker",
        "threading_impl.planted -> multiprocessing_impl",
    ),
    (
        "Implementations import no role",
        "multiprocessing_impl/planted.py",
        "from common import server",
        "multiprocessing_impl.planted -> common.server",
    ),
    ("Rooms of common", "common/errors.py", "import common.config", "common.errors -> common.config"),
    ("Rooms of common", "common/capture/planted.py", "import common.server", "common.capture.planted -> common.server"),
    (
        "Rooms of common",
        "common/messaging/planted.py",
        "import common.config",
        "common.messaging.planted -> common.con",
    ),
    ("Rooms of common", "common/planted.py", "", "common.planted"),
    (
        "Rooms of the benchmark",
        "benchmark/results.py",
        "import benchmark.report",
        "benchmark.results -> benchmark.report",
    ),
    ("Rooms of the training", "models/training/scene/planted.py", "import models.training.detector", "scene.planted"),
    ("No cycles", "common/server/planted.py", "import common.server.planted_too", ".planted"),
    ("No cycles", "common/server/planted_too.py", "import common.server.planted", ".planted_too"),
    ("Processes, queues, signals", "common/pacing.py", "def f():\n    import queue", "common.pacing -> queue"),
    ("Processes, queues, signals", "common/text.py", "import multiprocessing.pool", "common.text -> multiprocessing"),
    ("Processes, queues, signals", "common/frames.py", "from signal import SIGINT", "common.frames -> signal"),
    ("Model runtime", "common/frames.py", "import onnxruntime as ort", "common.frames -> onnxruntime"),
    ("Websocket client", "common/server/planted.py", "import websockets.sync.client", "server.planted -> websockets"),
    ("Zenoh", "common/messaging/planted_too.py", "import zenoh", "common.messaging.planted_too -> zenoh"),
    ("Web server", "common/capture/planted.py", "from aiohttp import web", "common.capture.planted -> aiohttp"),
    ("Certificates", "common/server/planted.py", "from cryptography import x509", "server.planted -> cryptography"),
    ("Command line", "threading_impl/planted.py", "import argparse", "threading_impl.planted -> argparse"),
    ("OpenCV", "common/server/planted.py", "import cv2", "common.server.planted -> cv2"),
]


def contract_names() -> list[str]:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    return [contract["name"] for contract in contracts]


def lint_imports(root: Path) -> subprocess.CompletedProcess[str]:
    """Run import-linter as `make check` does."""
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-logo", "--no-cache"]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture(scope="module")
def report_of_violations(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the report of import-linter for a copy of the code with every violation in it."""
    root = tmp_path_factory.mktemp("copy")
    shutil.copy(ROOT / "pyproject.toml", root)
    write(root, dict(python_files(ROOT)))
    for _, name, code, _ in VIOLATIONS:
        with (root / name).open("a", encoding="utf-8") as file:
            file.write(f"\n{code}\n")
    checked = lint_imports(root)
    assert checked.returncode == 1, checked.stderr
    return " ".join(checked.stdout.split())


def test_the_code_base_keeps_the_import_contracts() -> None:
    checked = lint_imports(ROOT)
    assert checked.returncode == 0, checked.stdout


@pytest.mark.parametrize("name", contract_names())
def test_every_import_contract_is_effective(name: str, report_of_violations: str) -> None:
    assert f"{name} BROKEN" in report_of_violations
    assert name in {contract for contract, *_ in VIOLATIONS}


@pytest.mark.parametrize(("name", "code", "reported"), [violation[1:] for violation in VIOLATIONS])
def test_a_forbidden_import_is_found(name: str, code: str, reported: str, report_of_violations: str) -> None:
    assert reported in report_of_violations


def test_urllib_request_is_banned_outside_the_http_client() -> None:
    command = [sys.executable, "-m", "ruff", "check", "--select=TID251", "--stdin-filename=common/planted.py", "-"]
    code = "from urllib import request\n"
    checked = subprocess.run(command, cwd=ROOT, input=code, capture_output=True, text=True, timeout=30, check=False)
    assert "common/model_zoo/http_client.py only" in checked.stdout
