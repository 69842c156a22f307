"""One run of chaos: the app under faults that are drawn from a seed, and what came of it."""

import asyncio
import logging
import random
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass, field

from tests.chaos.faults import WEIGHTS, Bench, Fault, draw
from tests.chaos.inventory import Inventory
from tests.chaos.witness import Witness
from tests.support.apps import App, running
from tests.support.videos import MjpegCamera

logger = logging.getLogger(__name__)

WITNESSES = 2
RECOVERY_S = 15.0  # after that a fault counts as one that was not recovered from
SETTLE_S = 30.0  # for connections of those who left to be found dead, and the last role to start
MOMENT_S = 0.05  # a frame may just have been on its way


@dataclass(frozen=True)
class Plan:
    """What to run: `every_s` is the mean time between two faults, `kinds` are those of the faults."""

    implementation: str
    model: str
    seed: int
    seconds: float
    every_s: float
    kinds: frozenset[str] = frozenset(WEIGHTS)


@dataclass(frozen=True)
class Recovery:
    """A fault, from when to when (monotonic) it was felt, and how long after it all was well.

    That is None when it was not within RECOVERY_S. A suspension or a stall is over when it is lifted.
    """

    fault: Fault
    began_at: float
    ended_at: float
    took_s: float | None


@dataclass
class Outcome:
    """All that is known of a run. `failures` are sentences; without any, all is well."""

    plan: Plan
    before: Inventory
    after: Inventory
    recoveries: list[Recovery] = field(default_factory=list)
    witnesses: list[Witness] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


async def run(plan: Plan) -> Outcome:
    """Start the app, cause faults, let it settle, and end it. Raises AssertionError when it does not even start."""
    flags = ("--impl", plan.implementation, "--model", plan.model)
    with MjpegCamera() as camera, running(*flags, "--source", camera.url) as app:
        await asyncio.to_thread(app.wait_until_ready)
        witnesses = [Witness(app.port) for _ in range(WITNESSES)]
        watching = [asyncio.create_task(witness.watch()) for witness in witnesses]
        bench = Bench(app, camera, witnesses[0])
        await asyncio.wait_for(witnesses[0].sees_all_since(time.time()), RECOVERY_S)
        outcome = Outcome(plan, before := await inventory(app), before, witnesses=witnesses)
        await cause_faults(plan, bench, outcome)
        await settle(app, outcome)
        for task in watching:
            task.cancel()
        await asyncio.gather(*watching, return_exceptions=True)
        try:
            await asyncio.to_thread(app.end)
        except (AssertionError, subprocess.TimeoutExpired) as error:
            outcome.failures.append(f"it did not end well: {error}")
    return outcome


async def cause_faults(plan: Plan, bench: Bench, outcome: Outcome) -> None:
    """At random moments, whether the fault before is over or not; then wait until all are."""
    moments, end = random.Random(plan.seed), time.monotonic() + plan.seconds
    async with asyncio.TaskGroup() as faults:
        while True:
            await asyncio.sleep(moments.uniform(0.5, 1.5) * plan.every_s)
            if time.monotonic() >= end or bench.app.process.poll() is not None:
                break
            fault = draw(plan.implementation, plan.kinds, bench, moments)
            if fault is None:
                continue
            # Chance of its own: faults that overlap must not change what is drawn next.
            faults.create_task(recover(fault, bench, random.Random(moments.getrandbits(32)), outcome))
    outcome.failures += [
        f"{recovery.fault.kind} {recovery.fault.name}: not recovered within {RECOVERY_S:g} s"
        for recovery in outcome.recoveries
        if recovery.took_s is None
    ]
    given_up = set().union(*(witness.given_up for witness in outcome.witnesses))
    outcome.failures += [f"the {role} was given up" for role in sorted(given_up)]


async def recover(fault: Fault, bench: Bench, moments: random.Random, outcome: Outcome) -> None:
    """Cause one fault and see how long it takes until frames and detections of a later time come."""
    logger.info("%s: %s", fault.kind, fault.name)
    began_at, took_s = time.monotonic(), None
    with suppress(TimeoutError):
        async with asyncio.timeout(2 * RECOVERY_S):
            await fault.cause(bench, moments)
        over_at = time.time()
        async with asyncio.timeout(RECOVERY_S):
            await bench.witness.sees_all_since(over_at + MOMENT_S)
        took_s = time.time() - over_at
    outcome.recoveries.append(Recovery(fault, began_at, time.monotonic(), took_s))


async def settle(app: App, outcome: Outcome) -> None:
    """The app must still work, and hold no more than it did at the start."""
    if app.process.poll() is not None:
        outcome.failures.append(f"the app ended with exit code {app.process.returncode}")
        return
    try:
        await asyncio.wait_for(outcome.witnesses[0].sees_all_since(time.time()), RECOVERY_S)
    except TimeoutError:
        outcome.failures.append("frames and detections no longer flow")
    deadline = time.monotonic() + SETTLE_S
    while True:
        outcome.after = await inventory(app)
        growth = outcome.after.growth(outcome.before)
        if not growth or time.monotonic() > deadline:
            outcome.failures += growth
            return
        await asyncio.sleep(1)


async def inventory(app: App) -> Inventory:
    """Of a moment in which no process ends."""
    while (found := Inventory.of(app)) is None:
        await asyncio.sleep(MOMENT_S)
    return found
