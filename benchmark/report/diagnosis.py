"""The sentence under each chart: what the figures say, and what they say of the cause; nothing is taken for granted."""

from collections.abc import Mapping, Sequence

from benchmark.cases import IMPLEMENTATIONS, NO_LOAD, PEOPLE_SAY, WORKLOADS
from benchmark.measure.cpu_usage import MUCH
from benchmark.report.figures import VIDEO_ROLES, Cell, Figures

KEPT = 0.97  # of the rate asked for; 15 FPS with one frame in thirty lost
FULL = 85  # % of the machine: from here on a wait may as well be one for a core …
DISTURBED = 100 * MUCH  # % for other programs: … and from here on too, since they come in bursts
STUTTER = 1.5  # periods between two frames, at p99: seen by eye
FELT_MS = 5.0  # one switch interval of Python: a shorter wait for the GIL is nobody's stutter

All = Mapping[Cell, Figures]


def of_ui_rate(figures: All, asked_fps: float) -> str:
    """Who kept the rate, who fell, and under what."""
    sentences = []
    for implementation in IMPLEMENTATIONS:
        rates = _by_workload(figures, implementation, "UI FPS")
        fell = fallen(figures, implementation, asked_fps)
        lowest = min(rates, key=rates.__getitem__)
        who = _who(implementation)
        if not fell:
            sentences.append(f"{who} kept {asked_fps:g} FPS under every workload: {rates[lowest]:.2f} at the lowest.")
        else:
            falls = words([f"{rates[workload]:.1f} with {workload}" for workload in fell])
            sentences.append(f"{who} fell to {falls}{_and_kept(rates, fell)}.")
    return " ".join(sentences)


def of_intervals(figures: All, asked_fps: float) -> str:
    """Who stutters, under what."""
    period_ms = 1000 / asked_fps
    sentences = [f"An even stream has {period_ms:.1f} ms between two frames (dashed)."]
    for implementation in IMPLEMENTATIONS:
        p99 = _by_workload(figures, implementation, "interval p99")
        seen = [workload for workload, value in p99.items() if stutters(value, asked_fps)]
        worst = max(p99, key=p99.__getitem__)
        who = _who(implementation)
        if seen:
            told = words([f"{workload} ({p99[workload]:.0f} ms)" for workload in seen])
            sentences.append(f"{who} stuttered with {told}, at p99.")
        else:
            sentences.append(f"{who} stuttered nowhere: p99 was {p99[worst]:.0f} ms at the most ({worst}).")
    return " ".join(sentences)


def of_gil(figures: All, asked_fps: float, gil_is_on: bool) -> str:
    """How long what carries the video waited, and whether that explains how it suffered."""
    sentences = ["A thread in each role asks to be woken 50 times a second, and notes how late it runs."]
    for implementation in IMPLEMENTATIONS:
        delays = {workload: video_delay(figures[implementation, workload]) for workload in _workloads(figures)}
        worst = max(delays, key=delays.__getitem__)
        sentences.append(
            f"{_who(implementation)}: what carries the video waited {delays[NO_LOAD]:.1f} ms without load, and "
            f"{delays[worst]:.1f} ms at the worst ({worst})."
        )
        sentences += _causes(figures, implementation, delays, asked_fps, gil_is_on)
    return " ".join(sentences)


def of_cpu(figures: All) -> str:
    """What processes cost in CPU, without load."""
    processes, threads = (figures[name, NO_LOAD] for name in IMPLEMENTATIONS)
    return (
        f"Without load processes took {processes['CPU %']:.0f} % of a core and threads {threads['CPU %']:.0f} %; "
        f"beyond inference {processes['CPU beyond inference %']:.0f} % and "
        f"{threads['CPU beyond inference %']:.0f} %."
    )


def of_memory(figures: All) -> str:
    """What processes cost in memory and at the start, without load."""
    processes, threads = (figures[name, NO_LOAD] for name in IMPLEMENTATIONS)
    more = processes["memory MB"] - threads["memory MB"]
    comparison = "more" if more >= 0 else "less"
    return (
        f"Processes took {abs(more):.0f} MB {comparison} than threads ({processes['memory MB']:.0f} and "
        f"{threads['memory MB']:.0f} MB, shared pages counted once), and showed the first frame after "
        f"{processes['first frame s']:.1f} s against {threads['first frame s']:.1f} s."
    )


def fallen(figures: All, implementation: str, asked_fps: float) -> list[str]:
    """The workloads under which the rate was not kept."""
    rates = _by_workload(figures, implementation, "UI FPS")
    return [workload for workload, rate in rates.items() if rate < KEPT * asked_fps]


def suffered(figures: All, implementation: str, asked_fps: float) -> list[str]:
    """The workloads under which the rate was not kept, or the stream stuttered."""
    fell = fallen(figures, implementation, asked_fps)
    p99 = _by_workload(figures, implementation, "interval p99")
    return [workload for workload, value in p99.items() if workload in fell or stutters(value, asked_fps)]


def stutters(interval_p99_ms: float, asked_fps: float) -> bool:
    """Whether the longest intervals are seen as a stutter."""
    return interval_p99_ms > STUTTER * 1000 / asked_fps


def video_delay(figures: Figures) -> float:
    """The longer of the waits for the GIL on the way of a frame, in ms."""
    return max(figures[f"GIL delay {role} p99"] for role in VIDEO_ROLES)


def words(items: Sequence[str]) -> str:
    """a, b and c"""
    return " and ".join(filter(None, [", ".join(items[:-1]), *items[-1:]]))


def _causes(
    figures: All, implementation: str, delays: Mapping[str, float], asked_fps: float, gil_is_on: bool
) -> list[str]:
    """What each loss goes with. The probe sees a late wake-up, so a full machine looks like a held GIL."""
    held: list[str] = []
    late: list[str] = []
    full: list[str] = []
    neither: list[str] = []
    for workload in suffered(figures, implementation, asked_fps):
        cell = figures[implementation, workload]
        if cell["machine %"] > FULL or cell["others %"] > DISTURBED:
            full.append(workload)
        elif delays[workload] > FELT_MS:
            (held if gil_is_on else late).append(workload)
        else:
            neither.append(workload)
    told = (
        (held, "the video suffered while cores were free and the GIL was waited for: it was held elsewhere."),
        (late, "the video suffered while cores were free and threads ran late, though there is no GIL to wait for."),
        (
            full,
            "the video suffered while the machine was full or shared: a core or the GIL, that cannot be told.",
        ),
        (neither, "the video suffered without a wait to match: neither the GIL nor the cores explain it."),
    )
    return [f"With {words(workloads)} {sentence}" for workloads, sentence in told if workloads]


def _who(implementation: str) -> str:
    return PEOPLE_SAY[implementation].capitalize()


def _and_kept(rates: Mapping[str, float], fell: Sequence[str]) -> str:
    kept = [workload for workload in rates if workload not in fell]
    return f", and kept the rate with {words(kept)}" if kept else ""


def _workloads(figures: All) -> list[str]:
    there = {cell[1] for cell in figures}
    return [workload.name for workload in WORKLOADS if workload.name in there]


def _by_workload(figures: All, implementation: str, figure: str) -> dict[str, float]:
    return {workload: figures[implementation, workload][figure] for workload in _workloads(figures)}
