"""The message for what a role measured: counts, drops, times and gauges."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, NamedTuple, TypeAlias

from pydantic import Field

from common.messaging.base import Measure, Message, Name

Time: TypeAlias = Literal[
    "encode_ms", "inference_ms", "processing_ms", "processor_age_ms", "paint_age_ms", "gil_delay_ms"
]
Count: TypeAlias = Annotated[float, Field(ge=0, le=1e12)]
Seconds: TypeAlias = Annotated[float, Field(ge=1e-3, le=1e9)]


MAX_SAMPLES = 1000  # of each name in a report: the newest 20 s of the GIL probe while no report can be sent


class Subject(NamedTuple):
    """What a measurement is of: a camera, a processor, both, or neither."""

    camera: str | None
    processor: str | None


def sums(one: Mapping[str, float], other: Mapping[str, float]) -> dict[str, float]:
    """Return the sum of two counts of each name."""
    return {name: one.get(name, 0) + other.get(name, 0) for name in {**one, **other}}


class Measurements(Message):
    """What was measured of a camera, of a processor, or of both; of neither where these are None.

    counts: increments by stage (captured, queued …). drops: increments by "consumer/cause". samples: every single time
    measured, in ms.
    """

    camera: Name | None = None
    processor: Name | None = None
    counts: dict[Name, Count] = Field(default_factory=dict)
    drops: dict[Annotated[str, Field(max_length=100, pattern="^[^/]+/.+$")], Count] = Field(default_factory=dict)
    samples: dict[Time, Annotated[tuple[Measure, ...], Field(min_length=1)]] = Field(default_factory=dict)

    @property
    def subject(self) -> Subject:
        """The camera and the processor."""
        return Subject(self.camera, self.processor)

    def added_to(self, earlier: "Measurements") -> dict[str, Any]:
        """Return the fields of the sum of two measurements of the same subject, with the newest MAX_SAMPLES."""
        samples = {
            name: (*earlier.samples.get(name, ()), *self.samples.get(name, ()))[-MAX_SAMPLES:]
            for name in earlier.samples | self.samples
        }
        return {
            "counts": sums(earlier.counts, self.counts),
            "drops": sums(earlier.drops, self.drops),
            "samples": samples,
        }


class MetricsReport(Measurements):
    """What one role measured in the last `duration_s` seconds, the time since its last report.

    `camera` and `processor` are those of the role; `parts` is what it measured of others, as a provider does of each
    processor. gauges: values at this moment (cpu_percent of one core, memory_mb, source_fps).
    """

    type: Literal["report"] = "report"
    role: Name
    pid: Annotated[int, Field(ge=0, lt=2**31)]
    duration_s: Seconds
    gauges: dict[Name, Measure] = Field(default_factory=dict)
    parts: Annotated[tuple[Measurements, ...], Field(max_length=1000)] = ()

    def measurements(self) -> tuple[Measurements, ...]:
        """Return those of the role, and its parts."""
        return (self, *self.parts)

    def after(self, earlier: "MetricsReport") -> "MetricsReport":
        """Return one report of what this one and the one before it, of the same role, measured."""
        parts = {part.subject: part for part in earlier.parts}
        for part in self.parts:
            before = parts.get(part.subject)
            parts[part.subject] = part.model_copy(update=part.added_to(before)) if before else part
        update = {"duration_s": earlier.duration_s + self.duration_s, "parts": tuple(parts.values())}
        return self.model_copy(update=self.added_to(earlier) | update)
