"""The rules of the house: who may import what, twins that stay twins, and files that are one idea each."""

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
IMPLEMENTATIONS = ("threading_impl", "multiprocessing_impl")
FOLDERS = ("common", *IMPLEMENTATIONS, "benchmark", "models", "tests")
MAX_LINES = 300

# Where a package may be imported: files, or folders with a slash at the end. Outside the app itself (tests, what
# measures it from outside, and how its model was made) anything may be.
HOMES = {
    "onnxruntime": ("common/detection/session.py",),
    "websockets": ("common/messaging/publisher.py",),
    "aiohttp": ("common/server/",),
    "urllib.request": ("common/model_zoo/download.py",),
    "argparse": ("common/config/command_line.py",),
    "pydantic_settings": ("common/config/command_line.py",),
    "cv2": (
        "common/detection/formats/contracts.py",  # letterboxes the picture
        "common/capture/opencv_capture.py",  # opens and decodes
        "common/capture/file_source.py",  # asks where in the file it is, and goes there
        "common/capture/live_source.py",  # asks whether a URL is a recording
        "common/capture/frame_provider.py",  # encodes JPEG, and sets OpenCV's threads
        "common/detection/frame_processor.py",  # sets OpenCV's threads
    ),
}
OUTSIDE = ("benchmark/", "models/training/", "tests/")
ONLY_IN_IMPLEMENTATIONS = ("multiprocessing", "queue", "signal")
MAY_NAME_IMPLEMENTATIONS = ("main.py", "compare.py", "benchmark/", "tests/")


def python_files(root: Path, *folders: str) -> Iterator[tuple[str, str]]:
    """Each Python file of the house (or of `folders` in it), as its path from `root` and its text."""
    files = [] if folders else sorted(root.glob("*.py"))
    for folder in folders or FOLDERS:
        files += sorted((root / folder).rglob("*.py"))
    for file in files:
        yield file.relative_to(root).as_posix(), file.read_text(encoding="utf-8")


def imports(name: str, text: str) -> set[str]:
    """Every module that a file imports, anywhere in it, by its full name; `from a import b` counts as a and a.b."""
    found = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = Path(name).parts[: -node.level] if node.level else ()
            module = ".".join((*above, *([node.module] if node.module else [])))
            found |= {module} | {f"{module}.{alias.name}" for alias in node.names}
    return found


def under(module: str, *packages: str) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def public_names(text: str) -> list[str]:
    """The public classes, functions and methods of a file, in their order."""
    names = []
    for node in ast.parse(text).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_"):
            names.append(node.name)
            if isinstance(node, ast.ClassDef):
                methods = [each.name for each in node.body if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)]
                names += [f"{node.name}.{method}" for method in methods if not method.startswith("_")]
    return names


def common_knows_no_implementation(root: Path) -> list[str]:
    return [
        f"{name} imports {module}"
        for name, text in python_files(root, "common")
        for module in sorted(imports(name, text))
        if under(module, *IMPLEMENTATIONS, *ONLY_IN_IMPLEMENTATIONS)
    ]


def packages_stay_where_they_are_wrapped(root: Path) -> list[str]:
    return [
        f"{name} imports {package}"
        for name, text in python_files(root)
        for package, homes in HOMES.items()
        if not name.startswith((*homes, *OUTSIDE)) and any(under(module, package) for module in imports(name, text))
    ]


def implementations_know_neither_each_other_nor_the_server(root: Path) -> list[str]:
    return [
        f"{name} imports {module}"
        for folder in IMPLEMENTATIONS
        for name, text in python_files(root, folder)
        for module in sorted(imports(name, text))
        if under(module, "common.server", *(other for other in IMPLEMENTATIONS if other != folder))
    ]


def only_the_entries_name_an_implementation(root: Path) -> list[str]:
    """By an import or in a string: a docstring may speak of a folder, `import_module` needs its bare name."""
    faults = []
    for name, text in python_files(root):
        strings = {node.value for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Constant)}
        for implementation in IMPLEMENTATIONS:
            named = implementation in strings or any(under(each, implementation) for each in imports(name, text))
            if named and not name.startswith((*MAY_NAME_IMPLEMENTATIONS, f"{implementation}/")):
                faults.append(f"{name} names {implementation}")
    return faults


def implementations_are_twins(root: Path) -> list[str]:
    first, second = (
        {name.partition("/")[2]: public_names(text) for name, text in python_files(root, folder)}
        for folder in IMPLEMENTATIONS
    )
    return [
        f"{name}: {first[name]} here, {second[name]} there"
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
        f"{name} says {word}"
        for name, text in python_files(root)
        if not name.startswith("tests/")
        for word in sorted(set(re.findall(r"\b(?:TODO|FIXME|XXX|NotImplementedError)\b", text)))
    ]


Rule = Callable[[Path], list[str]]
RULES: list[Rule] = [
    common_knows_no_implementation,
    packages_stay_where_they_are_wrapped,
    implementations_know_neither_each_other_nor_the_server,
    only_the_entries_name_an_implementation,
    implementations_are_twins,
    files_are_short,
    files_begin_with_a_sentence,
    nothing_is_left_for_later,
]
WORKER, TWIN = "threading_impl/worker.py", "multiprocessing_impl/worker.py"
DOUBLE = "class Worker:\n    def start(self): ...\n    def join(self): ...\n"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_house_keeps(rule: Rule) -> None:
    assert rule(ROOT) == []


def test_the_rules_see_the_whole_house() -> None:
    seen = [name for name, _ in python_files(ROOT)]
    assert {"common/errors.py", WORKER, TWIN, "tests/test_house.py"} <= set(seen)


@pytest.mark.parametrize("home", [home for homes in HOMES.values() for home in homes])
def test_every_home_of_a_package_exists(home: str) -> None:
    assert (ROOT / home).exists()


@pytest.mark.parametrize(
    ("rule", "files", "fault"),
    [
        (common_knows_no_implementation, {"common/a.py": "def f():\n    import queue"}, "common/a.py imports queue"),
        (
            common_knows_no_implementation,
            {"common/server/a.py": "from signal import SIGINT"},
            "common/server/a.py imports signal",
        ),
        (
            common_knows_no_implementation,
            {"common/a.py": "import multiprocessing.shared_memory"},
            "common/a.py imports multiprocessing.shared_memory",
        ),
        (
            packages_stay_where_they_are_wrapped,
            {"common/a.py": "import onnxruntime as ort"},
            "common/a.py imports onnxruntime",
        ),
        (packages_stay_where_they_are_wrapped, {"main.py": "from aiohttp import web"}, "main.py imports aiohttp"),
        (
            implementations_know_neither_each_other_nor_the_server,
            {WORKER: "from common import server"},
            f"{WORKER} imports common.server",
        ),
        (
            implementations_know_neither_each_other_nor_the_server,
            {WORKER: "from multiprocessing_impl import worker"},
            f"{WORKER} imports multiprocessing_impl",
        ),
        (
            only_the_entries_name_an_implementation,
            {"common/a.py": "import_module('threading_impl')"},
            "common/a.py names threading_impl",
        ),
        (
            only_the_entries_name_an_implementation,
            {WORKER: "import multiprocessing_impl"},
            f"{WORKER} names multiprocessing_impl",
        ),
        (
            implementations_are_twins,
            {WORKER: "def a(): ...\ndef b(): ...", TWIN: "def b(): ...\ndef a(): ..."},
            "worker.py: ['a', 'b'] here, ['b', 'a'] there",
        ),
        (
            implementations_are_twins,
            {WORKER: DOUBLE, TWIN: DOUBLE.replace("start", "run")},
            "worker.py: ['Worker', 'Worker.start', 'Worker.join'] here, ['Worker', 'Worker.run', 'Worker.join'] there",
        ),
        (files_are_short, {"main.py": "\n" * 301}, "main.py has 301 lines"),
        (files_begin_with_a_sentence, {"main.py": "import os"}, "main.py begins with ''"),
        (files_begin_with_a_sentence, {"main.py": '"""The entry"""'}, "main.py begins with 'The entry'"),
        (files_begin_with_a_sentence, {"main.py": '"""One. Two."""'}, "main.py begins with 'One. Two.'"),
        (nothing_is_left_for_later, {"main.py": "# TODO: more"}, "main.py says TODO"),
        (nothing_is_left_for_later, {"main.py": "raise NotImplementedError"}, "main.py says NotImplementedError"),
    ],
)
def test_a_rule_finds_what_breaks_it(rule: Rule, files: dict[str, str], fault: str, tmp_path: Path) -> None:
    write(tmp_path, files)
    assert fault in rule(tmp_path)


def test_what_the_rules_allow_is_not_found(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "main.py": '"""The entry."""\nfrom threading_impl import RUNTIME',
            "common/detection/session.py": '"""A detector: Tiny YOLO, v3."""\nimport onnxruntime\nimport queue_tools',
            "models/training/make.py": '"""How the model was made."""\nimport cv2',
            WORKER: '"""A worker."""\nimport queue\nfrom .latest_queue import LatestQueue\n' + DOUBLE,
            TWIN: '"""Another."""\nimport multiprocessing\n' + DOUBLE + "    def _own(self): ...\n",
        },
    )
    assert [fault for rule in RULES for fault in rule(tmp_path)] == []


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
