"""From samples to figures: percentiles, rates, and ratios to the baseline, over all runs of a case."""

import statistics
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from typing import TypeAlias, TypeVar

from benchmark.cases import WORKLOADS_BY_NAME
from benchmark.quantile import quantile
from benchmark.results import (
    MAX_BACKGROUND_SHARE,
    AnyResults,
    Baseline,
    BenchmarkRun,
    BenchmarkSettings,
    CamerasResults,
    CamerasRun,
    NodesResults,
    NodesRun,
    PipelineResults,
    PipelineRun,
    TransportResults,
    TransportRun,
    ViewersRun,
)

CaseKey: TypeAlias = tuple[str, ...]
"""What identifies a case: an implementation and a workload; a queue, a size, a rate and a consumer; …"""
Figures: TypeAlias = dict[str, float]
"""By column name. Over the runs of a case, samples are pooled, and single values are represented by their median."""

VIDEO_ROLES = ("provider", "server")  # the roles that a frame passes on its way to the viewer

NODE_KINDS = ("cameras", "processor", "server")  # how the names of nodes begin
NODE_COSTS = (
    ("CPU %", "roles_cpu", 100),
    ("MB", "roles_mb", 1),
    ("main CPU %", "main_cpu", 100),
    ("main MB", "main_mb", 1),
    ("sends kB/s", "sent_kb_per_s", 1),
    ("receives kB/s", "received_kb_per_s", 1),
)

AnyRun = TypeVar("AnyRun", bound=BenchmarkRun)


def summarise(results: AnyResults) -> dict[CaseKey, Figures]:
    """Return the figures of every case, ordered by workload and size."""
    match results:
        case PipelineResults():
            return {key: pipeline_figures(runs, results) for key, runs in _by_case(results.runs, _pipeline_key)}
        case TransportResults():
            return {
                key: transport_figures(runs, results.memcpy_ms[key[1]])
                for key, runs in _by_case(results.runs, _transport_key)
            }
        case CamerasResults():
            cores = results.environment.usable_cores
            return {key: cameras_figures(runs, cores) for key, runs in _by_case(results.runs, _cameras_key)}
        case NodesResults():
            return {key: nodes_figures(runs) for key, runs in _by_case(results.runs, _nodes_key)}
        case _:
            return {key: viewers_figures(runs) for key, runs in _by_case(results.runs, _viewers_key)}


def pipeline_figures(runs: Sequence[PipelineRun], results: PipelineResults) -> Figures:
    """Return times in ms, CPU in % of one core, and GIL delays as the median over seconds of the p99 of a second."""
    intervals = _pooled(run.interval_ms for run in runs)
    delays = {role: _pooled(run.gil_delay_p99_ms.get(role, ()) for run in runs) for role in (*VIDEO_ROLES, "processor")}
    roles = sorted(set().union(*(run.cpu for run in runs)))
    figures = {
        "UI FPS": statistics.median(ui_fps(run) for run in runs),
        "UI FPS, worst run": min(ui_fps(run) for run in runs),
        **_percentiles("interval", intervals),
        "interval max": max(intervals),
        **_percentiles("frame age", _pooled(run.frame_age_ms for run in runs)),
        **_percentiles("inference", _pooled(run.inference_ms for run in runs)),
        **_percentiles("processing", _pooled(run.processing_ms for run in runs)),
        "results/s": _median(runs, lambda run: len(run.inference_ms) / run.seconds),
        "puts": float(sum(run.queued for run in runs)),
        "overwritten %": 100 * sum(run.overwritten for run in runs) / max(1, sum(run.queued for run in runs)),
        **{f"GIL delay {role} p99": statistics.median(delays[role] or [0.0]) for role in delays},
        **{f"CPU {role} %": 100 * statistics.median(run.cpu.get(role, 0.0) for run in runs) for role in roles},
        "CPU %": 100 * _median(runs, lambda run: sum(run.cpu.values())),
        "machine %": 100 * _median(runs, lambda run: machine_share(run, results.environment.usable_cores)),
        "CPU beyond inference %": 100 * _median(runs, lambda run: cpu_beyond_inference(run, results.baseline)),
        "memory MB": _median(runs, lambda run: run.memory_mb),
        "first frame s": _median(runs, lambda run: run.first_frame_s),
        **_background(runs),
    }
    return figures | ratios(figures, runs[0].workload, results.settings, results.baseline)


def ratios(figures: Figures, workload: str, settings: BenchmarkSettings, baseline: Baseline) -> Figures:
    """Return ratios to the settings and to the baseline. The lowest possible frame age is one encoding and two hops."""
    repeat = WORKLOADS_BY_NAME[workload].infer_repeat
    return {
        "UI rate ÷ requested": figures["UI FPS"] / settings.ui_fps,
        "interval p99 ÷ period": figures["interval p99"] * settings.ui_fps / 1000,
        "frame age p50 ÷ (encode + echo)": figures["frame age p50"] / (baseline.encode_ms + baseline.echo_ms),
        "inference p50 ÷ session.run": figures["inference p50"] / (repeat * baseline.session_run_ms),
        "processing ÷ inference": figures["processing p50"] / (figures["inference p50"] or 1.0),
        "results ÷ queue rate": figures["results/s"] / settings.queue_fps,
    }


def ui_fps(run: PipelineRun) -> float:
    """Return frames per second, over whole intervals."""
    return len(run.interval_ms) / run.seconds


def machine_share(run: PipelineRun, cores: int) -> float:
    """Return the share of the machine used by the app, the benchmark and other programs."""
    return run.background.others + (sum(run.cpu.values()) + run.background.measuring_cpu) / cores


def cpu_beyond_inference(run: PipelineRun, baseline: Baseline) -> float:
    """Return the cores used without `session.run`, by its CPU time in the baseline.

    Its wall time in the run would not do: that is longer on a busy machine.
    """
    inferences = len(run.inference_ms) * WORKLOADS_BY_NAME[run.workload].infer_repeat
    return sum(run.cpu.values()) - inferences * baseline.session_run_cpu_ms / 1000 / run.seconds


def transport_figures(runs: Sequence[TransportRun], memcpy_ms: float) -> Figures:
    """Return times in ms, and the percentages of puts that overwrote a frame and that were refused."""
    puts = _pooled(run.put_ms for run in runs)
    return {
        "put p50": quantile(puts, 0.5),
        "put p99": quantile(puts, 0.99),
        "put ÷ memcpy": quantile(puts, 0.5) / memcpy_ms,
        "hand-over p50": quantile(_pooled(run.hand_over_ms for run in runs), 0.5),
        "overwritten %": 100 * sum(run.overwritten for run in runs) / len(puts),
        "refused %": 100 * sum(run.refused for run in runs) / len(puts),
        **_background(runs),
    }


def viewers_figures(runs: Sequence[ViewersRun]) -> Figures:
    """Return the worst value of all reading viewers, and CPU in % of one core."""
    viewers = [viewer for run in runs for viewer in run.reading]
    return {
        "slowest UI FPS": min(viewer.ui_fps for viewer in viewers),
        "interval p99": max(viewer.interval_p99_ms for viewer in viewers),
        "frame age p99": max(viewer.frame_age_p99_ms for viewer in viewers),
        "server CPU %": 100 * _median(runs, lambda run: run.server_cpu),
        "server MB before": _median(runs, lambda run: run.server_memory_before_mb),
        "server MB begin": _median(runs, lambda run: run.server_memory_begin_mb),
        "server MB end": _median(runs, lambda run: run.server_memory_end_mb),
        **_background(runs),
    }


def cameras_figures(runs: Sequence[CamerasRun], cores: int) -> Figures:
    """Return the worst value of all cameras, of the last try, and CPU in % of one core."""
    run = runs[-1]
    return {
        "UI FPS": min(viewer.ui_fps for viewer in run.viewers),
        "interval p99": max(viewer.interval_p99_ms for viewer in run.viewers),
        "frame age p99": max(viewer.frame_age_p99_ms for viewer in run.viewers),
        "results/s": min(viewer.results_per_s for viewer in run.viewers),
        "CPU %": 100 * run.cpu,
        "machine %": 100 * (run.background.others + (run.cpu + run.background.measuring_cpu) / cores),
        "memory MB": run.memory_mb,
        **_background([run]),
    }


def nodes_figures(runs: Sequence[NodesRun]) -> Figures:
    """Return the worst value of all viewers, and of each kind of node CPU in % of one core, memory and kB/s, summed."""
    viewers = [viewer for run in runs for viewer in run.viewers]
    figures = {
        "slowest UI FPS": min(viewer.ui_fps for viewer in viewers),
        "interval p99": max(viewer.interval_p99_ms for viewer in viewers),
        "frame age p99": max(viewer.frame_age_p99_ms for viewer in viewers),
        "results/s": _median(runs, lambda run: sum(viewer.results_per_s for viewer in run.viewers) / len(run.viewers)),
    }
    for kind in NODE_KINDS:
        for name, field, factor in NODE_COSTS:
            figures[f"{kind} {name}"] = factor * _median(
                runs,
                lambda run, kind=kind, field=field: sum(  # type: ignore[misc]
                    getattr(node, field) for node in run.nodes if node.node.startswith(kind)
                ),
            )
    return figures | _background(runs)


def count_disturbed(runs: Iterable[BenchmarkRun]) -> int:
    """Return the number of runs in which other programs used more than MAX_BACKGROUND_SHARE of the machine."""
    return sum(run.background.others > MAX_BACKGROUND_SHARE for run in runs)


def _by_case(runs: Sequence[AnyRun], key_of: Callable[[AnyRun], CaseKey]) -> list[tuple[CaseKey, list[AnyRun]]]:
    cases: dict[CaseKey, list[AnyRun]] = defaultdict(list)
    for run in runs:
        cases[key_of(run)].append(run)
    return sorted(cases.items(), key=lambda item: _position(item[0]))


def _pipeline_key(run: PipelineRun) -> CaseKey:
    return run.implementation, run.workload


def _transport_key(run: TransportRun) -> CaseKey:
    busy = f"busy {run.taking_ms:g} ms" if run.taking_ms else "idle"
    return run.queue, f"{run.width}×{run.height}", f"{run.put_fps:g}", busy


def _viewers_key(run: ViewersRun) -> CaseKey:
    return run.implementation, f"{run.viewers}", f"{run.stalled}"


def _cameras_key(run: CamerasRun) -> CaseKey:
    return f"{len(run.viewers)}", run.implementation, run.workload


def _nodes_key(run: NodesRun) -> CaseKey:
    return f"{run.cameras}", f"{run.servers}", f"{len(run.viewers)}"


def _position(key: CaseKey) -> tuple[tuple[int, str], ...]:
    """Return a sort key: workloads in their order, numbers by value, other parts alphabetically."""
    workloads = list(WORKLOADS_BY_NAME)
    return tuple(
        (workloads.index(part) if part in workloads else _leading_number(part), part) for part in reversed(key)
    )


def _leading_number(part: str) -> int:
    digits = part.partition("×")[0]
    return int(digits) if digits.isdecimal() else 0


def _percentiles(name: str, values: Sequence[float]) -> Figures:
    return {f"{name} p{q}": quantile(values, q / 100) for q in (50, 95, 99)}


def _pooled(samples: Iterable[Sequence[float]]) -> list[float]:
    return list(chain.from_iterable(samples))


def _median(runs: Sequence[AnyRun], value: Callable[[AnyRun], float]) -> float:
    return statistics.median(value(run) for run in runs)


def _background(runs: Sequence[BenchmarkRun]) -> Figures:
    return {
        "others %": 100 * max(run.background.others for run in runs),
        "measuring CPU %": 100 * statistics.median(run.background.measuring_cpu for run in runs),
    }
