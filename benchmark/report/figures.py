"""From samples to figures: the runs of a cell together, as percentiles, rates and ratios to what is possible."""

import statistics
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from typing import TypeAlias, TypeVar

from benchmark.cases import WORKLOADS
from benchmark.measure.cpu_usage import MUCH
from benchmark.quantile import quantile
from benchmark.results import (
    AnyResults,
    Limits,
    PipelineResults,
    PipelineRun,
    Settings,
    TransportResults,
    TransportRun,
    ViewersRun,
)

Cell: TypeAlias = tuple[str, ...]
"""What was varied: an implementation and a workload, a queue and a size …"""
Figures: TypeAlias = dict[str, float]
"""By the names that the tables use. Of the runs of a cell: samples are pooled, single values give their median."""

VIDEO_ROLES = ("provider", "server")  # what a frame passes on its way to the viewer

WORKLOAD = {workload.name: workload for workload in WORKLOADS}

Run = TypeVar("Run")


def summarise(results: AnyResults) -> dict[Cell, Figures]:
    """The figures of every cell, in the order of the plan."""
    match results:
        case PipelineResults():
            return {cell: pipeline_figures(runs, results) for cell, runs in _cells(results.runs, _pipeline_cell)}
        case TransportResults():
            return {
                cell: transport_figures(runs, results.memcpy_ms[cell[1]])
                for cell, runs in _cells(results.runs, _transport_cell)
            }
        case _:
            return {cell: viewers_figures(runs) for cell, runs in _cells(results.runs, _viewers_cell)}


def pipeline_figures(runs: Sequence[PipelineRun], results: PipelineResults) -> Figures:
    """Times are ms, CPU is in % of one core, GIL delays are the median over the seconds of each second's p99."""
    intervals = list(chain.from_iterable(run.interval_ms for run in runs))
    ages = list(chain.from_iterable(run.frame_age_ms for run in runs))
    inference = list(chain.from_iterable(run.inference_ms for run in runs))
    processing = list(chain.from_iterable(run.processing_ms for run in runs))
    delays = {role: _pooled(run.gil_delay_p99_ms.get(role, ()) for run in runs) for role in (*VIDEO_ROLES, "processor")}
    roles = sorted(set().union(*(run.cpu for run in runs)))
    figures = {
        "UI FPS": statistics.median(ui_fps(run) for run in runs),
        "UI FPS, worst run": min(ui_fps(run) for run in runs),
        **_percentiles("interval", intervals),
        "interval max": max(intervals),
        **_percentiles("frame age", ages),
        **_percentiles("inference", inference),
        **_percentiles("processing", processing),
        "results/s": _median(runs, lambda run: len(run.inference_ms) / run.seconds),
        "puts": float(sum(run.queued for run in runs)),
        "overwritten %": 100 * sum(run.overwritten for run in runs) / max(1, sum(run.queued for run in runs)),
        **{f"GIL delay {role} p99": statistics.median(delays[role] or [0.0]) for role in delays},
        **{f"CPU {role} %": 100 * statistics.median(run.cpu.get(role, 0.0) for run in runs) for role in roles},
        "CPU %": 100 * _median(runs, lambda run: sum(run.cpu.values())),
        "machine %": 100 * _median(runs, lambda run: machine_share(run, results.environment.usable_cores)),
        "CPU beyond inference %": 100 * _median(runs, lambda run: cpu_beyond_inference(run, results.limits)),
        "memory MB": _median(runs, lambda run: run.memory_mb),
        "first frame s": _median(runs, lambda run: run.first_frame_s),
        **_surroundings(runs),
    }
    return figures | ratios(figures, runs[0].workload, results.settings, results.limits)


def ratios(figures: Figures, workload: str, settings: Settings, limits: Limits) -> Figures:
    """What was reached by what could be. A frame's age is at best one JPEG encoding and two hops."""
    repeat = WORKLOAD[workload].infer_repeat
    return {
        "UI rate ÷ asked": figures["UI FPS"] / settings.ui_fps,
        "interval p99 ÷ period": figures["interval p99"] * settings.ui_fps / 1000,
        "frame age p50 ÷ (encode + echo)": figures["frame age p50"] / (limits.encode_ms + limits.echo_ms),
        "inference p50 ÷ session.run": figures["inference p50"] / (repeat * limits.session_run_ms),
        "processing ÷ inference": figures["processing p50"] / (figures["inference p50"] or 1.0),
        "results ÷ queue rate": figures["results/s"] / settings.queue_fps,
    }


def ui_fps(run: PipelineRun) -> float:
    """Frames a second, over whole intervals."""
    return len(run.interval_ms) / run.seconds


def machine_share(run: PipelineRun, cores: int) -> float:
    """How much of the machine was busy: the app, the measuring, all others."""
    return run.surroundings.others + (sum(run.cpu.values()) + run.surroundings.measuring_cpu) / cores


def cpu_beyond_inference(run: PipelineRun, limits: Limits) -> float:
    """Cores used for all but `session.run`, which uses as much CPU as it does alone: its duration would not do,
    since it is longer on a machine that is full.
    """
    inferences = len(run.inference_ms) * WORKLOAD[run.workload].infer_repeat
    return sum(run.cpu.values()) - inferences * limits.session_run_cpu_ms / 1000 / run.seconds


def transport_figures(runs: Sequence[TransportRun], memcpy_ms: float) -> Figures:
    """Times are ms. A frame that the queue refused is lost, and an older one stays in its place."""
    puts = list(chain.from_iterable(run.put_ms for run in runs))
    hand_overs = list(chain.from_iterable(run.hand_over_ms for run in runs))
    return {
        "put p50": quantile(puts, 0.5),
        "put p99": quantile(puts, 0.99),
        "put ÷ memcpy": quantile(puts, 0.5) / memcpy_ms,
        "hand-over p50": quantile(hand_overs, 0.5),
        "overwritten %": 100 * sum(run.overwritten for run in runs) / len(puts),
        "refused %": 100 * sum(run.refused for run in runs) / len(puts),
        **_surroundings(runs),
    }


def viewers_figures(runs: Sequence[ViewersRun]) -> Figures:
    """Of the viewers that read; each value is the worst of any of them. CPU is in % of one core."""
    seen = [watched for run in runs for watched in run.reading]
    return {
        "slowest UI FPS": min(watched.ui_fps for watched in seen),
        "interval p99": max(watched.interval_p99_ms for watched in seen),
        "frame age p99": max(watched.frame_age_p99_ms for watched in seen),
        "server CPU %": 100 * _median(runs, lambda run: run.server_cpu),
        "server MB before": _median(runs, lambda run: run.server_memory_before_mb),
        "server MB begin": _median(runs, lambda run: run.server_memory_begin_mb),
        "server MB end": _median(runs, lambda run: run.server_memory_end_mb),
        **_surroundings(runs),
    }


def marked(runs: Iterable[PipelineRun | TransportRun | ViewersRun]) -> int:
    """How many runs other programs disturbed."""
    return sum(run.surroundings.others > MUCH for run in runs)


def _cells(runs: Sequence[Run], cell_of: Callable[[Run], Cell]) -> list[tuple[Cell, list[Run]]]:
    cells: dict[Cell, list[Run]] = defaultdict(list)
    for run in runs:
        cells[cell_of(run)].append(run)
    return sorted(cells.items(), key=lambda item: _place(item[0]))


def _pipeline_cell(run: PipelineRun) -> Cell:
    return run.implementation, run.workload


def _transport_cell(run: TransportRun) -> Cell:
    busy = f"busy {run.taking_ms:g} ms" if run.taking_ms else "idle"
    return run.queue, f"{run.width}×{run.height}", f"{run.put_fps:g}", busy


def _viewers_cell(run: ViewersRun) -> Cell:
    return run.implementation, f"{run.viewers}", f"{run.stalled}"


def _place(cell: Cell) -> tuple[tuple[int, str], ...]:
    """Workloads in their order, numbers by size, words by the alphabet."""
    workloads = list(WORKLOAD)
    return tuple((workloads.index(word) if word in WORKLOAD else _number(word), word) for word in reversed(cell))


def _number(word: str) -> int:
    digits = word.partition("×")[0]
    return int(digits) if digits.isdecimal() else 0


def _percentiles(name: str, values: Sequence[float]) -> Figures:
    return {f"{name} p{q}": quantile(values, q / 100) for q in (50, 95, 99)}


def _pooled(samples: Iterable[Sequence[float]]) -> list[float]:
    return list(chain.from_iterable(samples))


def _median(runs: Sequence[Run], value: Callable[[Run], float]) -> float:
    return statistics.median(value(run) for run in runs)


def _surroundings(runs: Sequence[PipelineRun] | Sequence[TransportRun] | Sequence[ViewersRun]) -> Figures:
    return {
        "others %": 100 * max(run.surroundings.others for run in runs),
        "measuring CPU %": 100 * statistics.median(run.surroundings.measuring_cpu for run in runs),
    }
