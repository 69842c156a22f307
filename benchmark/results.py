"""What a benchmark writes down, every sample of it: the schema of results.json."""

from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from common.errors import SettingsError

Samples: TypeAlias = tuple[float, ...]
Share: TypeAlias = Annotated[float, Field(ge=0)]
"""Of all cores together; may be a little above 1, since clocks are read one after the other."""


class Part(BaseModel):
    """Checked when it is made or read, and unchanged after. `*_ms` and `*_mb` say their unit; CPU is in cores."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Environment(Part):
    """What it was measured on. `gil` says whether it is on once everything that a role needs is imported."""

    cpu: str
    cores: int
    usable_cores: int
    memory_mb: float
    system: str
    python: str
    gil: dict[str, bool]
    switch_interval_ms: float
    packages: dict[str, str]
    threads: dict[str, int]


class Settings(Part):
    """What was asked for. `order_seed` shuffles the order of the runs within each round."""

    command: str
    source: str
    model: str
    capture_fps: float
    ui_fps: float
    queue_fps: float
    jpeg_quality: int
    seconds: float
    warm_up_s: float
    repeats: int
    order_seed: int


class Limits(Part):
    """What this machine can do at best, each a median. `session_run_cpu_ms` is the CPU time of all its threads."""

    width: int
    height: int
    jpeg_bytes: int
    memcpy_ms: float
    encode_ms: float
    echo_ms: float
    session_run_ms: float
    session_run_cpu_ms: float


class Surroundings(Part):
    """How disturbed a run was: CPU of the measuring itself (cores), and the share of the machine others took."""

    measuring_cpu: float
    others: Share


class PipelineRun(Part):
    """One app with one viewer. GIL delays are per role, one value for each second."""

    implementation: str
    workload: str
    round: int
    first_frame_s: float
    seconds: float
    interval_ms: Samples
    frame_age_ms: Samples
    inference_ms: Samples
    processing_ms: Samples
    gil_delay_p50_ms: dict[str, Samples]
    gil_delay_p99_ms: dict[str, Samples]
    queued: int
    overwritten: int
    cpu: dict[str, float]
    memory_mb: float
    surroundings: Surroundings


class TransportRun(Part):
    """One queue, alone. A put that is refused leaves the older frame there; `taking_ms` is the consumer's work."""

    queue: str
    width: int
    height: int
    put_fps: float
    taking_ms: float
    round: int
    seconds: float
    put_ms: Samples
    hand_over_ms: Samples
    puts: int
    overwritten: int
    refused: int
    surroundings: Surroundings


class Watched(Part):
    """What one of many viewers saw."""

    ui_fps: float
    interval_p99_ms: float
    frame_age_p99_ms: float


class ViewersRun(Part):
    """One app with many viewers. `server_*` is the process that serves: with threads, all of the app."""

    implementation: str
    viewers: int
    stalled: int
    round: int
    seconds: float
    reading: tuple[Watched, ...]
    server_cpu: float
    server_memory_before_mb: float
    server_memory_begin_mb: float
    server_memory_end_mb: float
    surroundings: Surroundings


class Results(Part):
    """What every kind of benchmark says first."""

    format: Literal[1] = 1  # rises when an older reader could no longer make sense of the file
    started_at: str
    environment: Environment
    settings: Settings


class PipelineResults(Results):
    """`bench pipeline`. `put_ms` and `hand_over_ms` are medians by implementation, for a frame of the source."""

    kind: Literal["pipeline"] = "pipeline"
    limits: Limits
    put_ms: dict[str, float]
    hand_over_ms: dict[str, float]
    runs: tuple[PipelineRun, ...]


class TransportResults(Results):
    """`bench transport`. `memcpy_ms` is a median by size of the frame, "1280×720"."""

    kind: Literal["transport"] = "transport"
    memcpy_ms: dict[str, float]
    runs: tuple[TransportRun, ...]


class ViewersResults(Results):
    """`bench viewers`."""

    kind: Literal["viewers"] = "viewers"
    runs: tuple[ViewersRun, ...]


AnyResults: TypeAlias = PipelineResults | TransportResults | ViewersResults
_results: TypeAdapter[AnyResults] = TypeAdapter(Annotated[AnyResults, Field(discriminator="kind")])


def load_results(path: Path) -> AnyResults:
    """The results in the file at `path`. Raises SettingsError where they cannot be read."""
    try:
        return _results.validate_json(path.read_bytes())
    except OSError as error:
        raise SettingsError(f"cannot read {str(path)!r}: {error.strerror}") from error
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in fault["loc"])
        message = f"{str(path)!r} is no results.json of a benchmark: {where and f'{where}: '}{fault['msg']}"
        raise SettingsError(message) from error
