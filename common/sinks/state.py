"""The state that sinks publish: the newest values only, never spooled."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Pair: TypeAlias = tuple[str, str]  # camera, processor


@dataclass
class State:
    """What is known of cameras and processors at this moment.

    `cameras` is whether frames arrive, by camera; `values` are the named numbers of a processor, `objects` how many of
    each label it found in its newest frame, both by camera and processor. Fed with the messages that viewers get.
    """

    cameras: dict[str, bool] = field(default_factory=dict)
    values: dict[Pair, dict[str, float]] = field(default_factory=dict)
    objects: dict[Pair, dict[str, int]] = field(default_factory=dict)

    def update(self, message: dict[str, Any]) -> None:
        """Take in a message of `/ws/ui`; other types than hello, detections and status change nothing."""
        match message:
            case {"type": "hello", "cameras": [*cameras]}:
                for camera in cameras:
                    self.cameras.setdefault(camera["name"], True)
            case {"type": "status", "component": "source", "state": state, **rest}:
                self.cameras[rest.get("camera") or "main"] = state == "ok"
            case {"type": "detections", "camera": camera, "detections": [*detections], **rest}:
                pair = camera, rest.get("processor") or "main"
                found = Counter(detection["label"] for detection in detections)
                # A label that was found before is reported as 0, so that receivers see its end.
                self.objects[pair] = {label: found[label] for label in {*self.objects.get(pair, {}), *found}}
                self.values.setdefault(pair, {}).update(rest.get("values") or {})
