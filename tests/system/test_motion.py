"""Motion compensation in Chromium: boxes move by the velocity of their object, and fit the objects better."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.support.motion_replay import DELAYS_S, replay
from tests.support.pages import opened
from tests.support.servers import serving

MOVE = """async ({ messages, at }) => {
    const { itemsAt, withVelocities } = await import("/static/viewer/motion.js");
    let previous;
    for (const message of messages) previous = withVelocities(message, previous);
    return itemsAt(previous, at);
}"""


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    with serving() as server, opened(browser, f"http://localhost:{server.port}/") as page:
        yield page


def item(x: float, label: str = "car", width: float = 0.1, **more: Any) -> dict[str, Any]:
    """Return a detection `width` wide whose left edge is at `x`."""
    return {"label": label, "score": 0.9, "box": [x, 0.4, x + width, 0.6], **more}


def moved(page: Page, at: float, *messages: tuple[float, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Return the items of the last of `messages` (captured_at, items) at the time `at`."""
    sent = [{"captured_at": captured_at, "detections": items} for captured_at, items in messages]
    result: list[dict[str, Any]] = page.evaluate(MOVE, {"messages": sent, "at": at})
    return result


def test_box_moves_by_the_velocity_between_its_last_two_detections(page: Page) -> None:
    (car,) = moved(page, 10.3, (10.0, [item(0.30)]), (10.2, [item(0.32)]))
    assert car["box"] == pytest.approx([0.33, 0.4, 0.43, 0.6])
    assert car["alpha"] == 1


def test_object_faster_than_its_width_is_found_by_its_predicted_position(page: Page) -> None:
    (car,) = moved(page, 10.5, (10.0, [item(0.0)]), (10.2, [item(0.06)]), (10.4, [item(0.18)]))
    assert car["box"][0] > 0.2
    assert car["alpha"] == 1


def test_change_in_size_is_applied_in_part(page: Page) -> None:
    (car,) = moved(page, 10.4, (10.0, [item(0.40, width=0.10)]), (10.2, [item(0.38, width=0.14)]))
    assert car["box"][0] + car["box"][2] == pytest.approx(0.9)
    assert 0.14 < car["box"][2] - car["box"][0] < 0.18


@pytest.mark.parametrize("at", [10.2, 10.1, 0.0])
def test_box_does_not_move_for_a_frame_that_is_not_newer(page: Page, at: float) -> None:
    (car,) = moved(page, at, (10.0, [item(0.30)]), (10.2, [item(0.32)]))
    assert car["box"] == pytest.approx([0.32, 0.4, 0.42, 0.6])


def test_old_box_stops_moving(page: Page) -> None:
    positions = [
        moved(page, at, (10.0, [item(0.30)]), (10.2, [item(0.32)]))[0]["box"][0] for at in (10.6, 10.7, 11.0, 20.0)
    ]
    assert positions[0] < positions[1] == positions[2] == positions[3]


def test_box_is_cut_at_the_edge_of_the_frame_and_disappears_outside(page: Page) -> None:
    messages = (10.0, [item(0.80)]), (10.2, [item(0.86)])
    (car,) = moved(page, 10.4, *messages)
    assert car["box"] == pytest.approx([0.92, 0.4, 1.0, 0.6])
    assert moved(page, 10.7, *messages) == []


@pytest.mark.parametrize(
    "before",
    [item(0.7), item(0.30, label="bus"), item(0.30, track_id=1)],
    ids=["elsewhere", "another label", "another track"],
)
def test_box_of_an_object_that_was_not_detected_before_is_faint_and_stays(page: Page, before: dict[str, Any]) -> None:
    now = item(0.32, track_id=2)
    (car,) = moved(page, 10.3, (10.0, [before]), (10.2, [now]))
    assert car["box"] == pytest.approx(now["box"])
    assert 0.3 < car["alpha"] < 0.8


def test_track_id_identifies_an_object_wherever_it_is(page: Page) -> None:
    (car,) = moved(page, 10.3, (10.0, [item(0.1, track_id=7)]), (10.2, [item(0.5, track_id=7)]))
    assert car["box"][0] == pytest.approx(0.7)


@pytest.mark.parametrize("captured_at", [8.0, 10.2, 10.5], ids=["long before", "at the same time", "later"])
def test_detections_without_a_recent_predecessor_are_shown_as_they_are(page: Page, captured_at: float) -> None:
    (car,) = moved(page, 10.3, (captured_at, [item(0.30)]), (10.2, [item(0.32)]))
    assert car["box"] == pytest.approx(item(0.32)["box"])
    assert car["alpha"] == 1


@pytest.mark.parametrize("delay_s", DELAYS_S)
def test_compensated_boxes_of_the_bundled_clip_have_a_higher_iou(page: Page, delay_s: float) -> None:
    result = replay(page, delay_s)
    assert result.boxes > 2000
    assert result.live + 0.03 < result.compensated < result.synced
