"""Faults, and the choice of the next fault."""

import asyncio
import random
import time
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Container, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypeAlias

import psutil

from tests.chaos.recorder import Recorder
from tests.chaos.strangers import CUT_OFF, STRANGERS, Stranger
from tests.support.apps import App
from tests.support.videos import OTHER, SMALL, MjpegCamera

DEATHS = 3  # per role and minute; the app gives up after more than five, and a broken queue may cause more
WINDOW_S = 60.0
CABLE_S = 15.0  # between two disconnections: shorter ones increase the reconnection delay
POLL_S = 0.02


@dataclass
class Testbed:
    """The system under test: the app, its roles, its cameras, and a recorder of the processes of the roles."""

    app: App
    roles: Sequence[str]
    cameras: Sequence[MjpegCamera]
    recorder: Recorder
    camera_lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    deaths: dict[str, deque[float]] = field(default_factory=lambda: defaultdict(deque))

    def may_die(self, roles: tuple[str, ...]) -> bool:
        """Return whether these roles may die without exceeding DEATHS. `cable` is that of any camera."""
        now = time.monotonic()
        for role, most, window_s in [(role, DEATHS, WINDOW_S) for role in self.roles] + [("cable", 1, CABLE_S)]:
            while self.deaths[role] and self.deaths[role][0] < now - window_s:
                self.deaths[role].popleft()
            if len(self.deaths[role]) + roles.count(role) > most:
                return False
        return True

    def note_deaths(self, roles: tuple[str, ...]) -> None:
        for role in roles:
            self.deaths[role].append(time.monotonic())

    async def process(self, role: str) -> psutil.Process:
        """Wait for the process of a role, and return it."""
        while True:
            with suppress(psutil.NoSuchProcess):
                process = psutil.Process(self.recorder.pids[role]) if role in self.recorder.pids else None
                if process is not None and process.status() != psutil.STATUS_ZOMBIE:
                    return process
            await asyncio.sleep(POLL_S)


Injection: TypeAlias = Callable[[Testbed, random.Random], Awaitable[None]]
"""Causes a fault; its random parameters are drawn from the second argument."""


@dataclass(frozen=True)
class Fault:
    """`kind` is its group in the report; `deaths` are the roles that it kills, with repetitions."""

    kind: str
    name: str
    deaths: tuple[str, ...]
    cause: Injection


def kill(*roles: str) -> Injection:
    async def cause(testbed: Testbed, _: random.Random) -> None:
        for process in [await testbed.process(role) for role in roles]:
            with suppress(psutil.NoSuchProcess):
                process.kill()

    return cause


def kill_twice(role: str) -> Injection:
    """Kill a role, and kill its successor while that starts."""

    async def cause(testbed: Testbed, rng: random.Random) -> None:
        victim = await testbed.process(role)
        before = {process.pid for process in testbed.app.processes()}
        victim.kill()
        while not (started := [process for process in testbed.app.processes() if process.pid not in before]):
            await asyncio.sleep(POLL_S)
        await asyncio.sleep(rng.uniform(0, 0.5))
        with suppress(psutil.NoSuchProcess):
            started[0].kill()

    return cause


def hang(role: str) -> Injection:
    async def cause(testbed: Testbed, _: random.Random) -> None:
        with suppress(psutil.NoSuchProcess):
            (await testbed.process(role)).suspend()

    return cause


async def suspend_all(testbed: Testbed, rng: random.Random) -> None:
    """Stop all processes for a while, like a suspended laptop. Processes that are stopped already stay stopped."""
    stopped = []
    for process in testbed.app.processes():
        with suppress(psutil.NoSuchProcess):
            if process.status() != psutil.STATUS_STOPPED:
                process.suspend()
                stopped.append(process)
    await asyncio.sleep(rng.uniform(0.5, 3))
    for process in stopped:
        with suppress(psutil.NoSuchProcess):
            process.resume()


async def stall_camera(testbed: Testbed, rng: random.Random) -> None:
    """Keep the connection open and send nothing."""
    async with testbed.camera_lock:
        camera = rng.choice(testbed.cameras)
        camera.stalled.set()
        await asyncio.sleep(rng.uniform(0.5, 3))
        camera.stalled.clear()


async def pull_cable(testbed: Testbed, rng: random.Random) -> None:
    """Disconnect a camera, and reconnect it with another frame size."""
    async with testbed.camera_lock:
        camera = rng.choice(testbed.cameras)
        await asyncio.to_thread(camera.stop)
        await asyncio.sleep(rng.uniform(0.3, 1))
        camera.size = OTHER if camera.size == SMALL else SMALL
        camera.start()


def connect(stranger: Stranger) -> Injection:
    async def cause(testbed: Testbed, rng: random.Random) -> None:
        with suppress(*CUT_OFF):
            await stranger(testbed.app.port, rng)

    return cause


ANYWHERE = (
    Fault("suspend", "the whole app", (), suspend_all),
    Fault("camera", "stalls", (), stall_camera),
    Fault("camera", "cable pulled", ("cable",), pull_cable),
    *(Fault("viewer", stranger.__name__.replace("_", " "), (), connect(stranger)) for stranger in STRANGERS),
)


def of_processes(roles: Sequence[str]) -> list[Fault]:
    """Return the faults of roles that are processes."""
    return [
        *(Fault("kill", role, (role,), kill(role)) for role in roles),
        *(
            Fault("kill", f"{one} and {other}", (one, other), kill(one, other))
            for one, other in zip(roles, [*roles[1:], roles[0]], strict=True)
        ),
        *(Fault("kill twice", role, (role, role), kill_twice(role)) for role in roles),
        *(Fault("hang", role, (role,), hang(role)) for role in roles),
    ]


WEIGHTS = {"viewer": 3, "kill": 3, "hang": 2, "camera": 2, "kill twice": 1, "suspend": 1}


def draw(implementation: str, wanted: Container[str], testbed: Testbed, rng: random.Random) -> Fault | None:
    """Choose a kind by weight, then a fault of that kind, among those that are wanted and possible now; or None."""
    faults: list[Fault] = [*ANYWHERE, *(of_processes(testbed.roles) if implementation == "multiprocessing" else ())]
    possible = [fault for fault in faults if fault.kind in wanted and testbed.may_die(fault.deaths)]
    if not possible:
        return None
    kinds = sorted({fault.kind for fault in possible})
    (kind,) = rng.choices(kinds, [WEIGHTS[kind] for kind in kinds])
    fault = rng.choice([fault for fault in possible if fault.kind == kind])
    testbed.note_deaths(fault.deaths)
    return fault
