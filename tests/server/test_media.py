"""JPEG over HTTP: the snapshot, and the MJPEG stream for video players."""

import asyncio
import http.client
import socket
import threading
import time
from statistics import median

import cv2
import numpy as np
import pytest

from common.frames import Image
from common.messaging.messages import Detection, Detections
from common.server import draw_boxes, media
from tests.support.servers import (
    PATIENCE_S,
    Answer,
    Server,
    frame,
    frame_id_of,
    is_closed,
    large_jpeg,
    next_frame,
    received_by_now,
    serving,
    until_viewers,
)
from tests.support.videos import jpeg_of, number_in, numbered_frame


async def test_snapshot_without_viewers_starts_the_encoding(server: Server) -> None:
    async with server.role() as role:
        await until_viewers(role, 0)
        answer = asyncio.create_task(snapshot(server))
        await until_viewers(role, 1)  # the provider encodes only while there is a viewer
        await role.send(frame(77))
        taken = await answer
        await until_viewers(role, 0)
    assert taken.status == 200
    assert taken.headers["Content-Type"] == "image/jpeg"
    assert taken.headers["Cache-Control"] == "no-store"
    assert taken.body == jpeg_of(numbered_frame(77))


async def test_snapshot_is_a_new_frame_not_a_stored_one(server: Server) -> None:
    async with server.role() as role, server.viewer() as viewer:
        await role.send(frame(1))
        await next_frame(viewer)
        answer = asyncio.create_task(snapshot(server))
        await until_viewers(role, 2)
        await role.send(frame(2))
        assert number_in(decoded((await answer).body)) == 2


def test_snapshot_without_video_is_503_with_the_reason(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(media, "FIRST_FRAME_S", 0.2)
    answer = server.ask("/snapshot.jpg")
    assert answer.status == 503
    assert b"no video" in answer.body


def test_head_request_for_the_stream_is_405(server: Server) -> None:
    assert server.ask("/stream.mjpg", method="HEAD").status == 405


async def test_stream_sends_each_frame_as_one_part(server: Server) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE_S)
    async with server.role() as role:
        connection.request("GET", "/stream.mjpg")
        response = await asyncio.to_thread(connection.getresponse)
        kind, _, boundary = response.headers["Content-Type"].partition("; boundary=")
        assert kind == "multipart/x-mixed-replace"
        await until_viewers(role, 1)
        for number in range(20, 30):
            await role.send(frame(number))
            headers, jpeg = await asyncio.to_thread(next_part, response, boundary)
            assert headers == {"Content-Type": "image/jpeg", "Content-Length": str(len(jpeg))}
            assert jpeg == jpeg_of(numbered_frame(number))
    response.close()
    connection.close()


async def test_ffmpeg_plays_the_stream(server: Server) -> None:
    async with server.role() as role:
        numbers = asyncio.create_task(asyncio.to_thread(play, f"http://127.0.0.1:{server.port}/stream.mjpg", 10))
        await until_viewers(role, 1)
        number = 0
        while not numbers.done():
            number = (number + 1) % 1024
            await role.send(frame(number))
            await asyncio.sleep(1 / 60)
    played = await numbers
    assert len(played) == 10
    assert played == sorted(set(played))


async def test_slow_reader_is_closed_and_does_not_slow_others(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    deadline_s = 0.5
    monkeypatch.setattr(media, "WRITE_DEADLINE_S", deadline_s)
    jpeg, fps, frames = large_jpeg(), 30, 60
    with server.silent_reader("/stream.mjpg") as silent:
        async with server.role() as role, server.viewer() as viewer:
            await until_viewers(role, 2)
            delays_s = []
            for number in range(frames):
                sent_at = time.monotonic()
                await role.send(frame(number, jpeg))
                assert frame_id_of(await next_frame(viewer)) == number
                delays_s.append(time.monotonic() - sent_at)
                await asyncio.sleep(1 / fps)
            await until_viewers(role, 1)
        assert median(delays_s) < deadline_s / 2
        assert await asyncio.to_thread(is_closed, silent)


async def test_disconnected_reader_is_not_counted(server: Server) -> None:
    async with server.role() as role:
        reader = server.silent_reader("/stream.mjpg")
        await until_viewers(role, 1)
        reader.shutdown(socket.SHUT_RDWR)
        reader.close()
        await until_viewers(role, 0)


CARS = {"vehicles": (0.1, 0.2, 0.4, 0.9), "people": (0.6, 0.2, 0.9, 0.9)}


def found(processor: str, age_s: float = 0) -> Detections:
    """The detections of a processor: one object, in its own half of the frame."""
    car = Detection(label="Auto é", score=0.5, box=CARS[processor])
    return Detections(camera="main", processor=processor, frame_id=1, captured_at=time.time() - age_s, inference_ms=1,
                      processing_ms=1, detections=(car,))  # fmt: skip


def drawn(image: Image, processor: str) -> bool:
    """Whether the sides of the box of a processor have its colour."""
    height, width = image.shape[:2]
    x1, y1, _, y2 = CARS[processor]
    side = image[round((y1 + 0.2) * height) : round(y2 * height) - 5, round(x1 * width)]
    colour = draw_boxes.COLOURS[list(CARS).index(processor)]
    return bool(np.abs(np.median(side, axis=0) - colour).max() < 90)


GREY = jpeg_of(np.full((360, 640, 3), 128, np.uint8))


async def test_boxes_are_drawn_in_the_colour_of_their_processor() -> None:
    with serving(processors=tuple(CARS)) as server:
        async with server.role() as role, server.viewer() as viewer:
            for processor, age_s, expected in (("vehicles", 0, [True, False]), ("people", 5, [True, False]),
                                               ("people", 0, [True, True])):  # fmt: skip
                await role.send(found(processor, age_s).model_dump_json())
                await received_by_now(role, viewer)
                answer = asyncio.create_task(snapshot(server, "?boxes=1"))
                await until_viewers(role, 2)
                await role.send(frame(1, GREY))
                image = decoded((await answer).body)
                await until_viewers(role, 1)
                assert image.shape == (360, 640, 3)
                assert [drawn(image, name) for name in CARS] == expected


async def test_boxes_are_drawn_once_for_all_readers_and_not_without_readers(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[threading.Thread] = []

    def count(jpeg: bytes, *_: object) -> bytes:
        calls.append(threading.current_thread())
        return jpeg

    monkeypatch.setattr(draw_boxes, "draw_boxes", count)
    async with server.role() as role:
        answers = [asyncio.create_task(snapshot(server, "?boxes=1")) for _ in range(3)]
        await until_viewers(role, 1)
        while not all(answer.done() for answer in answers):
            await role.send(frame(7))
            await asyncio.sleep(0.05)
        assert {(await answer).body for answer in answers} == {jpeg_of(numbered_frame(7))}
        drawn_frames = len(calls)
        assert all(thread.name.startswith("asyncio") for thread in calls)
        await until_viewers(role, 0)
        await role.send(frame(8))
        assert (await asyncio.to_thread(server.ask, "/api/stats")).status == 200
    assert len(calls) == drawn_frames


async def test_a_frame_that_cannot_be_decoded_is_sent_without_boxes(server: Server) -> None:
    broken = b"\xff\xd8 pixels \xff\xd9"
    async with server.role() as role:
        answer = asyncio.create_task(snapshot(server, "?boxes=1"))
        await until_viewers(role, 1)
        await role.send(frame(1, broken))
        assert (await answer).body == broken


@pytest.mark.parametrize("path", ["/snapshot.jpg", "/stream.mjpg"])
@pytest.mark.parametrize("value", ["2", "", "true", "%31%0A"])
def test_a_bad_value_of_boxes_is_refused(server: Server, path: str, value: str) -> None:
    answer = server.ask(f"{path}?boxes={value}")
    assert (answer.status, answer.body[:22]) == (400, b"boxes must be 0 or 1, ")


async def snapshot(server: Server, query: str = "") -> Answer:
    return await asyncio.to_thread(server.ask, f"/snapshot.jpg{query}")


def decoded(jpeg: bytes) -> Image:
    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return np.asarray(image, np.uint8)


def next_part(response: http.client.HTTPResponse, boundary: str) -> tuple[dict[str, str], bytes]:
    """Return the headers and the body of the next part of a multipart response."""
    assert response.readline() == f"--{boundary}\r\n".encode()
    headers = {}
    while line := response.readline().strip():
        name, _, value = line.decode().partition(": ")
        headers[name] = value
    body = response.read(int(headers["Content-Length"]))
    assert response.readline() == b"\r\n"
    return headers, body


def play(url: str, count: int) -> list[int]:
    """Return the numbers in the first `count` frames that FFmpeg decodes."""
    timeout = (cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, PATIENCE_S * 1000, cv2.CAP_PROP_READ_TIMEOUT_MSEC, PATIENCE_S * 1000)
    capture = cv2.VideoCapture(url, cv2.CAP_FFMPEG, timeout)
    numbers: list[int] = []
    while len(numbers) < count:
        taken, image = capture.read()
        if not taken:
            break
        numbers.append(number_in(np.asarray(image, np.uint8)))
    capture.release()
    return numbers
