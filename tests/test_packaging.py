"""What the app is shipped with fits the app: requirements, Makefile, container, development container."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from common.config.load import load_settings
from common.config.settings import Settings
from common.config.spelling import SIMPLE, variable

ROOT = Path(__file__).resolve().parent.parent
APP = ("main.py", "common", "threading_impl", "multiprocessing_impl", "zenoh_impl", "benchmark", "compare.py")
PORT = Settings().port


def app_files() -> list[Path]:
    return [file for part in APP for file in ([ROOT / part] if part.endswith(".py") else (ROOT / part).rglob("*.py"))]


def imported_packages() -> set[str]:
    found = set()
    for file in app_files():
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.partition(".")[0])
    return found - {part.removesuffix(".py") for part in APP}


def requirements() -> list[str]:
    """Of the app and of its benchmark."""
    lines = "".join(
        (ROOT / name).read_text()
        for name in ("requirements.txt", "requirements-bench.txt", "requirements-mqtt.txt", "requirements-zenoh.txt")
    ).splitlines()
    return [line for line in lines if not line.startswith(("#", "-r"))]


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def test_what_the_app_imports_is_what_it_requires() -> None:
    distributions = packages_distributions()
    third_party = imported_packages() - set(sys.stdlib_module_names) - {"pydantic_core"}  # a dependency of pydantic
    needed = {distributions[package][0].lower().replace("_", "-") for package in third_party}
    assert needed == {re.split(r"[<>=]", line)[0] for line in requirements()}


@pytest.mark.parametrize("line", requirements())
def test_every_requirement_has_a_lowest_and_a_highest_release(line: str) -> None:
    assert re.match(r"[a-z0-9-]+>=[\d.]+,<[\d.]+( |$)", line)


def test_the_development_container_is_set_up_by_make() -> None:
    container = json.loads((ROOT / ".devcontainer/devcontainer.json").read_text())
    make, target = container["postCreateCommand"].split()
    assert make == "make"
    assert target in make_targets()
    assert container["forwardPorts"] == [PORT]


def test_the_container_serves_and_checks_the_port_of_the_app_without_being_root() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    assert f"\nEXPOSE {PORT}\n" in dockerfile
    assert f"port = os.getenv('VISION_PORT') or {PORT};" in dockerfile
    assert re.search(r"^USER [1-9]\d*$", dockerfile, re.MULTILINE)
    assert dockerfile.endswith('ENTRYPOINT ["python", "main.py"]\n')


def test_the_container_gets_every_part_of_the_app() -> None:
    let_in = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert {*APP, "models", "requirements.lock", "pyproject.toml"} <= let_in


@pytest.mark.parametrize("file", ["Dockerfile", "deploy/compose.yaml", "deploy/edge-vision.service"])
def test_every_variable_is_a_setting(file: str) -> None:
    used = set(re.findall(r"\b(VISION_[A-Z_]+)[=:]", (ROOT / file).read_text()))
    assert used
    assert used <= {variable(name) for name in SIMPLE}


def test_the_settings_file_of_the_containers_is_valid() -> None:
    settings = load_settings(["--config", str(ROOT / "deploy/vision.toml")]).settings
    assert [sink.type for sink in settings.sinks] == ["mqtt"]


def test_the_lock_pins_every_requirement_of_the_app_within_its_bounds() -> None:
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    pinned = dict(line.split("==") for line in lines if not line.startswith("#"))
    versions = {canonicalize_name(name): version for name, version in pinned.items()}
    for line in "".join((ROOT / f"requirements{name}.txt").read_text() for name in ("", "-mqtt")).splitlines():
        if line := line.partition("#")[0].strip():
            requirement = Requirement(line)
            assert versions[canonicalize_name(requirement.name)] in requirement.specifier


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
@pytest.mark.parametrize(
    ("arguments", "python"),
    [([], ".venv/bin/python"), (["PYTHON=/usr/bin/python3.13"], ".venv-python3.13/bin/python")],
)
def test_make_has_an_environment_for_each_python_that_is_named(arguments: list[str], python: str) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHON"}
    done = subprocess.run(
        ["make", "--dry-run", "test", *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert f"{python} -m pytest" in done.stdout
