"""Comparison with an earlier run: each figure as now ÷ then."""

from benchmark.cases import IMPLEMENTATION_LABELS
from benchmark.report.figures import Figures, summarise
from benchmark.report.report import Section, Table
from benchmark.results import AnyResults, PipelineResults

# The figures compared, by suite. Maxima and percentages near 0 are left out: their ratios are noise.
COMPARED = {
    "pipeline": (
        "UI FPS", "interval p99", "frame age p50", "frame age p99", "inference p50", "processing p50", "results/s",
        "CPU %", "memory MB", "first frame s",
    ),
    "transport": ("put p50", "put p99", "hand-over p50"),
    "cameras": ("UI FPS", "interval p99", "CPU %", "memory MB"),
    "nodes": ("slowest UI FPS", "interval p99", "cameras CPU %", "server CPU %", "cameras sends kB/s"),
    "viewers": ("slowest UI FPS", "interval p99", "frame age p99", "server CPU %", "server MB end"),
}  # fmt: skip
BASELINE_TIMES = {"memcpy_ms": "memcpy", "encode_ms": "encode", "echo_ms": "echo", "session_run_ms": "session.run"}
COMPARED_SETTINGS = ("source", "model", "capture_fps", "ui_fps", "queue_fps", "jpeg_quality", "seconds")


def against(now: AnyResults, then: AnyResults) -> Section:
    """Return the section that compares `now` with `then`, for the cases that both have."""
    columns = COMPARED[now.kind]
    before = summarise(then)
    rows = [
        [
            ", ".join(IMPLEMENTATION_LABELS.get(word, word) for word in case),
            *(ratio(figures, before[case], column) for column in columns),
        ]
        for case, figures in summarise(now).items()
        if case in before
    ]
    text = f"Now ÷ then; 1.00 is unchanged. Then: {then.started_at}, {then.environment.cpu}, {then.environment.python}."
    if isinstance(now, PipelineResults) and isinstance(then, PipelineResults):
        ratios = (
            f"{label} {getattr(now.baseline, name) / getattr(then.baseline, name):.2f}"
            for name, label in BASELINE_TIMES.items()
        )
        text += f" Baseline: {', '.join(ratios)}."
    if changed := different_settings(now, then):
        text += f" Different settings: {changed}."
    return Section("Comparison with an earlier run", text, table=Table(("now ÷ then", *columns), rows))


def ratio(now: Figures, then: Figures, figure: str) -> str:
    """Return now ÷ then as text, – for a division by zero."""
    return f"{now[figure] / then[figure]:.2f}" if then[figure] else "–"


def different_settings(now: AnyResults, then: AnyResults) -> str:
    """Return the settings that affect the figures and differ, as "name value (then value), …"."""
    pairs = {name: (getattr(now.settings, name), getattr(then.settings, name)) for name in COMPARED_SETTINGS}
    return ", ".join(f"{name} {after} (then {before})" for name, (after, before) in pairs.items() if after != before)
