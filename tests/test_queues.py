"""The queues of the app: one for each camera and worker, each replaced alone."""

import numpy as np
import pytest

from common.config.settings import Settings
from common.frames import Frame
from common.interfaces import Runtime
from common.queues import Queues

PATIENCE_S = 30.0


@pytest.fixture
def queues(runtime: Runtime) -> Queues:
    """Two cameras; `vehicles` uses both with two workers, `people` the gate alone."""
    settings = Settings.model_validate(
        {
            "cameras": [{"name": "gate", "source": "0"}, {"name": "yard", "source": "1"}],
            "processors": [
                {"name": "vehicles", "fps": 5, "workers": 2},
                {"name": "people", "fps": 2, "cameras": ["gate"]},
            ],
        }
    )
    return Queues(settings, runtime)


def frame(camera: str, frame_id: int) -> Frame:
    return Frame(camera, frame_id, 0.0, np.full((4, 6, 3), frame_id, np.uint8))


def test_a_camera_has_a_queue_for_each_worker_of_each_processor_that_uses_it(queues: Queues) -> None:
    outputs = {camera: queues.outputs(camera) for camera in ("gate", "yard")}
    shape = {
        camera: [(output.processor, output.fps, len(output.queues)) for output in each]
        for camera, each in outputs.items()
    }
    assert shape == {"gate": [("vehicles", 5, 2), ("people", 2, 1)], "yard": [("vehicles", 5, 2)]}


def test_the_names_of_a_camera_and_of_a_worker_meet_in_their_queue(queues: Queues) -> None:
    assert len(queues.of_camera("gate")) == 3
    assert len(queues.of_worker("vehicles", 2)) == 2
    assert queues.of_camera("gate") & queues.of_worker("people", 1) == {"gate to people 1"}
    assert not queues.of_camera("yard") & queues.of_worker("people", 1)


def test_a_worker_reads_what_its_cameras_put(queues: Queues) -> None:
    readers = {name: queues.reader(*name) for name in (("vehicles", 1), ("vehicles", 2), ("people", 1))}
    put: dict[tuple[str, int], set[tuple[str, int]]] = {name: set() for name in readers}
    frame_id = 0
    for camera in ("gate", "yard"):
        for output in queues.outputs(camera):
            for worker, queue in enumerate(output.queues, 1):
                frame_id += 1
                queue.put(frame(camera, frame_id))
                put[output.processor, worker].add((camera, frame_id))
    assert [len(frames) for frames in put.values()] == [2, 2, 1]
    for name, reader in readers.items():
        taken = [reader.get(PATIENCE_S) for _ in put[name]]
        assert {(each.camera, each.frame_id) for each in taken if each} == put[name]
        assert reader.get(0) is None


def test_only_the_queue_that_is_named_is_replaced(queues: Queues) -> None:
    before = queues.outputs("gate")
    queues.replace("gate to vehicles 2")
    after = queues.outputs("gate")
    replaced = [
        old is not new
        for first, second in zip(before, after, strict=True)
        for old, new in zip(first.queues, second.queues, strict=True)
    ]
    assert replaced == [False, True, False]
    after[0].queues[1].put(frame("gate", 7))
    taken = queues.reader("vehicles", 2).get(PATIENCE_S)
    assert taken is not None
    assert taken.frame_id == 7
