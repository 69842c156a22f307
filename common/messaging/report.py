"""The message for what a role measured: counts, drops, times and gauges."""

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from common.messaging.base import Measure, Message, Name

Time: TypeAlias = Literal[
    "encode_ms", "inference_ms", "processing_ms", "processor_age_ms", "paint_age_ms", "gil_delay_ms"
]
Count: TypeAlias = Annotated[float, Field(ge=0, le=1e12)]
Seconds: TypeAlias = Annotated[float, Field(ge=1e-3, le=1e9)]


class MetricsReport(Message):
    """What one role measured in the last `duration_s` seconds, the time since its last report.

    counts: increments by stage (captured, queued …). drops: increments by "consumer/cause". samples: every single time
    measured, in ms. gauges: values at this moment (cpu_percent of one core, memory_mb, source_fps).
    """

    type: Literal["report"] = "report"
    role: Name
    camera: Name | None = None
    processor: Name | None = None
    pid: Annotated[int, Field(ge=0, lt=2**31)]
    duration_s: Seconds
    counts: dict[Name, Count] = Field(default_factory=dict)
    drops: dict[Annotated[str, Field(max_length=100, pattern="^[^/]+/.+$")], Count] = Field(default_factory=dict)
    samples: dict[Time, Annotated[tuple[Measure, ...], Field(min_length=1)]] = Field(default_factory=dict)
    gauges: dict[Name, Measure] = Field(default_factory=dict)
