"""Geometry: what a polygon contains, the distance from its edges, and edges that cross."""

import pytest

from common.geometry import Point, contains, crosses_itself, distance_to_edge, segments_cross, signed_distance

SQUARE = [(0.2, 0.2), (0.8, 0.2), (0.8, 0.8), (0.2, 0.8)]


def test_a_concave_polygon_contains_what_is_inside_its_outline() -> None:
    arrow = [(0.1, 0.1), (0.9, 0.1), (0.5, 0.5), (0.9, 0.9), (0.1, 0.9)]
    assert contains(arrow, (0.3, 0.5))
    assert not contains(arrow, (0.8, 0.5))


def test_the_distance_from_a_polygon_is_that_of_its_nearest_edge() -> None:
    assert distance_to_edge(SQUARE, (0.5, 0.7)) == pytest.approx(0.1)
    assert distance_to_edge(SQUARE, (0.9, 0.9)) == pytest.approx(0.1 * 2**0.5)


def test_the_right_side_of_a_line_to_the_right_is_below_it() -> None:
    assert signed_distance((0.5, 0.7), (0.0, 0.5), (1.0, 0.5)) == pytest.approx(0.2)
    assert signed_distance((0.5, 0.7), (1.0, 0.5), (0.0, 0.5)) == pytest.approx(-0.2)


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        (((0.5, 0.4), (0.5, 0.6)), True),
        (((0.5, 0.5), (0.5, 0.6)), False),  # touches
        (((0.9, 0.4), (0.9, 0.6)), False),
        (((0.3, 0.5), (0.6, 0.5)), False),  # on the same line
        (((0.5, 0.4), (0.5, 0.4)), False),
    ],
)
def test_segments_cross_where_each_divides_the_other(second: tuple[Point, Point], expected: bool) -> None:
    first = (0.2, 0.5), (0.8, 0.5)
    assert segments_cross(first, second) is expected
    assert segments_cross(second, first) is expected


@pytest.mark.parametrize(
    ("polygon", "expected"),
    [
        (SQUARE, False),
        ([(0.1, 0.1), (0.9, 0.9), (0.9, 0.1), (0.1, 0.9)], True),
        ([(0.1, 0.1), (0.9, 0.1), (0.5, 0.9)], False),
        ([*SQUARE, SQUARE[0]], False),  # closed by its first corner
        ([(0, 0), (1, 0), (1, 1), (0.8, 1), (0.8, 0.5), (0.2, 0.5), (0.2, 1), (0, 1)], False),  # edges on one line
    ],
)
def test_a_polygon_that_crosses_itself_is_found(polygon: list[Point], expected: bool) -> None:
    assert crosses_itself(polygon) is expected
