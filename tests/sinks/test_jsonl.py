"""JSON Lines sink: whole lines, rotation, and a disk that is full."""

import json
from pathlib import Path

import pytest

from common.config.sinks import JsonlSettings
from common.errors import SinkError
from common.sinks.jsonl import JsonlSink
from tests.support.events import event


async def send(path: Path, numbers: range, max_mb: float = 100, keep: int = 5) -> None:
    async with JsonlSink(JsonlSettings(type="jsonl", path=str(path), max_mb=max_mb, keep=keep)).connect() as connection:
        for number in numbers:
            await connection.send(event(number))


def names(folder: Path) -> list[str]:
    return [file.name for file in folder.iterdir()]


def ids(path: Path) -> list[int]:
    return [int(json.loads(line)["event_id"]) for line in path.read_text().splitlines()]


async def test_each_event_is_a_line_of_json(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "events.jsonl"
    await send(path, range(3))
    assert json.loads(path.read_text().splitlines()[1]) == event(1).model_dump()
    assert ids(path) == [0, 1, 2]


async def test_a_file_that_would_grow_too_large_is_rotated_and_the_oldest_removed(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    size = len(event(0).model_dump_json()) + 1
    await send(path, range(10), max_mb=3.5 * size / 1e6, keep=3)
    assert [ids(file) for file in (path, tmp_path / "events.jsonl.1", tmp_path / "events.jsonl.2")] == [
        [9],
        [6, 7, 8],
        [3, 4, 5],
    ]
    assert len(names(tmp_path)) == 3


async def test_one_kept_file_is_begun_again(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    await send(path, range(4), max_mb=0.0005, keep=1)
    assert ids(path)[-1] == 3
    assert names(tmp_path) == [path.name]


async def test_half_a_line_of_a_killed_process_spoils_no_other(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text('{"event_id": "1", "cam')
    await send(path, range(2, 4))
    assert [json.loads(line)["event_id"] for line in path.read_text().splitlines()[1:]] == ["2", "3"]


async def test_a_file_that_cannot_be_written_is_a_failure_before_the_first_event(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SinkError, match=r"file/events\.jsonl: (File exists|Not a directory)"):
        await send(tmp_path / "file" / "events.jsonl", range(0))


async def test_a_full_disk_is_a_failure_that_is_tried_again() -> None:
    with pytest.raises(SinkError, match="/dev/full: "):
        await send(Path("/dev/full"), range(1))
