"""Lines and zones: the rules, in the settings file and in messages of viewers."""

import math
from pathlib import Path
from typing import Any

import pytest

from common.config.load import load_settings
from common.config.regions import MAX_REGIONS, checked_regions
from common.errors import SettingsError
from common.messaging.regions import RegionsChange

LINE = {"name": "road", "points": [[0.2, 0.5], [0.9, 0.5]]}
FAULTS: list[tuple[dict[str, Any], str]] = [
    ({"lines": [{"name": "a", "points": [[0, 0]]}]}, "lines[0].points: at least 2 are needed"),
    ({"lines": [{"name": "a", "points": [[0, 0]] * 3}]}, "lines[0].points: 3 exceed the maximum of 2"),
    ({"lines": [{"name": "a", "points": [[0.5, 0.5]] * 2}]}, "lines[0].points of a must differ from each other"),
    ({"lines": [LINE, LINE]}, "lines[1].name (road) must differ from lines[0].name"),
    ({"lines": [LINE] * (MAX_REGIONS + 1)}, f"lines: {MAX_REGIONS + 1} exceed the maximum of {MAX_REGIONS}"),
    ({"zones": [{"name": "a", "points": [[0, 0], [1, 1]]}]}, "zones[0].points: at least 3 are needed"),
    (
        {"zones": [{"name": "a", "points": [[0, 0], [1, 0], [1, 1.5]]}]},
        "zones[0].points[2][1]: 1.5 is not a number between 0 and 1",
    ),
    (
        {"zones": [{"name": "a", "points": [[0, 0], [1, 1], [1, 0], [0, 1]]}]},
        "zones[0].points of a must not form edges that cross",
    ),
    (
        {"zones": [{"name": "a b", "points": [[0, 0], [1, 1], [1, 0]]}]},
        "zones[0].name: 'a b' is not a name of 1 to 40 letters (a to z), digits, dots, hyphens and underscores",
    ),
]


def toml(value: Any) -> str:
    if isinstance(value, dict):
        return f"{{{', '.join(f'{name} = {toml(each)}' for name, each in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(toml, value))}]"
    return repr(value)


@pytest.mark.parametrize(("regions", "message"), FAULTS, ids=[message for _, message in FAULTS])
def test_the_file_and_a_viewer_get_the_same_sentence(
    regions: dict[str, Any], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    change = RegionsChange(processor="main", **regions)
    with pytest.raises(SettingsError) as refusal:
        checked_regions(change.model_dump(include={"lines", "zones"}))
    assert str(refusal.value).replace("0.0", "0") == message
    monkeypatch.chdir(tmp_path)
    items = "\n".join(f"{name} = {toml(value)}" for name, value in regions.items())
    Path("vision.toml").write_text(f"[[processors]]\nname = 'p'\n{items}\n")
    with pytest.raises(SettingsError) as refusal:
        load_settings([])
    assert str(refusal.value) == f"vision.toml: processors[0].{message}"


def test_valid_regions_are_returned() -> None:
    zone = {"name": "yard", "points": [[0, 0], [1, 0], [1, 1]]}
    found = checked_regions({"lines": [LINE], "zones": [zone]})
    assert found.lines[0].points == ((0.2, 0.5), (0.9, 0.5))
    assert found.zones[0].name == "yard"


@pytest.mark.parametrize("number", [math.nan, math.inf])
def test_no_number_is_no_coordinate(number: float) -> None:
    with pytest.raises(SettingsError, match=r"lines\[0\]\.points\[0\]\[0\]: \w+ is not a number between 0 and 1"):
        checked_regions({"lines": [{"name": "a", "points": [[number, 0], [1, 1]]}]})
