"""The faults: each is caused for real, and tells from when on the app should be well again."""

import asyncio
import random
import time
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Container
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypeAlias

import psutil

from tests.chaos.strangers import CUT_OFF, STRANGERS, Stranger
from tests.chaos.witness import Witness
from tests.support.apps import App
from tests.support.videos import OTHER, SMALL, MjpegCamera

ROLES = ("provider", "processor", "server")
DEATHS = 3  # of a role a minute: at more than five the app gives it up, and a broken queue may cost some more
WINDOW_S = 60.0
CABLE_S = 15.0  # between two pulls: a source that only flickers is tried again ever more seldom, as it should be
LOOK_S = 0.02


@dataclass
class Bench:
    """Where faults are caused: the app, its camera, and somebody who knows which process is which."""

    app: App
    camera: MjpegCamera
    witness: Witness
    camera_lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    deaths: dict[str, deque[float]] = field(default_factory=lambda: defaultdict(deque))

    def may_die(self, roles: tuple[str, ...]) -> bool:
        """Whether these have not died too often of late. `cable` is one that may be pulled but seldom."""
        now = time.monotonic()
        for role, most, window_s in [(role, DEATHS, WINDOW_S) for role in ROLES] + [("cable", 1, CABLE_S)]:
            while self.deaths[role] and self.deaths[role][0] < now - window_s:
                self.deaths[role].popleft()
            if len(self.deaths[role]) + roles.count(role) > most:
                return False
        return True

    def note_deaths(self, roles: tuple[str, ...]) -> None:
        for role in roles:
            self.deaths[role].append(time.monotonic())

    async def process(self, role: str) -> psutil.Process:
        """The process in which a role runs, once it is known."""
        while True:
            with suppress(psutil.NoSuchProcess):
                process = psutil.Process(self.witness.pids[role]) if role in self.witness.pids else None
                if process is not None and process.status() != psutil.STATUS_ZOMBIE:
                    return process
            await asyncio.sleep(LOOK_S)


Harm: TypeAlias = Callable[[Bench, random.Random], Awaitable[None]]
"""Causes a fault; what is left to chance in it is drawn from the second."""


@dataclass(frozen=True)
class Fault:
    """`kind` for the table; the roles that die of it, one that dies twice named twice; and how to cause it."""

    kind: str
    name: str
    deaths: tuple[str, ...]
    cause: Harm


def kill(*roles: str) -> Harm:
    async def cause(bench: Bench, _: random.Random) -> None:
        for process in [await bench.process(role) for role in roles]:
            with suppress(psutil.NoSuchProcess):
                process.kill()

    return cause


def kill_twice(role: str) -> Harm:
    """The second time while it starts."""

    async def cause(bench: Bench, moments: random.Random) -> None:
        victim = await bench.process(role)
        before = {process.pid for process in bench.app.processes()}
        victim.kill()
        while not (started := [process for process in bench.app.processes() if process.pid not in before]):
            await asyncio.sleep(LOOK_S)
        await asyncio.sleep(moments.uniform(0, 0.5))
        with suppress(psutil.NoSuchProcess):
            started[0].kill()

    return cause


def hang(role: str) -> Harm:
    async def cause(bench: Bench, _: random.Random) -> None:
        with suppress(psutil.NoSuchProcess):
            (await bench.process(role)).suspend()

    return cause


async def suspend_all(bench: Bench, moments: random.Random) -> None:
    """As a laptop is when its lid is closed. A role that hangs already goes on hanging after."""
    stopped = []
    for process in bench.app.processes():
        with suppress(psutil.NoSuchProcess):
            if process.status() != psutil.STATUS_STOPPED:
                process.suspend()
                stopped.append(process)
    await asyncio.sleep(moments.uniform(0.5, 3))
    for process in stopped:
        with suppress(psutil.NoSuchProcess):
            process.resume()


async def stall_camera(bench: Bench, moments: random.Random) -> None:
    """Its connection stays, and carries nothing."""
    async with bench.camera_lock:
        bench.camera.stalled.set()
        await asyncio.sleep(moments.uniform(0.5, 3))
        bench.camera.stalled.clear()


async def pull_cable(bench: Bench, moments: random.Random) -> None:
    """The camera is gone, and comes back with another size."""
    async with bench.camera_lock:
        await asyncio.to_thread(bench.camera.stop)
        await asyncio.sleep(moments.uniform(0.3, 1))
        bench.camera.size = OTHER if bench.camera.size == SMALL else SMALL
        bench.camera.start()


def let_in(stranger: Stranger) -> Harm:
    async def cause(bench: Bench, moments: random.Random) -> None:
        with suppress(*CUT_OFF):
            await stranger(bench.app.port, moments)

    return cause


ANYWHERE = (
    Fault("suspend", "the whole app", (), suspend_all),
    Fault("camera", "stalls", (), stall_camera),
    Fault("camera", "cable pulled", ("cable",), pull_cable),
    *(Fault("viewer", stranger.__name__.replace("_", " "), (), let_in(stranger)) for stranger in STRANGERS),
)
OF_PROCESSES = (
    *(Fault("kill", role, (role,), kill(role)) for role in ROLES),
    *(
        Fault("kill", f"{one} and {other}", (one, other), kill(one, other))
        for one, other in zip(ROLES, ROLES[1:] + ROLES[:1], strict=True)
    ),
    *(Fault("kill twice", role, (role, role), kill_twice(role)) for role in ROLES),
    *(Fault("hang", role, (role,), hang(role)) for role in ROLES),
)
KINDS = {"threading": ANYWHERE, "multiprocessing": ANYWHERE + OF_PROCESSES}

WEIGHTS = {"viewer": 3, "kill": 3, "hang": 2, "camera": 2, "kill twice": 1, "suspend": 1}


def draw(implementation: str, wanted: Container[str], bench: Bench, moments: random.Random) -> Fault | None:
    """One that is wanted and may happen now, if there is any: first its kind, by weight, then any of that kind."""
    possible = [fault for fault in KINDS[implementation] if fault.kind in wanted and bench.may_die(fault.deaths)]
    if not possible:
        return None
    kinds = sorted({fault.kind for fault in possible})
    (kind,) = moments.choices(kinds, [WEIGHTS[kind] for kind in kinds])
    fault = moments.choice([fault for fault in possible if fault.kind == kind])
    bench.note_deaths(fault.deaths)
    return fault
