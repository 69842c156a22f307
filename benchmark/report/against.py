"""A run beside an earlier one: every figure as now ÷ then."""

from benchmark.cases import PEOPLE_SAY
from benchmark.report.figures import WORKLOAD, Figures, summarise
from benchmark.report.report import Section, Table
from benchmark.results import AnyResults, PipelineResults
from common.errors import SettingsError

# What says how good a run was, by kind. Maxima and shares near 0 would give ratios that mean nothing.
COMPARED = {
    "pipeline": (
        "UI FPS", "interval p99", "frame age p50", "frame age p99", "inference p50", "processing p50", "results/s",
        "CPU %", "memory MB", "first frame s",
    ),
    "transport": ("put p50", "put p99", "hand-over p50"),
    "viewers": ("slowest UI FPS", "interval p99", "frame age p99", "server CPU %", "server MB end"),
}  # fmt: skip
LIMITS = ("memcpy_ms", "encode_ms", "echo_ms", "session_run_ms")


def check_comparable(earlier: AnyResults, kind: str) -> None:
    """Raises SettingsError when `earlier` is of another kind of benchmark, or has workloads that are not known here."""
    if earlier.kind != kind:
        raise SettingsError(f"--against: the earlier results are of `bench {earlier.kind}`, not of `bench {kind}`")
    if isinstance(earlier, PipelineResults):
        unknown = {run.workload for run in earlier.runs} - WORKLOAD.keys()
        if unknown:
            raise SettingsError(f"--against: the workloads {', '.join(sorted(unknown))} are no longer measured")


def against(now: AnyResults, then: AnyResults) -> Section:
    """The section that compares `now` with `then`."""
    columns = COMPARED[now.kind]
    before = summarise(then)
    rows = [
        [
            ", ".join(PEOPLE_SAY.get(word, word) for word in cell),
            *(ratio(figures, before[cell], column) for column in columns),
        ]
        for cell, figures in summarise(now).items()
        if cell in before
    ]
    text = f"Now ÷ then; 1.00 is unchanged. Then: {then.started_at}, {then.environment.cpu}, {then.environment.python}."
    if isinstance(now, PipelineResults) and isinstance(then, PipelineResults):
        drift = {name: getattr(now.limits, name) / getattr(then.limits, name) for name in LIMITS}
        told = ", ".join(f"{name.removesuffix('_ms').replace('_', ' ')} {value:.2f}" for name, value in drift.items())
        text += f" The machine itself: {told}."
    if changed := different_settings(now, then):
        text += f" Not the same: {changed}."
    return Section("Against an earlier run", text, table=Table(("now ÷ then", *columns), rows))


def ratio(now: Figures, then: Figures, figure: str) -> str:
    """How much of it there is now; – where there was none."""
    return f"{now[figure] / then[figure]:.2f}" if then[figure] else "–"


def different_settings(now: AnyResults, then: AnyResults) -> str:
    """The settings that matter and differ, as a list in words."""
    names = ("source", "model", "capture_fps", "ui_fps", "queue_fps", "jpeg_quality", "seconds")
    pairs = {name: (getattr(now.settings, name), getattr(then.settings, name)) for name in names}
    return ", ".join(f"{name} {after} (then {before})" for name, (after, before) in pairs.items() if after != before)
