"""What processors found, as metrics: objects by label, and values."""

from common.messaging.messages import Detection, Detections
from common.server.newest_detections import MAX_LABELS, NewestDetections
from common.server.prometheus import findings_text
from tests.support.clock import Clock
from tests.support.exposition import samples


def test_objects_and_values_are_of_the_newest_detections_and_not_of_a_processor_that_stopped() -> None:
    clock = Clock()
    newest = NewestDetections(frozenset({"gate"}), {"people": 5.0, "slow": 0.1}, clock)
    for processor in ("people", "slow", "moon"):
        newest.add(found(processor, {"car": 2, "bus": 1}, {"in": 3}), "")
    newest.add(found("people", {"car": 1}, {"in": 4, "out": 1.5}), "")
    metrics = samples(findings_text(newest).decode())
    assert metrics == {
        ("vision_objects", "people", "car", "gate"): 1,
        ("vision_objects", "people", "bus", "gate"): 0,
        ("vision_objects", "slow", "car", "gate"): 2,
        ("vision_objects", "slow", "bus", "gate"): 1,
        ("vision_value", "people", "in", "gate"): 4,
        ("vision_value", "people", "out", "gate"): 1.5,
        ("vision_value", "slow", "in", "gate"): 3,
    }
    clock.now += 29
    assert {key[1] for key in samples(findings_text(newest).decode())} == {"slow"}
    clock.now += 2
    assert samples(findings_text(newest).decode()) == {}


def test_labels_and_names_of_values_are_limited_in_number() -> None:
    newest = NewestDetections(frozenset({"gate"}), {"people": 5.0}, Clock())
    for number in range(3 * MAX_LABELS):
        newest.add(found("people", {f"label {number}": 1, f"more {number}": 2}, {f"value {number}": number}), "")
    metrics = samples(findings_text(newest).decode())
    assert len(metrics) == MAX_LABELS + 1
    assert metrics["vision_objects", "people", "other", "gate"] == 3
    newest.add(found("people", {"label 0": 1}, {"value 0": 7, "value 149": 8}), "")
    metrics = samples(findings_text(newest).decode())
    assert metrics["vision_objects", "people", "label 0", "gate"] == 1
    assert {key: value for key, value in metrics.items() if key[0] == "vision_value"} == {
        ("vision_value", "people", "value 0", "gate"): 7
    }


def found(processor: str, objects: dict[str, int], values: dict[str, float]) -> Detections:
    """The detections of a frame with these numbers of objects by label."""
    return Detections(
        camera="gate",
        processor=processor,
        frame_id=1,
        captured_at=1,
        inference_ms=1,
        processing_ms=1,
        detections=tuple(Detection(label, 1.0, (0, 0, 1, 1)) for label, count in objects.items() for _ in range(count)),
        values=values,
    )
