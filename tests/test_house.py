"""Rules that neither ruff nor import-linter can check, and tests that the import contracts are effective."""

import ast
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from itertools import combinations
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
IMPLEMENTATIONS = ("threading_impl", "multiprocessing_impl", "zenoh_impl")
ENTRIES = ("main.py", "compare.py")
APP_PACKAGES = ("common", *IMPLEMENTATIONS)
FOLDERS = (*APP_PACKAGES, "benchmark", "models", "tests")
MAX_LINES = 300
MAY_NAME_IMPLEMENTATIONS = (*ENTRIES, "benchmark/", "tests/")
MAY_BE_IMPORTED_BY_ENTRIES = {"compare", "pydantic", *APP_PACKAGES}


def python_files(root: Path, *folders: str) -> Iterator[tuple[str, str]]:
    """Yield the path from `root` and the text of each Python file, of all folders or of `folders` only."""
    files = [] if folders else sorted(root.glob("*.py"))
    for folder in folders or FOLDERS:
        files += sorted((root / folder).rglob("*.py"))
    for file in files:
        yield file.relative_to(root).as_posix(), file.read_text(encoding="utf-8")


def public_names(text: str) -> list[str]:
    """Return the public classes, functions and methods of a module, in order."""
    names = []
    for node in ast.parse(text).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_"):
            names.append(node.name)
            if isinstance(node, ast.ClassDef):
                methods = [each.name for each in node.body if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)]
                names += [f"{node.name}.{method}" for method in methods if not method.startswith("_")]
    return names


def entries_import_no_wrapped_package(root: Path) -> list[str]:
    """The entries are single modules, which import-linter does not accept as root packages."""
    faults = []
    for name, text in python_files(root):
        if name not in ENTRIES:
            continue
        for node in ast.walk(ast.parse(text)):
            match node:
                case ast.Import(names=aliases):
                    modules = [alias.name for alias in aliases]
                case ast.ImportFrom(module=str(module)):
                    modules = [module]
                case _:
                    continue
            packages = {module.partition(".")[0] for module in modules}
            not_allowed = packages - sys.stdlib_module_names - MAY_BE_IMPORTED_BY_ENTRIES
            faults += [f"{name} imports {package}" for package in sorted(not_allowed)]
    return faults


def only_entries_name_an_implementation(root: Path) -> list[str]:
    """Find string constants that `import_module` accepts: import-linter finds import statements only."""
    faults = []
    for name, text in python_files(root):
        strings = {node.value for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Constant)}
        for implementation in IMPLEMENTATIONS:
            if implementation in strings and not name.startswith((*MAY_NAME_IMPLEMENTATIONS, f"{implementation}/")):
                faults.append(f"{name} names {implementation}")
    return faults


def implementations_are_twins(root: Path) -> list[str]:
    """Files that two implementations have define the same public names in the same order."""
    names = [
        {name.partition("/")[2]: public_names(text) for name, text in python_files(root, folder)}
        for folder in IMPLEMENTATIONS
    ]
    return [
        f"{name}: {first[name]} and {second[name]}"
        for first, second in combinations(names, 2)
        for name in sorted(first.keys() & second.keys())
        if first[name] != second[name]
    ]


def files_are_short(root: Path) -> list[str]:
    return [
        f"{name} has {len(text.splitlines())} lines"
        for name, text in python_files(root)
        if not name.startswith("tests/") and len(text.splitlines()) > MAX_LINES
    ]


def files_begin_with_a_sentence(root: Path) -> list[str]:
    faults = []
    for name, text in python_files(root):
        first_line = (ast.get_docstring(ast.parse(text)) or "").partition("\n")[0]
        is_one_sentence = re.fullmatch(r"(?:(?![.!?] [A-Z]).)+[.!?]", first_line)
        if text and not is_one_sentence:
            faults.append(f"{name} begins with {first_line!r}")
    return faults


def nothing_is_left_for_later(root: Path) -> list[str]:
    return [
        f"{name} contains {word}"
        for name, text in python_files(root)
        if not name.startswith("tests/")
        for word in sorted(set(re.findall(r"\b(?:TODO|FIXME|XXX|NotImplementedError)\b", text)))
    ]


Rule = Callable[[Path], list[str]]
RULES: list[Rule] = [
    entries_import_no_wrapped_package,
    only_entries_name_an_implementation,
    implementations_are_twins,
    files_are_short,
    files_begin_with_a_sentence,
    nothing_is_left_for_later,
]
WORKER, TWIN = "threading_impl/worker.py", "multiprocessing_impl/worker.py"
CLASS = "class Worker:\n    def start(self): ...\n    def join(self): ...\n"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_code_base_follows_the_rule(rule: Rule) -> None:
    assert rule(ROOT) == []


def test_the_rules_read_every_folder() -> None:
    read = [name for name, _ in python_files(ROOT)]
    assert {*ENTRIES, "common/errors.py", WORKER, TWIN, "tests/test_house.py"} <= set(read)


@pytest.mark.parametrize(
    ("rule", "files", "fault"),
    [
        (entries_import_no_wrapped_package, {"main.py": "from aiohttp import web"}, "main.py imports aiohttp"),
        (entries_import_no_wrapped_package, {"compare.py": "import cv2.dnn"}, "compare.py imports cv2"),
        (
            only_entries_name_an_implementation,
            {"common/a.py": "import_module('threading_impl')"},
            "common/a.py names threading_impl",
        ),
        (
            only_entries_name_an_implementation,
            {WORKER: "import_module('multiprocessing_impl')"},
            f"{WORKER} names multiprocessing_impl",
        ),
        (
            implementations_are_twins,
            {WORKER: "def a(): ...\ndef b(): ...", TWIN: "def b(): ...\ndef a(): ..."},
            "worker.py: ['a', 'b'] and ['b', 'a']",
        ),
        (
            implementations_are_twins,
            {WORKER: CLASS, TWIN: CLASS.replace("start", "run")},
            "worker.py: ['Worker', 'Worker.start', 'Worker.join'] and ['Worker', 'Worker.run', 'Worker.join']",
        ),
        (files_are_short, {"main.py": "\n" * 301}, "main.py has 301 lines"),
        (files_begin_with_a_sentence, {"main.py": "import os"}, "main.py begins with ''"),
        (files_begin_with_a_sentence, {"main.py": '"""The entry"""'}, "main.py begins with 'The entry'"),
        (files_begin_with_a_sentence, {"main.py": '"""One. Two."""'}, "main.py begins with 'One. Two.'"),
        (nothing_is_left_for_later, {"main.py": "# TODO: more"}, "main.py contains TODO"),
        (nothing_is_left_for_later, {"main.py": "raise NotImplementedError"}, "main.py contains NotImplementedError"),
    ],
)
def test_a_rule_finds_a_violation(rule: Rule, files: dict[str, str], fault: str, tmp_path: Path) -> None:
    write(tmp_path, files)
    assert fault in rule(tmp_path)


def test_allowed_code_is_not_reported(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "main.py": '"""The entry."""\nimport compare\nfrom threading_impl import RUNTIME',
            "compare.py": '"""Both implementations."""\nimport socket\nfrom pydantic import SecretStr',
            "common/detection/session.py": '"""A session: Tiny YOLO, v3."""\nimport onnxruntime\nimport queue_tools',
            "models/training/make.py": '"""Training."""\nimport cv2',
            WORKER: '"""A worker."""\nimport queue\nfrom .latest_queue import LatestQueue\n' + CLASS,
            TWIN: '"""Another."""\nimport multiprocessing\n' + CLASS + "    def _own(self): ...\n",
            "multiprocessing_impl/shared_frames.py": '"""A file without a twin."""\ndef share(): ...\n',
        },
    )
    assert [fault for rule in RULES for fault in rule(tmp_path)] == []


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


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
