"""Results of a benchmark with all samples: the schema of results.json."""

from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from common.errors import SettingsError

Samples: TypeAlias = tuple[float, ...]
Share: TypeAlias = Annotated[float, Field(ge=0)]
"""Of all cores; may exceed 1 slightly, since clocks are read one after the other."""

MAX_BACKGROUND_SHARE = 0.1  # of the machine used by other programs; a run with more is counted as disturbed


class Record(BaseModel):
    """Validated when created or read, then immutable. `*_ms` and `*_mb` carry their unit; CPU is in cores."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Environment(Record):
    """Machine and software. `gil` is by role: whether the GIL is enabled after the imports of that role."""

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


class BenchmarkSettings(Record):
    """Settings of the benchmark. `order_seed` seeds the order of the runs; `quick` marks a run with few samples."""

    command: str
    quick: bool = False
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


class Baseline(Record):
    """Best times of this machine, each a median. `session_run_cpu_ms` is the CPU time of all threads."""

    width: int
    height: int
    jpeg_bytes: int
    memcpy_ms: float
    encode_ms: float
    echo_ms: float
    session_run_ms: float
    session_run_cpu_ms: float


class BackgroundLoad(Record):
    """CPU used beside the app: by the benchmark itself (cores), and by other programs (share of the machine)."""

    measuring_cpu: float
    others: Share


class BenchmarkRun(Record):
    """Common to the runs of all suites. `round` counts from 1."""

    round: int
    seconds: float
    background: BackgroundLoad = Field(validation_alias=AliasChoices("background", "surroundings"))  # the former name


class PipelineRun(BenchmarkRun):
    """One app with one viewer. GIL delays are by role, one value per second; `cpu` is by role or all roles."""

    implementation: str
    workload: str
    first_frame_s: float
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


class TransportRun(BenchmarkRun):
    """One queue in isolation. A refused frame is lost; the consumer is busy for `taking_ms` with each frame."""

    queue: str
    width: int
    height: int
    put_fps: float
    taking_ms: float
    put_ms: Samples
    hand_over_ms: Samples
    puts: int
    overwritten: int
    refused: int


class ViewerResult(Record):
    """Figures of one of many viewers."""

    ui_fps: float
    interval_p99_ms: float
    frame_age_p99_ms: float
    results_per_s: float = 0.0


class ViewersRun(BenchmarkRun):
    """One app with many viewers. `server_*` is of the process of the server: with threads, of the whole app."""

    implementation: str
    viewers: int
    stalled: int
    reading: tuple[ViewerResult, ...]
    server_cpu: float
    server_memory_before_mb: float
    server_memory_begin_mb: float
    server_memory_end_mb: float


class CamerasRun(BenchmarkRun):
    """One app with several cameras and a viewer of each. `round` is the number of the try; `cpu` is of the app."""

    implementation: str
    workload: str
    viewers: tuple[ViewerResult, ...]
    cpu: float
    memory_mb: float


class NodeUsage(Record):
    """One node: its main process, which holds its link, and its roles. Bytes are those of its link to the hub."""

    node: str
    main_cpu: float
    main_mb: float
    roles_cpu: float
    roles_mb: float
    sent_kb_per_s: float
    received_kb_per_s: float


class NodesRun(BenchmarkRun):
    """Several nodes, the servers first, then that of the cameras and that of the processor."""

    cameras: int
    servers: int
    viewers: tuple[ViewerResult, ...]
    nodes: tuple[NodeUsage, ...]


class Results(Record):
    """Common to the results of all suites. `format` is incremented when older readers cannot read the file."""

    format: Literal[1] = 1
    started_at: str
    environment: Environment
    settings: BenchmarkSettings


class PipelineResults(Results):
    """`bench pipeline`. `put_ms` and `hand_over_ms` are medians by implementation, for a frame of the source."""

    kind: Literal["pipeline"] = "pipeline"
    baseline: Baseline = Field(validation_alias=AliasChoices("baseline", "limits"))  # the former name
    put_ms: dict[str, float]
    hand_over_ms: dict[str, float]
    runs: tuple[PipelineRun, ...]


class TransportResults(Results):
    """`bench transport`. `memcpy_ms` is a median by frame size, e.g. "1280×720"."""

    kind: Literal["transport"] = "transport"
    memcpy_ms: dict[str, float]
    runs: tuple[TransportRun, ...]


class ViewersResults(Results):
    """`bench viewers`."""

    kind: Literal["viewers"] = "viewers"
    runs: tuple[ViewersRun, ...]


class CamerasResults(Results):
    """`bench cameras`."""

    kind: Literal["cameras"] = "cameras"
    runs: tuple[CamerasRun, ...]


class NodesResults(Results):
    """`bench nodes`."""

    kind: Literal["nodes"] = "nodes"
    runs: tuple[NodesRun, ...]


AnyResults: TypeAlias = PipelineResults | TransportResults | ViewersResults | CamerasResults | NodesResults
_results: TypeAdapter[AnyResults] = TypeAdapter(Annotated[AnyResults, Field(discriminator="kind")])


def load_results(path: Path) -> AnyResults:
    """Read results.json. Raises SettingsError."""
    try:
        return _results.validate_json(path.read_bytes())
    except OSError as error:
        raise SettingsError(f"cannot read {str(path)!r}: {error.strerror}") from error
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in fault["loc"])
        message = f"{str(path)!r} is not a results.json of a benchmark: {where and f'{where}: '}{fault['msg']}"
        raise SettingsError(message) from error
