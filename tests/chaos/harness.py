"""One chaos run: the app under a sequence of faults drawn from a seed, and its outcome."""

import asyncio
import logging
import random
import subprocess
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.chaos.faults import WEIGHTS, Fault, Testbed, draw
from tests.chaos.inventory import Inventory
from tests.chaos.recorder import Recorder
from tests.support.apps import App, running
from tests.support.videos import MjpegCamera

logger = logging.getLogger(__name__)

RECORDERS = 2
RECOVERY_S = 30.0  # limit; a longer recovery is a failure
SETTLE_S = 30.0  # for the server to close dead connections, and for the last role to start
MARGIN_S = 0.05  # for frames in transit


@dataclass(frozen=True)
class ChaosPlan:
    """Parameters of a run: `every_s` is the mean time between two faults, `kinds` are the kinds of faults.

    `model` is that of every processor, each of which processes the frames of every camera.
    """

    implementation: str
    model: str
    seed: int
    seconds: float
    every_s: float
    kinds: frozenset[str] = frozenset(WEIGHTS)
    camera_count: int = 1
    processor_count: int = 1

    @property
    def cameras(self) -> list[str]:
        """The names of the cameras."""
        return [f"camera{number}" for number in range(1, self.camera_count + 1)]

    @property
    def processors(self) -> list[str]:
        """The names of the processors."""
        return [f"processor{number}" for number in range(1, self.processor_count + 1)]

    @property
    def roles(self) -> list[str]:
        """The names of the roles."""
        if self.camera_count == self.processor_count == 1:
            return ["provider", "processor", "server"]
        providers = [f"provider {name}" for name in self.cameras]
        return [*providers, *(f"processor {name}" for name in self.processors), "server"]

    def settings(self, urls: Sequence[str]) -> str:
        """Return the text of the settings file, with a URL for each camera."""
        cameras = [
            f'[[cameras]]\nname = "{name}"\nsource = "{url}"' for name, url in zip(self.cameras, urls, strict=True)
        ]
        return "\n".join([*cameras, *(f'[[processors]]\nname = "{name}"' for name in self.processors)])


@dataclass(frozen=True)
class Recovery:
    """A fault, the period (monotonic) from its start to its recovery, and the recovery time.

    `took_s` is None without recovery within RECOVERY_S. It counts from the end of a suspension or a stall.
    """

    fault: Fault
    began_at: float
    ended_at: float
    took_s: float | None


@dataclass
class ChaosOutcome:
    """What happened in a run; `failures` are sentences."""

    plan: ChaosPlan
    before: Inventory
    after: Inventory
    recoveries: list[Recovery] = field(default_factory=list)
    recorders: list[Recorder] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


async def run(plan: ChaosPlan) -> ChaosOutcome:
    """Start the app, cause faults, let the app settle, stop it. Raises AssertionError when it does not start."""
    with ExitStack() as stack:
        cameras = [stack.enter_context(MjpegCamera()) for _ in plan.cameras]
        file = Path(stack.enter_context(TemporaryDirectory())) / "vision.toml"
        file.write_text(plan.settings([camera.url for camera in cameras]))
        flags = ("--impl", plan.implementation, "--model", plan.model, "--config", str(file))
        app = stack.enter_context(running(*flags))
        await asyncio.to_thread(app.wait_until_ready)
        recorders = [Recorder(app.port, plan.cameras, plan.processors) for _ in range(RECORDERS)]
        watching = [asyncio.create_task(recorder.watch()) for recorder in recorders]
        testbed = Testbed(app, plan.roles, cameras, recorders[0])
        await asyncio.wait_for(recorders[0].received_since(time.time()), RECOVERY_S)
        outcome = ChaosOutcome(plan, before := await inventory(app), before, recorders=recorders)
        await cause_faults(plan, testbed, outcome)
        await settle(app, outcome)
        for task in watching:
            task.cancel()
        await asyncio.gather(*watching, return_exceptions=True)
        try:
            await asyncio.to_thread(app.end)
        except (AssertionError, subprocess.TimeoutExpired) as error:
            outcome.failures.append(f"the app did not stop cleanly: {error}")
    return outcome


async def cause_faults(plan: ChaosPlan, testbed: Testbed, outcome: ChaosOutcome) -> None:
    """Cause faults at random times, whether the previous one is over or not; then wait for all recoveries."""
    rng, end = random.Random(plan.seed), time.monotonic() + plan.seconds
    async with asyncio.TaskGroup() as faults:
        while True:
            await asyncio.sleep(rng.uniform(0.5, 1.5) * plan.every_s)
            if time.monotonic() >= end or testbed.app.process.poll() is not None:
                break
            fault = draw(plan.implementation, plan.kinds, testbed, rng)
            if fault is None:
                continue
            # A generator of its own: overlapping faults must not change the sequence.
            faults.create_task(recover(fault, testbed, random.Random(rng.getrandbits(32)), outcome))
    outcome.failures += [
        f"{recovery.fault.kind} {recovery.fault.name}: not recovered within {RECOVERY_S:g} s"
        for recovery in outcome.recoveries
        if recovery.took_s is None
    ]
    given_up = set().union(*(recorder.given_up for recorder in outcome.recorders))
    outcome.failures += [f"the {role} was given up" for role in sorted(given_up)]


async def recover(fault: Fault, testbed: Testbed, rng: random.Random, outcome: ChaosOutcome) -> None:
    """Cause one fault and measure the time until later frames and detections are received."""
    logger.info("%s: %s", fault.kind, fault.name)
    began_at, took_s = time.monotonic(), None
    with suppress(TimeoutError):
        async with asyncio.timeout(2 * RECOVERY_S):
            await fault.cause(testbed, rng)
        over_at = time.time()
        async with asyncio.timeout(RECOVERY_S):
            await testbed.recorder.received_since(over_at + MARGIN_S)
        took_s = time.time() - over_at
    outcome.recoveries.append(Recovery(fault, began_at, time.monotonic(), took_s))


async def settle(app: App, outcome: ChaosOutcome) -> None:
    """Check that the app works and holds no more resources than at the start."""
    if app.process.poll() is not None:
        outcome.failures.append(f"the app ended with exit code {app.process.returncode}")
        return
    try:
        await asyncio.wait_for(outcome.recorders[0].received_since(time.time()), RECOVERY_S)
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
    """Take an inventory at a time at which no process ends."""
    while (found := Inventory.of(app)) is None:
        await asyncio.sleep(MARGIN_S)
    return found
