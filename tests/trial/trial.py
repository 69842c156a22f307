"""One trial: the app under observation by a viewer of each camera, and then each role killed once."""

import asyncio
import os
import signal
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmark.measure.app import memory_mb
from benchmark.measure.cpu_usage import cpu_times, usage_between
from tests.support.apps import App, running
from tests.support.ports import free_port
from tests.trial.plan import TrialPlan
from tests.trial.viewer import CameraViewer, Received, Stream

START_S = 60.0  # limit, until every processor has given a result for every camera
WARM_UP_S = 3.0
RECOVERY_S = 30.0  # limit
AFTER_KILL_S = 4.0  # in which the other streams are observed
POLL_S = 0.01


@dataclass(frozen=True)
class Kill:
    """A role that was killed, and the effects.

    `recovery_s` is the time until all streams of the role were received again, with frames captured after the kill;
    None: not within RECOVERY_S. `others` is the lowest share of its rate that another stream kept, those of slow
    processors excepted.
    """

    role: str
    recovery_s: float | None
    others: float


@dataclass
class TrialOutcome:
    """What was received, used and counted between `began_at` and `ended_at` (monotonic).

    `start_s` is the time from the start of the app to the first frame of the last camera. `cores` are those used by the
    app, `cores_of_others` by other programs, which include the cameras.
    """

    plan: TrialPlan
    start_s: float
    began_at: float
    ended_at: float
    arrivals: dict[Stream, list[float]]
    cores: float
    cores_of_others: float
    memory_mb: float
    counters: dict[str, int]
    drops: dict[str, int]
    kills: list[Kill] = field(default_factory=list)


async def run(plan: TrialPlan) -> TrialOutcome:
    """Start the app, observe it, kill each role that is a process, stop the app. Raises AssertionError."""
    with tempfile.TemporaryDirectory() as folder:
        settings, port = plan.write_settings(Path(folder) / "vision.toml"), free_port()
        viewers = [CameraViewer(port, name) for name in plan.cameras]
        started_at = time.monotonic()
        with running("--impl", plan.implementation, "--config", str(settings), "--port", str(port)) as app:
            watching = [asyncio.create_task(viewer.watch()) for viewer in viewers]
            assert await until(lambda: streams_of(viewers).keys() == plan.rates().keys(), START_S), app.stderr
            start_s = max(streams_of(viewers)[Stream(name)][0].at for name in plan.cameras) - started_at
            outcome = await observe(app, plan, viewers, start_s)
            if plan.kills and plan.implementation != "threading":
                pids = {name: int(role["pid"]) for name, role in app.stats()["roles"].items()}
                outcome.kills = [await kill(role, pids[role], plan, viewers) for role in sorted(pids)]
            for task in watching:
                task.cancel()
            await asyncio.gather(*watching, return_exceptions=True)
            await asyncio.to_thread(app.end)
    return outcome


async def observe(app: App, plan: TrialPlan, viewers: Sequence[CameraViewer], start_s: float) -> TrialOutcome:
    """Observe all streams, and what the app uses, for the seconds of the plan."""
    await asyncio.sleep(WARM_UP_S)
    processes = app.processes()
    before, began_at = cpu_times(processes), time.monotonic()
    await asyncio.sleep(plan.seconds)
    usage, ended_at = usage_between(before, cpu_times(processes)), time.monotonic()
    stats = await asyncio.to_thread(app.stats)
    return TrialOutcome(
        plan=plan,
        start_s=start_s,
        began_at=began_at,
        ended_at=ended_at,
        arrivals={
            stream: [each.at for each in received if began_at <= each.at <= ended_at]
            for stream, received in streams_of(viewers).items()
        },
        cores=sum(usage.by_pid.values()),
        cores_of_others=usage.background.others * stats["machine"]["cores"],
        memory_mb=sum(memory_mb(process) for process in processes),
        counters=stats["counters"],
        drops=stats["drops"],
    )


async def kill(role: str, pid: int, plan: TrialPlan, viewers: Sequence[CameraViewer]) -> Kill:
    """Kill the process of a role, and observe its streams and the others."""
    killed_at, killed_unix_s = time.monotonic(), time.time()
    os.kill(pid, signal.SIGKILL)
    own = {stream for stream in plan.rates() if role in (f"provider {stream.camera}", f"processor {stream.processor}")}
    own = own or set(plan.rates())  # of the server

    def is_back() -> bool:
        streams = streams_of(viewers)
        return all(streams[stream][-1].captured_at > killed_unix_s for stream in own)

    recovered = await until(is_back, RECOVERY_S)
    recovery_s = time.monotonic() - killed_at
    await asyncio.sleep(max(0.0, AFTER_KILL_S - recovery_s))
    seconds = time.monotonic() - killed_at
    shares = [
        sum(each.at > killed_at for each in received) / (seconds * plan.rates()[stream])
        for stream, received in streams_of(viewers).items()
        if stream not in own and not plan.is_slow(stream)
    ]
    return Kill(role, recovery_s if recovered else None, min(shares, default=1.0))


def streams_of(viewers: Sequence[CameraViewer]) -> Mapping[Stream, list[Received]]:
    """Return everything that was received so far."""
    return {stream: received for viewer in viewers for stream, received in viewer.streams.items()}


async def until(condition: Callable[[], bool], timeout_s: float) -> bool:
    """Wait until `condition` is true, and return whether it was within `timeout_s` seconds."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(POLL_S)
    return True
