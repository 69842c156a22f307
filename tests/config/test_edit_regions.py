"""Lines and zones in the text of a settings file: what is replaced, and that everything else stays as it was."""

import tomllib
from typing import Any

import pytest

from common.config.edit_regions import with_regions
from common.config.regions import RegionSettings, checked_regions
from common.errors import SettingsError

FILE = """\
# The house.
ui_fps = 15    # enough

[[processors]]
name = "vehicles"
fps = 5  # a second

# The road in front.
[[processors.lines]]
name = "road"   # both lanes
points = [
  [0.2, 0.55],  # left
  [0.95, 0.55],
]

# The drive.
[[processors.lines]]
name = "drive"
points = [[0.1, 0.2], [0.3, 0.4]]

[processors.options]
lines = "[[processors.lines]]"

# Who comes.
[[processors]]
name = "people"
lines = [{name = "door", points = [[0, 0], [1, 1]]}]   # inline
track = true

# Where it goes.
[[sinks]]
type = "jsonl"
path = "events.jsonl"
"""
ROAD = {"name": "road", "points": [[0.2, 0.55], [0.95, 0.55]]}
DRIVE = {"name": "drive", "points": [[0.1, 0.2], [0.3, 0.4]]}
GATE = {"name": "gate", "points": [[0.0, 0.5], [1.0, 0.5]]}
YARD = {"name": "yard", "points": [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]]}


def regions(*lines: dict[str, Any], zones: tuple[dict[str, Any], ...] = ()) -> RegionSettings:
    return checked_regions({"lines": lines, "zones": zones})


def test_what_is_unchanged_leaves_the_file_as_it_is() -> None:
    assert with_regions(FILE, "vehicles", regions(ROAD, DRIVE)) == FILE


def test_a_new_line_is_added_below_the_others() -> None:
    edited = with_regions(FILE, "vehicles", regions(ROAD, DRIVE, GATE))
    table = '\n[[processors.lines]]\nname = "gate"\npoints = [[0, 0.5], [1, 0.5]]\n'
    assert edited == FILE.replace("\n[processors.options]", f"{table}\n[processors.options]")


def test_a_moved_line_is_replaced_and_the_comment_above_it_stays() -> None:
    edited = with_regions(FILE, "vehicles", regions(ROAD | {"points": [[0.25, 0.5], [1, 0.5]]}, DRIVE))
    assert (
        '# The road in front.\n[[processors.lines]]\nname = "road"\npoints = [[0.25, 0.5], [1, 0.5]]\n\n# The' in edited
    )
    start, end = FILE.index("[[processors.lines]]"), FILE.index("\n# The drive.")
    assert edited.startswith(FILE[:start])
    assert edited.endswith(FILE[end:])


def test_a_deleted_line_goes_with_the_comment_above_it() -> None:
    edited = with_regions(FILE, "vehicles", regions(ROAD))
    start, end = FILE.index("\n# The drive."), FILE.index("\n[processors.options]")
    assert edited == FILE[:start] + FILE[end:]


def test_inline_ones_become_tables_of_their_own() -> None:
    edited = with_regions(FILE, "people", regions(GATE, zones=(YARD,)))
    lines = '\n[[processors.lines]]\nname = "gate"\npoints = [[0, 0.5], [1, 0.5]]\n'
    zones = '\n[[processors.zones]]\nname = "yard"\npoints = [[0, 0], [1, 0], [1, 1]]\n'
    inline = 'lines = [{name = "door", points = [[0, 0], [1, 1]]}]   # inline\n'
    assert edited == FILE.replace(inline, "").replace("track = true\n", f"track = true\n{lines}{zones}")


def test_all_are_deleted() -> None:
    edited = with_regions(FILE, "vehicles", regions())
    assert [each.get("lines") for each in tomllib.loads(edited)["processors"]] == [
        None,
        [{"name": "door", "points": [[0, 0], [1, 1]]}],
    ]
    assert "# Where it goes." in edited


@pytest.mark.parametrize("text", ["", "ui_fps = 10", "ui_fps = 10\n", "[[cameras]]\nname = 'a'\nsource = '0'\n"])
def test_a_file_without_processors_gets_the_one_that_it_implies(text: str) -> None:
    edited = with_regions(text, "main", regions(ROAD))
    assert edited.startswith(text)
    assert tomllib.loads(edited) == tomllib.loads(text) | {"processors": [{"name": "main", "lines": [ROAD]}]}


@pytest.mark.parametrize(
    "text",
    [
        "[[processors]]\nname = 'p'\n[[processors.lines]]\nname = 'a'\npoints = [[0, 0], [1, 1]]",
        "[[processors]]\nlines = [\n  {name = 'a', points = [[0, 0], [1, 1]]},\n]\nname = 'p'",
        "[[ processors ]]  # p\nname = 'p'\n[[processors . 'lines']]\nname = 'a'\npoints = [[0, 0], [1, 1]]\n",
        '[[processors]]\nname = "p"\n[processors.options]\na = """\n[[processors]]\n"""\nb = [\n[1],\n["]"]]\n',
        "[[processors]]\nname = 'p'\n[[processors]]\nname = 'q'",
        "[[processors]]\r\nname = 'p'\r\n\r\n[[sinks]]\r\ntype = 'jsonl'\r\n",
    ],
)
def test_the_forms_of_toml_are_understood(text: str) -> None:
    edited = with_regions(text, "p", regions(GATE, zones=(YARD,)))
    expected = tomllib.loads(text)
    expected["processors"][0] |= {"lines": [GATE], "zones": [YARD]}
    assert tomllib.loads(edited) == expected
    assert ("\n" in edited.replace("\r\n", "")) is ("\r\n" not in text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[[processors]]\nname = 'q'\n", r"it has no \[\[processors\]\] with name = 'p'"),
        ("ui_fps = 10\n", r"it has no \[\[processors\]\] with name = 'p'"),
        ("processors = [{name = 'p'}]\n", r"it has no \[\[processors\]\] with name = 'p'"),
        (
            "[[processors]]\nname = 'p'\n'lines' = [{name = 'a', points = [[0, 0], [1, 1]]}]\n",
            "its lines and zones are written in a form that cannot be edited",
        ),
    ],
)
def test_a_form_that_cannot_be_edited_is_refused(text: str, reason: str) -> None:
    with pytest.raises(SettingsError, match=reason):
        with_regions(text, "p", regions(GATE))
