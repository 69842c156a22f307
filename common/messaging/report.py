"""The message for what a role measured: counts, drops, times and gauges."""

from typing import Annotated, Literal, NamedTuple, TypeAlias

from pydantic import Field

from common.messaging.base import Measure, Message, Name

Time: TypeAlias = Literal[
    "encode_ms", "inference_ms", "processing_ms", "processor_age_ms", "paint_age_ms", "gil_delay_ms"
]
Count: TypeAlias = Annotated[float, Field(ge=0, le=1e12)]
Seconds: TypeAlias = Annotated[float, Field(ge=1e-3, le=1e9)]


class Subject(NamedTuple):
    """What a measurement is of: a camera, a processor, both, or neither."""

    camera: str | None
    processor: str | None


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
