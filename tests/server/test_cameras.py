"""Several cameras: selection by viewers, images of one camera, tiles, viewers counted and credit given per camera."""

import asyncio
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import InvalidStatus

from common.messaging.messages import FrameHeader, pack_frame
from tests.support.servers import (
    PATIENCE_S,
    Server,
    detections,
    frame,
    next_frame,
    next_text,
    received_by_now,
    send,
    serving,
)
from tests.support.videos import jpeg_of, numbered_frame


@pytest.fixture
def server() -> Iterator[Server]:
    with serving(cameras=("gate", "yard"), processors=("vehicles", "people")) as server:
        yield server


def header_of(message: bytes) -> dict[str, Any]:
    length = int.from_bytes(message[:4], "big")
    return dict(json.loads(message[4 : 4 + length]))


def camera_of(message: bytes) -> str:
    return str(header_of(message)["camera"])


async def test_viewer_gets_the_frames_of_all_cameras_although_it_reads_late(server: Server) -> None:
    async with server.role() as role, server.viewer() as viewer:
        await until_watched(role, {"gate": 1, "yard": 1})
        for camera in ("gate", "yard"):
            await role.send(frame(1, camera=camera))
        assert {camera_of(await next_frame(viewer)) for _ in range(2)} == {"gate", "yard"}


async def test_viewer_of_one_camera_gets_only_its_frames_and_detections(server: Server) -> None:
    async with server.role() as role, server.viewer("?camera=yard") as viewer:
        await until_watched(role, {"gate": 0, "yard": 1})
        for camera in ("gate", "yard"):
            await send(role, detections(camera, 1))
            await role.send(frame(1, camera=camera))
        assert (await next_text(viewer, "detections"))["camera"] == "yard"
        assert camera_of(await next_frame(viewer)) == "yard"


async def test_the_camera_of_a_viewer_may_be_repeated(server: Server) -> None:
    async with server.role() as role, server.viewer("?camera=yard&camera=gate"):
        await until_watched(role, {"gate": 1, "yard": 1})


@pytest.mark.parametrize(("query", "camera"), [("", "gate"), ("?camera=yard", "yard")])
async def test_a_snapshot_is_of_one_camera(server: Server, query: str, camera: str) -> None:
    async with server.role() as role:
        answer = asyncio.create_task(asyncio.to_thread(server.ask, f"/snapshot.jpg{query}"))
        await until_watched(role, {"gate": 0, "yard": 0} | {camera: 1})
        images = {each: jpeg_of(numbered_frame(number)) for number, each in enumerate(("gate", "yard"))}
        for each in sorted(images, key=camera.__eq__):  # the other camera first
            await role.send(frame(1, images[each], camera=each))
        assert (await answer).body == images[camera]


@pytest.mark.parametrize("path", ["/snapshot.jpg", "/stream.mjpg"])
def test_an_unknown_camera_is_not_found_and_the_answer_lists_the_names(server: Server, path: str) -> None:
    answer = server.ask(f"{path}?camera=%3Cb%3Enone%0A")
    assert (answer.status, answer.body) == (404, b"no camera <b>none; the cameras are gate, yard")
    assert answer.headers["Content-Type"].startswith("text/plain")


def test_an_image_of_two_cameras_is_refused(server: Server) -> None:
    answer = server.ask("/snapshot.jpg?camera=gate&camera=yard")
    assert (answer.status, answer.body) == (400, b"camera must be given once")


async def test_a_viewer_of_an_unknown_camera_is_refused(server: Server) -> None:
    with pytest.raises(InvalidStatus) as error:
        async with server.viewer("?camera=none"):
            pass
    assert error.value.response.status_code == 404


async def publish(role: ClientConnection, frame_id: int) -> None:
    for camera in ("gate", "yard"):
        await role.send(frame(frame_id, camera=camera))
        await send(role, detections(camera, frame_id))


async def cameras_received(role: ClientConnection, viewer: ClientConnection) -> tuple[set[str], set[str]]:
    """The cameras of the frames, and those of the detections, that the viewer has received by now."""
    received = await received_by_now(role, viewer)
    texts = {each["camera"] for each in received if isinstance(each, dict) and each["type"] == "detections"}
    return {camera_of(each) for each in received if isinstance(each, bytes)}, texts


async def test_watch_changes_the_frames_that_are_sent_and_the_viewers_that_are_counted(server: Server) -> None:
    async with server.role() as role, server.viewer() as viewer:
        await until_watched(role, {"gate": 1, "yard": 1})
        await viewer.send(json.dumps({"type": "watch", "cameras": ["yard"]}))
        await until_watched(role, {"gate": 0, "yard": 1})
        await publish(role, 1)
        assert await cameras_received(role, viewer) == ({"yard"}, {"yard"})
        await viewer.send(json.dumps({"type": "watch", "cameras": []}))
        await until_watched(role, {"gate": 0, "yard": 0})


async def test_unknown_camera_in_a_watch_message_is_ignored(server: Server) -> None:
    async with server.role() as role, server.viewer() as viewer:
        await viewer.send(json.dumps({"type": "watch", "cameras": ["moon", "gate"]}))
        await until_watched(role, {"gate": 1, "yard": 0})
        await publish(role, 1)
        assert await cameras_received(role, viewer) == ({"gate"}, {"gate"})


@pytest.mark.parametrize(
    "watch",
    [
        *({"cameras": cameras} for cameras in (["a"] * 65, "gate", [1], None)),
        *({"cameras": ["gate"], "width": width} for width in (0, -1, 65536, 320.5, "320", [320])),
    ],
)
async def test_an_invalid_watch_closes_the_viewer(server: Server, watch: dict[str, object]) -> None:
    async with server.viewer() as viewer:
        await viewer.send(json.dumps({"type": "watch", **watch}))
        await asyncio.wait_for(viewer.wait_closed(), PATIENCE_S)
        assert viewer.close_code == 1008


async def test_credit_is_per_camera_and_an_ack_returns_that_of_its_camera(server: Server) -> None:
    async with server.role() as role, server.viewer("?credit=1") as viewer:
        await until_watched(role, {"gate": 1, "yard": 1})
        await publish(role, 1)
        assert (await cameras_received(role, viewer))[0] == {"gate", "yard"}
        await publish(role, 2)
        assert (await cameras_received(role, viewer))[0] == set()
        await viewer.send(json.dumps({"type": "ack", "camera": "yard", "frame_id": 1}))
        assert camera_of(await next_frame(viewer)) == "yard"
        await viewer.send(json.dumps({"type": "ack", "camera": "moon", "frame_id": 1}))
        await viewer.send(json.dumps({"type": "ack", "camera": "yard", "frame_id": 1}))  # acknowledged already
        assert (await cameras_received(role, viewer))[0] == set()
        await viewer.send(json.dumps({"type": "ack", "frame_id": 1}))  # without a name: the camera that sent it
        assert camera_of(await next_frame(viewer)) == "gate"


async def until_watched(role: ClientConnection, cameras: dict[str, int]) -> None:
    """Wait until the role receives these numbers of viewers."""
    async with asyncio.timeout(PATIENCE_S):
        while (await next_text(role, "viewers")).get("cameras") != cameras:
            pass


def tile(camera: str, width: int, frame_id: int = 1) -> bytes:
    """Return a frame for tiles."""
    header = FrameHeader(
        camera=camera, frame_id=frame_id, captured_at=time.time(), width=width, height=width // 2, tile=True
    )
    return pack_frame(header, jpeg_of(numbered_frame(frame_id)))


async def watch(viewer: ClientConnection, *cameras: str, width: int | None = None) -> None:
    """Select cameras; `width` is that of tiles."""
    await viewer.send(json.dumps({"type": "watch", "cameras": cameras} | ({"width": width} if width else {})))


async def until_tiles(role: ClientConnection, cameras: dict[str, int], tiles: dict[str, int]) -> None:
    """Wait until the role receives these numbers of viewers of full frames, and these widths of tiles."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            message = await next_text(role, "viewers")
            if (message["cameras"], message.get("tiles", {})) == (cameras, tiles):
                return


async def frames_received(role: ClientConnection, viewer: ClientConnection) -> list[tuple[str, int]]:
    """The camera and the width of each frame that the viewer has received by now."""
    headers = [header_of(each) for each in await received_by_now(role, viewer) if isinstance(each, bytes)]
    return [(header["camera"], header["width"]) for header in headers]


async def test_a_viewer_of_tiles_gets_the_smaller_frames_and_others_the_full_ones(server: Server) -> None:
    async with server.role() as role, server.viewer() as wall, server.viewer() as full:
        await watch(wall, "gate", "yard", width=80)
        await until_tiles(role, {"gate": 1, "yard": 1}, {"gate": 80, "yard": 80})
        for camera in ("gate", "yard"):
            await role.send(frame(1, camera=camera))  # 160 pixels wide
            await role.send(tile(camera, 80))
        assert await frames_received(role, wall) == [("gate", 80), ("yard", 80)]
        assert await frames_received(role, full) == [("gate", 160), ("yard", 160)]


async def test_tiles_of_a_small_camera_get_its_full_frames(server: Server) -> None:
    async with server.role() as role, server.viewer() as wall:
        await watch(wall, "gate", width=320)
        await until_tiles(role, {"gate": 0, "yard": 0}, {"gate": 320})
        await role.send(frame(1, camera="gate"))
        assert await frames_received(role, wall) == [("gate", 160)]


async def test_one_smaller_frame_is_for_all_viewers_of_tiles_as_wide_as_the_widest(server: Server) -> None:
    async with server.role() as role, server.viewer() as wall, server.viewer() as other:
        await watch(wall, "gate", width=80)
        await watch(other, "gate", "moon", width=120)
        await until_tiles(role, {"gate": 0, "yard": 0}, {"gate": 120})
        await role.send(tile("gate", 120))
        for viewer in (wall, other):
            assert await frames_received(role, viewer) == [("gate", 120)]
        await watch(other)
        await until_tiles(role, {"gate": 0, "yard": 0}, {"gate": 80})
        await watch(wall, "gate")
        await until_tiles(role, {"gate": 1, "yard": 0}, {})


async def test_a_full_frame_that_is_wider_than_the_tiles_is_not_sent_to_them(server: Server) -> None:
    async with server.role() as role, server.viewer() as wall:
        await watch(wall, "gate", width=80)
        await until_tiles(role, {"gate": 0, "yard": 0}, {"gate": 80})
        await role.send(frame(1, camera="gate"))
        await role.send(tile("gate", 120))  # for a tile that was wider
        assert await frames_received(role, wall) == []
