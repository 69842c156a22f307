"""Rules that neither ruff nor import-linter can check."""

import ast
import re
import sys
from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import pytest

from tests.support.code_base import APP_PACKAGES, IMPLEMENTATIONS, ROOT, python_files, write

ENTRIES = ("main.py", "compare.py")
MAX_LINES = 300
MAY_NAME_IMPLEMENTATIONS = (*ENTRIES, "benchmark/", "tests/")
MAY_BE_IMPORTED_BY_ENTRIES = {"compare", "pydantic", *APP_PACKAGES}


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
        if len(text.splitlines()) > MAX_LINES
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


def no_test_module_imports_another(root: Path) -> list[str]:
    return [
        f"{name} imports {module}"
        for name, text in python_files(root, "tests")
        for module in re.findall(r"^from (tests\.\S*\btest_\w+) import", text, re.MULTILINE)
    ]


Rule = Callable[[Path], list[str]]
RULES: list[Rule] = [
    entries_import_no_wrapped_package,
    only_entries_name_an_implementation,
    implementations_are_twins,
    files_are_short,
    files_begin_with_a_sentence,
    nothing_is_left_for_later,
    no_test_module_imports_another,
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
        (files_are_short, {"tests/test_main.py": "\n" * 301}, "tests/test_main.py has 301 lines"),
        (files_begin_with_a_sentence, {"main.py": "import os"}, "main.py begins with ''"),
        (files_begin_with_a_sentence, {"main.py": '"""The entry"""'}, "main.py begins with 'The entry'"),
        (files_begin_with_a_sentence, {"main.py": '"""One. Two."""'}, "main.py begins with 'One. Two.'"),
        (nothing_is_left_for_later, {"main.py": "# TODO: more"}, "main.py contains TODO"),
        (nothing_is_left_for_later, {"main.py": "raise NotImplementedError"}, "main.py contains NotImplementedError"),
        (
            no_test_module_imports_another,
            {"tests/test_a.py": "from tests.server.test_b import wait"},
            "tests/test_a.py imports tests.server.test_b",
        ),
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
