"""Settings of processors with your own code, tracks, lines and zones."""

from pathlib import Path

import pytest

from common.config.load import load_settings
from common.config.print_settings import to_toml
from common.config.sections import ProcessorSettings
from common.detection.tracking_options import TrackingOptions, tracking_of
from common.errors import ProcessorError, SettingsError
from common.model_zoo.resolve import resolve_run

WHOLE = """
[[processors]]
name = "crossings"
run = "mine.py:Crossings"
track = true
[processors.options]
line = [[0.1, 0.6], [0.9, 0.6]]
[[processors.lines]]
name = "road"
points = [[0.2, 0.55], [0.95, 0.55]]
[[processors.zones]]
name = "yard"
points = [[0, 0], [1, 0], [1, 1]]
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def processor_of(text: str) -> ProcessorSettings:
    Path("vision.toml").write_text(text)
    return load_settings([])[1].processors[0]


def test_a_processor_has_its_code_options_lines_and_zones() -> None:
    found = processor_of(WHOLE)
    assert (found.run, found.options) == ("mine.py:Crossings", {"line": [[0.1, 0.6], [0.9, 0.6]]})
    assert tracking_of(found.track, found) == TrackingOptions(
        True, {"road": ((0.2, 0.55), (0.95, 0.55))}, {"yard": ((0, 0), (1, 0), (1, 1))}
    )


def test_only_code_in_a_file_is_reloaded() -> None:
    a, b = ('[[processors]]\nname = "a"\nrun = "mine.py:A"\n', '[[processors]]\nname = "b"\nrun = "package.b:B"\n')
    Path("vision.toml").write_text(f"reload = true\n{a}{b}")
    assert [each.runs_file for each in load_settings([])[1].processors] == [True, False]


def test_what_is_printed_means_the_same(folder: Path) -> None:
    found = processor_of(WHOLE)
    printed = to_toml(load_settings([])[1])
    assert processor_of(printed) == found


def test_the_flag_is_the_default_of_the_only_processor() -> None:
    assert load_settings(["--processor", "mine.py:process"])[1].processors[0].run == "mine.py:process"
    found = load_settings([])[1].processors[0]
    assert (found.run, tracking_of(found.track, found).is_needed) == (None, False)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("run = 'mine.py'", "'mine.py' is not FILE.py:NAME or package.module:NAME"),
        ("options = {a = 1}", "options need run"),
        ("lines = [{name = 'a', points = [[0, 0]]}]", "lines"),
        ("lines = [{name = 'a', points = [[0, 0], [2, 0]]}]", "lines"),
        ("zones = [{name = 'a', points = [[0, 0], [1, 1]]}]", "zones"),
        (
            "zones = [{name = 'a', points = [[0, 0], [1, 1], [1, 0], [0, 1]]}]",
            "points of a must not form edges that cross",
        ),
        (
            "lines = [{name = 'a', points = [[0, 0], [1, 1]]}, {name = 'a', points = [[0, 1], [1, 1]]}]",
            "must differ from lines",
        ),
    ],
)
def test_a_bad_value_is_refused_in_one_line(text: str, complaint: str) -> None:
    with pytest.raises(SettingsError, match=complaint) as refusal:
        processor_of(f"[[processors]]\nname = 'p'\n{text}\n")
    assert "\n" not in str(refusal.value)


def test_code_in_a_file_is_resolved_at_the_start(folder: Path) -> None:
    (folder / "mine.py").touch()
    assert resolve_run("mine.py:process") == f"{folder / 'mine.py'}:process"
    assert resolve_run("package.module:process") == "package.module:process"
    assert resolve_run(None) is None
    with pytest.raises(ProcessorError, match=r"'none\.py' does not exist"):
        resolve_run("none.py:process")
