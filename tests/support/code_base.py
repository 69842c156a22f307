"""The Python files of this repository, and files of a copy."""

from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
IMPLEMENTATIONS = ("threading_impl", "multiprocessing_impl", "zenoh_impl")
APP_PACKAGES = ("common", *IMPLEMENTATIONS)
FOLDERS = (*APP_PACKAGES, "benchmark", "models", "tests")


def python_files(root: Path, *folders: str) -> Iterator[tuple[str, str]]:
    """Yield the path from `root` and the text of each Python file, of all folders or of `folders` only."""
    files = [] if folders else sorted(root.glob("*.py"))
    for folder in folders or FOLDERS:
        files += sorted((root / folder).rglob("*.py"))
    for file in files:
        yield file.relative_to(root).as_posix(), file.read_text(encoding="utf-8")


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
