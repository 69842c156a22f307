"""Zone: presence and time of stay by track, with hysteresis at the edge."""

import pytest

from common.geometry import Point
from common.tracking.tracked_box import TrackedBox
from common.tracking.zone import GONE_AFTER_S, Zone

SQUARE = [(0.2, 0.2), (0.8, 0.2), (0.8, 0.8), (0.2, 0.8)]
INSIDE, OUTSIDE, EDGE_INSIDE, EDGE_OUTSIDE = (0.5, 0.5), (0.5, 0.95), (0.5, 0.795), (0.5, 0.805)


def at(point: Point, track_id: int = 1, label: str = "car") -> TrackedBox:
    """A box of a tenth of the frame whose bottom centre is `point`."""
    x, y = point
    return TrackedBox(track_id, label, (x - 0.05, y - 0.1, x + 0.05, y))


def kinds(path: list[Point]) -> list[str]:
    zone = Zone("yard", SQUARE)
    return [change.kind for step, point in enumerate(path) for change in zone.update(step / 5, [at(point)])]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ([OUTSIDE, INSIDE, OUTSIDE], ["entered", "left"]),
        ([INSIDE], ["entered"]),
        ([EDGE_INSIDE], ["entered"]),
        ([OUTSIDE, EDGE_INSIDE, EDGE_OUTSIDE, EDGE_INSIDE], []),
        ([INSIDE, EDGE_INSIDE, EDGE_OUTSIDE, EDGE_INSIDE, EDGE_OUTSIDE], ["entered"]),
        ([OUTSIDE, OUTSIDE], []),
    ],
)
def test_a_track_enters_and_leaves_when_it_is_clearly_on_the_other_side(path: list[Point], expected: list[str]) -> None:
    assert kinds(path) == expected


def test_presence_is_by_label() -> None:
    zone = Zone("yard", SQUARE)
    zone.update(0, [at(INSIDE, 1, "car"), at((0.4, 0.5), 2, "car"), at((0.6, 0.5), 3, "bus"), at(OUTSIDE, 4, "car")])
    assert zone.present == {"car": 2, "bus": 1}


def test_the_stay_lasts_from_entering_to_leaving() -> None:
    zone = Zone("yard", SQUARE)
    for at_s in range(1, 8):
        zone.update(at_s, [at(INSIDE)])
    assert zone.stays_s(7.5) == {1: 6.5}
    (change,) = zone.update(8, [at(OUTSIDE)])
    assert (change.kind, change.stay_s, change.track_id, change.zone) == ("left", 7, 1, "yard")
    assert zone.stays_s(9) == {}


def test_a_track_that_is_lost_in_the_zone_leaves_it_at_the_time_it_was_last_seen() -> None:
    zone = Zone("yard", SQUARE)
    zone.update(0, [at(INSIDE)])
    zone.update(1, [at(INSIDE)])
    assert zone.update(1 + GONE_AFTER_S, []) == []
    (change,) = zone.update(1.1 + GONE_AFTER_S, [])
    assert (change.kind, change.stay_s) == ("left", 1)


def test_ended_tracks_use_no_memory() -> None:
    zone = Zone("yard", SQUARE)
    for step in range(10_000):
        zone.update(step, [at(INSIDE, 2 * step), at(OUTSIDE, 2 * step + 1)])
    assert len(zone._inside) + len(zone._outside) < 20
