"""Lines and zones drawn on a page, and what the server gets of them."""

from collections.abc import Sequence

from playwright.sync_api import Page

from tests.support.pages import Role, wait_for_text, wait_for_video, wait_until

ROAD = [(0.2, 0.55), (0.95, 0.55)]
YARD = [(0.1, 0.5), (0.6, 0.5), (0.6, 0.9), (0.1, 0.9)]


def show(page: Page, role: Role) -> None:
    """Show a frame on the page, and open the editor."""
    wait_for_text(page, "#connection", "connected")
    role.send_frame()
    wait_for_video(page)
    page.click("#draw")


def place(page: Page, point: tuple[float, float]) -> tuple[float, float]:
    """Return where a point of the frame is on the page, in CSS pixels; the video has no bars."""
    box = page.locator(".surface").bounding_box()
    assert box is not None
    return box["x"] + point[0] * box["width"], box["y"] + point[1] * box["height"]


def draw(page: Page, kind: str, points: list[tuple[float, float]]) -> None:
    """Draw a line, or a zone, with the mouse."""
    page.click(f"#add-{kind}")
    for point in points:
        page.mouse.click(*place(page, point))
    if kind == "zone":
        page.click("#finish-zone")


def drag(page: Page, start: tuple[float, float], end: tuple[float, float]) -> None:
    page.mouse.move(*place(page, start))
    page.mouse.down()
    page.mouse.move(*place(page, end), steps=5)
    page.mouse.up()


def in_force(page: Page, role: Role, kind: str, expected: dict[str, list[tuple[float, float]]]) -> None:
    """Wait until the processor has these regions, by name, with points to a hundredth."""

    def rounded(points: Sequence[Sequence[float]]) -> list[list[float]]:
        return [[round(value, 2) for value in point] for point in points]

    def found() -> dict[str, list[list[float]]]:
        return {each["name"]: rounded(each["points"]) for each in role.regions()[kind]}

    wanted = {name: rounded(points) for name, points in expected.items()}
    wait_until(page, lambda: found() == wanted, f"{kind} {wanted}")
