"""The figures of a trial as text, and what it did not keep."""

from collections.abc import Sequence
from itertools import pairwise

from tests.support.tables import quantile, table
from tests.trial.plan import UI_FPS
from tests.trial.trial import TrialOutcome
from tests.trial.viewer import Stream

RATE_TOLERANCE_FPS = 0.2
MIN_RESULTS = 0.95  # of the rate of a pair
MAX_PERIODS = 1.6  # interval p99
MAX_RECOVERY_S = 2.0
MIN_OTHERS = 0.75  # of the rate of each stream whose role was not killed
REPORT_S = 1.0  # within which a role reports what it has counted


def report(outcome: TrialOutcome) -> str:
    """Return all tables as text."""
    return "\n\n".join((rates(outcome), resources(outcome), counted(outcome), *kills(outcome), verdict(outcome)))


def rates(outcome: TrialOutcome) -> str:
    """Return the rates of the viewers, and the results per second of each pair of a camera and a processor."""
    processors = outcome.plan.processors
    rows: list[Sequence[object]] = [
        (
            camera,
            f"{rate(outcome, Stream(camera)):.2f}",
            f"{interval_p99_s(outcome.arrivals[Stream(camera)]) * 1000:.0f}",
            *(f"{rate(outcome, Stream(camera, name)):.2f}" for name in processors),
        )
        for camera in outcome.plan.cameras
    ]
    asked = ("asked for", UI_FPS, "", *(f"{each.fps:g}" for each in processors.values()))
    return table(("camera", "FPS", "interval p99 ms", *processors), [asked, *rows])


def resources(outcome: TrialOutcome) -> str:
    """Return the start and the resources used."""
    rows = (
        ("start to all first frames, s", f"{outcome.start_s:.1f}"),
        ("cores used by the app", f"{outcome.cores:.2f}"),
        ("cores used by other programs", f"{outcome.cores_of_others:.2f}"),
        ("memory (PSS), MB", f"{outcome.memory_mb:.0f}"),
    )
    return table(("resources", ""), rows)


def counted(outcome: TrialOutcome) -> str:
    """Return the frames that were counted since the start, those dropped by cause, and those of neither kind."""
    rows = [
        (name, int(outcome.counters.get(name, 0))) for name in ("queued", "overwritten", "taken", "sent", "delivered")
    ]
    rows += [(f"dropped: {cause}", int(count)) for cause, count in sorted(outcome.drops.items())]
    rows += [(f"unaccounted for: {name}", int(count)) for name, count in unaccounted(outcome).items()]
    return table(("frames", ""), rows)


def unaccounted(outcome: TrialOutcome) -> dict[str, int]:
    """Return the frames put into queues, and those sent, that were neither received nor dropped."""
    counters, drops = outcome.counters, outcome.drops
    to_viewers = sum(count for cause, count in drops.items() if cause.startswith(("viewer/", "server/")))
    return {
        "queued": counters["queued"] - counters.get("overwritten", 0) - counters["taken"],
        "sent": counters["sent"] - to_viewers - counters["delivered"],
    }


def kills(outcome: TrialOutcome) -> list[str]:
    """Return the effects of the kills; none for threads."""
    rows = [
        (each.role, "–" if each.recovery_s is None else f"{each.recovery_s:.2f}", f"{each.others:.0%}")
        for each in outcome.kills
    ]
    return [table(("killed", "recovery s", "others, lowest share of the rate"), rows)] if rows else []


def verdict(outcome: TrialOutcome) -> str:
    """Return what was not kept."""
    return "\n".join(f"FAILED: {each}" for each in failures(outcome)) or "no failures"


def failures(outcome: TrialOutcome) -> list[str]:
    """Return what was not kept: rates, even intervals, a cause for each drop, recoveries."""
    failed = []
    for stream, fps in outcome.plan.rates().items():
        measured = rate(outcome, stream)
        if stream.processor is None:
            if abs(measured - fps) > RATE_TOLERANCE_FPS:
                failed.append(f"{stream.camera}: {measured:.2f} FPS")
            if interval_p99_s(outcome.arrivals[stream]) * fps > MAX_PERIODS:
                failed.append(f"{stream.camera}: uneven intervals")
        elif measured < MIN_RESULTS * fps and not outcome.plan.is_slow(stream):
            failed.append(f"{stream.processor} of {stream.camera}: {measured:.2f} results per second")
    limit = REPORT_S * sum(outcome.plan.rates().values())
    failed += [
        f"{count} frames {name} are unaccounted for"
        for name, count in unaccounted(outcome).items()
        if abs(count) > limit
    ]
    for each in outcome.kills:
        if each.recovery_s is None or each.recovery_s > MAX_RECOVERY_S:
            failed.append(f"{each.role}: not back within {MAX_RECOVERY_S:g} s")
        if each.others < MIN_OTHERS:
            failed.append(f"{each.role}: its end disturbed another role")
    return failed


def rate(outcome: TrialOutcome, stream: Stream) -> float:
    """Return frames or results per second."""
    return len(outcome.arrivals[stream]) / (outcome.ended_at - outcome.began_at)


def interval_p99_s(arrivals: Sequence[float]) -> float:
    """Return the 99th percentile of the intervals."""
    return quantile(sorted(later - earlier for earlier, later in pairwise(arrivals)), 99)
