"""Tables of a chaos run: recoveries, lost frames, resources."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import asdict

from tests.chaos.harness import ChaosOutcome
from tests.chaos.recorder import Recorder
from tests.support.tables import quantile, table

UI_FPS = 15
GOAL = "Goal after a kill: p95 within 2 s."


def report(outcome: ChaosOutcome) -> str:
    """Return all tables of a run as text."""
    return "\n\n".join((recoveries(outcome), frames(outcome), resources(outcome), verdict(outcome)))


def recoveries(outcome: ChaosOutcome) -> str:
    """Return the recovery times of each kind of fault; those that kill roles by role."""
    times: defaultdict[str, list[float | None]] = defaultdict(list)
    for recovery in outcome.recoveries:
        fault = recovery.fault
        times[f"{fault.kind} {fault.name}" if fault.deaths else fault.kind].append(recovery.took_s)
    everything = [recovery.took_s for recovery in outcome.recoveries]
    rows = []
    for label, of_label in [*sorted(times.items()), ("all", everything)]:
        took = sorted(time_s for time_s in of_label if time_s is not None)
        rows.append(
            (label, len(of_label), len(took), *(f"{quantile(took, q):.2f}" if took else "–" for q in (50, 95, 100)))
        )
    return table(("fault", "caused", "recovered", "p50 s", "p95 s", "max s"), rows) + f"\n{GOAL}"


def frames(outcome: ChaosOutcome) -> str:
    """Return the frames that the viewers missed, by fault."""
    rows: list[Sequence[object]] = []
    for number, recorder in enumerate(outcome.recorders, 1):
        asked = round(recorder.seconds * UI_FPS)
        rows += [
            (f"viewer {number}: frames received, of {asked}", recorder.frames),
            (f"viewer {number}: longest gap, s", f"{max((gap_s for _, gap_s in recorder.gaps()), default=0):.2f}"),
            (f"viewer {number}: connections", recorder.connections),
            *(
                (f"viewer {number}: missed, {cause}", count)
                for cause, count in sorted(missed(outcome, recorder).items())
            ),
        ]
    rows += [(f"dropped: {cause}", count) for cause, count in sorted(outcome.recorders[0].drops().items())]
    return table(("frames", ""), rows)


def missed(outcome: ChaosOutcome, recorder: Recorder) -> Counter[str]:
    """Return the number of frames missing in the gaps, by the first fault that was active then."""
    count: Counter[str] = Counter()
    in_order = sorted(outcome.recoveries, key=lambda recovery: recovery.began_at)
    for began_at, gap_s in recorder.gaps():
        lost = round(gap_s * UI_FPS) - 1
        if lost > 0:
            active = (each for each in in_order if each.began_at < began_at + gap_s and each.ended_at > began_at)
            count[next((each.fault.kind for each in active), "no fault")] += lost
    return count


def resources(outcome: ChaosOutcome) -> str:
    """Return the resources at the start and at the end."""
    before, after = asdict(outcome.before), asdict(outcome.after)
    return table(("resource", "at the start", "at the end"), [(name, before[name], after[name]) for name in before])


def verdict(outcome: ChaosOutcome) -> str:
    """Return the failures."""
    return "\n".join(f"FAILED: {failure}" for failure in outcome.failures) or "no failures"
