"""Layers of the page: the boxes and shapes of several processors on one camera, in colours of their own."""

import itertools
from collections.abc import Callable, Iterator
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page

from common.messaging.messages import Detection, Detections
from common.messaging.shapes import Line, Polygon, Shape, Text
from tests.support.pages import Role, opened, playing_role, wait_for_text, wait_until
from tests.support.servers import Server, frame, serving

FPS = 15
VEHICLES, PEOPLE = "vehicles", "people"
BLUE, ORANGE = (86, 180, 233), (230, 159, 0)  # of the first and of the second processor
PIXEL = """([x, y]) => {
    const canvas = document.querySelector("#viewer .overlay");
    const at = [Math.round(x * canvas.width), Math.round(y * canvas.height)];
    return Array.from(canvas.getContext("2d").getImageData(...at, 1, 1).data);
}"""
COLOURS = """async () => {
    const { stylesOf } = await import("/static/viewer/layer_styles.js");
    return [...stylesOf([..."abcdefgh"]).values()].map(({ colour }) => colour);
}"""
# Machado, Oliveira and Fernandes, "A Physiologically-based Model for Simulation of Color Vision Deficiency" (2009),
# for severity 1.0, in linear RGB.
COLOUR_BLINDNESS = {
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritanopia": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}


@pytest.fixture
def server() -> Iterator[Server]:
    with serving(processors=(VEHICLES, PEOPLE)) as server:
        yield server


def send_found(role: Role, processor: str, frame_id: int, *left: float, shapes: tuple[Shape, ...] = ()) -> None:
    """Send the detections of a processor: objects whose left edges are at `left`, 0.1 wide and 0.2 high."""
    items = tuple(Detection(label="car", score=0.9, box=(x, 0.4, x + 0.1, 0.6)) for x in left)
    role.send(
        Detections(
            camera="main",
            processor=processor,
            frame_id=frame_id,
            captured_at=frame_id / FPS,
            inference_ms=1,
            processing_ms=1,
            detections=items,
            shapes=shapes,
        )
    )


def colour_at(page: Page, x: float, y: float) -> tuple[int, int, int] | None:
    """Return the colour of the overlay at a fraction of the frame; None where it is transparent."""
    red, green, blue, alpha = page.evaluate(PIXEL, [x, y])
    return (red, green, blue) if alpha > 200 else None


FRAME_IDS = itertools.count(1)


def publish_next(page: Page, role: Role, publish: Callable[[int], None]) -> None:
    """Send the next frame and, by `publish(frame_id)`, its detections."""
    frame_id = next(FRAME_IDS)
    role.send_packed(frame(frame_id, captured_at=frame_id / FPS))
    publish(frame_id)
    page.wait_for_timeout(30)


def shows(page: Page, role: Role, expected: dict[tuple[float, float], Any], publish: Callable[[int], None]) -> None:
    """Publish frames with detections until the overlay has these colours at these fractions of the frame."""

    def is_shown() -> bool:
        publish_next(page, role, publish)
        return {at: colour_at(page, *at) for at in expected} == expected

    wait_until(page, is_shown, f"{expected}")


@pytest.mark.parametrize("mode", ["live", "synced"])
def test_boxes_of_several_processors_are_drawn_together(page: Page, role: Role, mode: str) -> None:
    page.click(f"#mode-{mode}")

    def publish(frame_id: int) -> None:
        send_found(role, VEHICLES, frame_id, 0.2)
        send_found(role, PEOPLE, frame_id, 0.6, 0.8)

    shows(page, role, {(0.2, 0.5): BLUE, (0.6, 0.5): ORANGE, (0.8, 0.5): ORANGE, (0.45, 0.5): None}, publish)
    assert page.inner_text("#boxes-drawn") == "objects: 3"


@pytest.mark.parametrize("mode", ["live", "synced"])
def test_a_slow_processor_keeps_its_boxes_between_its_results(page: Page, role: Role, mode: str) -> None:
    page.click(f"#mode-{mode}")

    def publish(frame_id: int) -> None:
        send_found(role, VEHICLES, frame_id, 0.2)
        if frame_id % 7 == 1:
            send_found(role, PEOPLE, frame_id, 0.6)

    shows(page, role, {(0.2, 0.5): BLUE, (0.6, 0.5): ORANGE}, publish)
    for _ in range(10):
        publish_next(page, role, publish)
        assert page.inner_text("#boxes-drawn") == "objects: 2"


def test_motion_is_that_of_the_objects_of_the_same_processor(page: Page) -> None:
    velocities = page.evaluate("""async () => {
        const { Layers } = await import("/static/viewer/layers.js");
        const layers = new Layers();
        const add = (processor, frame_id, x) => layers.add({
            processor, frame_id, captured_at: frame_id,
            detections: [{ label: "car", score: 1, box: [x, 0, x + 0.2, 0.2] }],
        });
        add("vehicles", 1, 0.30);
        add("people", 1.1, 0.31);
        add("vehicles", 1.5, 0.35);
        add("people", 1.6, 0.26);
        return layers.upTo(2).map(({ detections }) => Math.round(100 * detections[0].velocity[0]));
    }""")
    assert velocities == [10, -10]


def test_a_switch_hides_a_layer_and_is_remembered(page: Page, role: Role) -> None:
    def publish(frame_id: int) -> None:
        send_found(role, VEHICLES, frame_id, 0.2)
        send_found(role, PEOPLE, frame_id, 0.6)

    shows(page, role, {(0.2, 0.5): BLUE, (0.6, 0.5): ORANGE}, publish)
    assert page.locator("#layers label").all_inner_texts() == [VEHICLES, PEOPLE]
    page.uncheck(f"#layers [name={PEOPLE}]")
    shows(page, role, {(0.2, 0.5): BLUE, (0.6, 0.5): None}, publish)
    page.reload()
    wait_for_text(page, "#connection", "connected")
    shows(page, role, {(0.2, 0.5): BLUE, (0.6, 0.5): None}, publish)
    assert not page.is_checked(f"#layers [name={PEOPLE}]")
    page.check(f"#layers [name={PEOPLE}]")
    shows(page, role, {(0.2, 0.5): BLUE, (0.6, 0.5): ORANGE}, publish)


def test_synced_mode_shows_the_frames_of_the_processors_that_are_switched_on(page: Page, role: Role) -> None:
    page.click("#mode-synced")
    page.uncheck(f"#layers [name={VEHICLES}]")

    def publish(frame_id: int) -> None:
        send_found(role, VEHICLES, frame_id, 0.2)
        if frame_id % 5 == 1:
            send_found(role, PEOPLE, frame_id, 0.6)

    shows(page, role, {(0.2, 0.5): None, (0.6, 0.5): ORANGE}, publish)
    for _ in range(10):
        publish_next(page, role, publish)
        assert page.inner_text("#box-age") == "boxes of this frame"


def test_one_processor_has_no_switch_and_the_colours_of_its_labels(browser: Browser) -> None:
    with (
        serving() as server,
        playing_role(server) as role,
        opened(browser, f"http://localhost:{server.port}/") as page,
    ):
        wait_for_text(page, "#connection", "connected")
        role.send_detections(role.send_frame(), Detection(label="car", score=0.9, box=(0.2, 0.4, 0.3, 0.6)))
        wait_for_text(page, "#boxes-drawn", "objects: 1")
        assert not page.is_visible("#layers")
        assert colour_at(page, 0.2, 0.5) not in (None, BLUE)


def test_shapes_are_drawn_in_their_layer(page: Page, role: Role) -> None:
    line = Line(points=((0.1, 0.8), (0.5, 0.8), (0.5, 0.9)), text="road")
    zone = Polygon(points=((0.6, 0.7), (0.9, 0.7), (0.9, 0.9), (0.6, 0.9)), text="entry")
    text = Text(point=(0.1, 0.3), text="crossings: 17")

    def publish(frame_id: int) -> None:
        send_found(role, VEHICLES, frame_id, shapes=(line,))
        send_found(role, PEOPLE, frame_id, shapes=(zone, text))

    drawn = {(0.3, 0.8): BLUE, (0.5, 0.85): BLUE, (0.6, 0.8): ORANGE, (0.9, 0.8): ORANGE, (0.1, 0.29): ORANGE}
    shows(page, role, drawn, publish)
    assert 0 < page.evaluate(PIXEL, [0.75, 0.8])[3] < 100  # the polygon is filled, and the video remains visible
    page.uncheck("#show-boxes")
    shows(page, role, dict.fromkeys(drawn), publish)


@pytest.mark.parametrize("kind", COLOUR_BLINDNESS)
def test_colours_of_layers_differ_for_a_colour_blind_viewer(page: Page, kind: str) -> None:
    seen = [seen_colour(colour, np.array(COLOUR_BLINDNESS[kind])) for colour in page.evaluate(COLOURS)]
    differences = [float(np.linalg.norm(a - b)) for a, b in combinations(seen, 2)]
    assert min(differences) > 10  # CIE 1976: a difference of 2.3 is just noticeable


def seen_colour(colour: str, blindness: Any) -> Any:
    """Return an sRGB colour `#rrggbb` as it is seen, in CIELAB."""
    srgb = np.array([int(colour[start : start + 2], 16) for start in (1, 3, 5)]) / 255
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    to_xyz = np.array(((0.4124, 0.3576, 0.1805), (0.2126, 0.7152, 0.0722), (0.0193, 0.1192, 0.9505)))
    x, y, z = np.cbrt(np.clip(to_xyz @ blindness @ linear, 1e-6, None) / (0.9505, 1, 1.089))
    return np.array((116 * y - 16, 500 * (x - y), 200 * (y - z)))
