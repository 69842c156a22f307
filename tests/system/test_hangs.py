"""Roles that hang, suspended or in an endless loop or read: a process is replaced, a thread ends the app."""

import asyncio
import os
import re
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack

import psutil
import pytest

from common.messaging.messages import Status
from common.supervision.heartbeat import TIMEOUT_S
from common.supervision.role import Role
from common.supervision.supervisor import Supervisor
from multiprocessing_impl import RUNTIME
from tests.support.apps import IMPLEMENTATIONS, PATIENCE_S, App, running, viewing
from tests.support.ports import free_port
from tests.support.roles import loop_for_ever, read_for_ever
from tests.support.stuck import HANGING, kept_from_ending

MIN_FPS = 7  # of 15, while a role starts beside it


@pytest.fixture(scope="module")
def app(small: tuple[str, ...]) -> Iterator[App]:
    with running(*small) as app:
        app.wait_until_ready()
        yield app


async def test_processor_that_hangs_is_replaced_while_the_video_continues(app: App) -> None:
    victim = app.role("processor")
    async with viewing(app) as viewer:
        await viewer.until(lambda viewer: len(viewer.messages_of("detections")) > 2)
        victim.suspend()
        viewer.clear()
        await viewer.until(lambda viewer: viewer.has_status("processor", "restarting"))
        message = viewer.messages_of("status")[-1]["message"]
        await viewer.until(lambda viewer: viewer.has_status("processor", "ok"))
        await viewer.until(lambda viewer: len(viewer.messages_of("detections")) > 2)
    assert "hangs" in message
    assert viewer.frame_rate() > MIN_FPS
    assert not psutil.pid_exists(victim.pid)
    restarts = 'vision_restarts_total{camera="",component="processor",processor="main"} 1.0'
    assert restarts in app.ask("/metrics").body.decode()


async def test_provider_and_server_that_hang_at_the_same_time_are_replaced(app: App) -> None:
    victims = [app.role(name) for name in ("provider", "server")]
    begun = time.monotonic()
    for victim in victims:
        victim.suspend()
    await asyncio.to_thread(psutil.wait_procs, victims, PATIENCE_S)
    assert time.monotonic() - begun > TIMEOUT_S
    async with viewing(app) as viewer:
        await viewer.until(lambda viewer: len(viewer.frames) > 5 and len(viewer.messages_of("detections")) > 2)
        await viewer.until(lambda viewer: viewer.has_status("provider", "ok") and viewer.has_status("server", "ok"))


async def test_killed_processor_that_does_not_end_is_replaced_later_while_the_video_continues(
    small: tuple[str, ...],
) -> None:
    with running(*small) as app:
        app.wait_until_ready()
        victim = app.role("processor")
        async with viewing(app) as viewer:
            with kept_from_ending(victim.pid):
                victim.suspend()
                await viewer.until(lambda viewer: viewer.has_status("processor", "failed"))
                assert "has not ended" in viewer.messages_of("status")[-1]["message"]
                await viewer.window(3, lambda viewer: viewer.frame_rate() > MIN_FPS)
                assert psutil.pid_exists(victim.pid)
            await viewer.until(lambda viewer: viewer.has_status("processor", "ok"))
            await viewer.until(lambda viewer: len(viewer.messages_of("detections")) > 2)


def test_processes_in_an_endless_loop_or_read_are_replaced() -> None:
    roles = [Role(target.__name__, target.__name__, target, tuple) for target in (loop_for_ever, read_for_ever)]
    statuses: list[Status] = []
    supervisor = Supervisor(roles, RUNTIME, lambda _: None, statuses.append)
    deadline = time.monotonic() + PATIENCE_S
    supervisor.start()
    supervisor.run(lambda: len(statuses) == len(roles) or time.monotonic() > deadline)
    assert {(status.component, status.state) for status in statuses} == {(role.name, "restarting") for role in roles}
    assert all("hangs" in status.message for status in statuses)
    assert supervisor.end() == []


def test_a_thread_that_hangs_ends_the_app_with_code_1(small: tuple[str, ...]) -> None:
    port = free_port()
    flags = ("--impl", "threading", "--port", str(port), "--python-work-ms", "1", *small)
    with running(*flags, program=("-c", HANGING)) as app:
        assert app.port == port
        app.ended = True
        assert app.process.wait(PATIENCE_S) == 1
        lines = app.stderr.splitlines()
        ending = re.match("error: the processor hangs: no heartbeat for ([0-9]+) s", lines[-1])
        assert ending is not None, lines
        assert int(ending[1]) >= TIMEOUT_S
        assert not [line for line in lines if "Traceback" in line]
        socket.create_server(("127.0.0.1", port)).close()


async def test_app_that_was_suspended_continues_without_a_restart_of_a_role(small: tuple[str, ...]) -> None:
    with ExitStack() as stack:
        apps = [stack.enter_context(running("--impl", implementation, *small)) for implementation in IMPLEMENTATIONS]
        for app in apps:
            app.wait_until_ready()
        processes = [set(app.processes()) for app in apps]
        for app in apps:
            os.killpg(app.process.pid, signal.SIGSTOP)
        await asyncio.sleep(TIMEOUT_S + 2)
        for app in apps:
            os.killpg(app.process.pid, signal.SIGCONT)
        resumed_at = time.time()
        for app in apps:
            async with viewing(app) as viewer:
                await viewer.until(
                    lambda viewer: any(
                        found["captured_at"] > resumed_at + TIMEOUT_S / 2 for found in viewer.messages_of("detections")
                    )
                )
            assert "hangs" not in app.stderr
        assert [set(app.processes()) for app in apps] == processes
