"""Readiness: whether every camera gives frames and every processor results, and what is wrong."""

from collections.abc import Collection, Iterable, Sized
from dataclasses import asdict, dataclass
from typing import Any

from common.messaging.info import CameraInfo, ProcessorInfo
from common.messaging.messages import Status
from common.server.stats import StatsBoard


@dataclass(frozen=True)
class Readiness:
    """The answer of /readyz. `frames`: of every camera; `inference`: results of every processor.

    `problems` has the states that are not ok, and what is silent without one. It has no message of a status: /readyz,
    which needs no token, shows no more than that.
    """

    frames: bool
    inference: bool
    problems: list[str]

    @property
    def ready(self) -> bool:
        """Whether all of it works."""
        return self.frames and self.inference

    def as_json(self) -> dict[str, Any]:
        """Return the fields of the answer."""
        return {"ready": self.ready, **asdict(self)}


def readiness(
    stats: StatsBoard,
    cameras: Collection[CameraInfo],
    processors: Collection[ProcessorInfo],
    statuses: Iterable[Status],
) -> Readiness:
    """Return the state of the configured cameras and processors. A name is left out where there is one.

    A processor that gets frames of no camera is not at fault: its cameras are named.
    """
    faulty = [status for status in statuses if status.state != "ok"]
    problems = [
        f"{' '.join(filter(None, (status.component, status.camera, status.processor)))} is {status.state}"
        for status in faulty
    ]

    def has_fault(*components: str, camera: str | None = None, processor: str | None = None) -> bool:
        """Return whether a status is the reason for the silence of a camera or of a processor."""
        return any(
            status.component in components
            and status.state != "degraded"
            and status.camera in (None, camera)
            and status.processor in (None, processor)
            for status in faulty
        )

    silent = {each.name for each in cameras if not stats.flows("captured", each.capture_fps, (each.name,))}
    problems += [
        f"{named('source', name, cameras)} gives no frames"
        for name in sorted(silent)
        if not has_fault("source", "provider", camera=name)
    ]
    idle = [each for each in processors if not stats.flows("processed", each.fps, each.cameras, each.name)]
    unfed = silent | {each.name for each in cameras if has_fault("detect source", camera=each.name)}
    problems += [
        f"{named('processor', each.name, processors)} gives no detections"
        for each in idle
        if not unfed.issuperset(each.cameras) and not has_fault("processor", processor=each.name)
    ]
    return Readiness(frames=not silent, inference=not idle, problems=problems)


def named(component: str, name: str, among: Sized) -> str:
    """Return the component, with its name where there are several."""
    return f"{component} {name}" if len(among) > 1 else component
