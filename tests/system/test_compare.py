"""`python main.py compare`: two apps on one clip that let each other's page in and nobody else's, and end together."""

import asyncio
import itertools
import json
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import psutil
import pytest
from websockets.asyncio.client import connect

from tests.support.apps import App, ViewerClient, running
from tests.support.servers import UPGRADE, Answer, ask

TOKEN = "open-sesame"


@dataclass(frozen=True)
class Both:
    """A compare run: the app with the page, in processes, and the one beside it, in threads."""

    app: App
    processes: int
    threads: int

    def ports(self) -> tuple[int, int]:
        return self.processes, self.threads

    def stats(self, port: int) -> dict[str, Any]:
        return dict(json.loads(ask(port, "/api/stats").body))

    def thread_host(self) -> psutil.Process:
        """The process in which the threads are."""
        pids = self.app.until(lambda: self._pids(self.threads), "a report of the threads")
        assert len(pids) == 1
        return psutil.Process(pids.pop())

    def _pids(self, port: int) -> set[int]:
        try:
            return {int(role["pid"]) for role in self.stats(port)["roles"].values()}
        except OSError:  # not there at the moment
            return set()


def both(app: App) -> Both:
    """Known by what the page is told."""
    facts = json.loads(app.ask("/api/compare").body)
    assert facts["implementation"] == "multiprocessing"
    started = Both(app, app.port, facts["other_port"])
    wait_until_ready(app, *started.ports())
    return started


def wait_until_ready(app: App, *ports: int) -> None:
    """Wait until frames and inference flow at each of the ports."""
    app.until(lambda: all(ask(port, "/readyz").status == 200 for port in ports), f"{ports} are ready")


@pytest.fixture(scope="module")
def compared() -> Iterator[Both]:
    """Not to be ended."""
    # At the clip's own rate, so that both show every frame: of every second one each could show the other half.
    with running("compare", "--ui-fps", "30") as app:
        yield both(app)


@asynccontextmanager
async def watching(port: int) -> AsyncIterator[ViewerClient]:
    async with connect(f"ws://localhost:{port}/ws/ui", compression=None, proxy=None) as socket:
        yield ViewerClient(socket)


def knock(port: int, origin: str, host: str = "localhost") -> int:
    """The status that a page of `origin` gets when it opens the stream."""
    return ask(port, "/ws/ui", {**UPGRADE, "Host": f"{host}:{port}", "Origin": origin}).status


def test_the_link_leads_to_the_page(compared: Both) -> None:
    answer = compared.app.ask("/")
    assert (answer.status, answer.headers["Location"]) == (302, "/compare")
    assert b"/static/compare/compare.js" in compared.app.ask("/compare").body
    assert compared.app.stdout.splitlines()[1].split(maxsplit=1) == ["implementation", "both, side by side"]


async def test_both_streams_show_the_same_clip_at_the_same_position(compared: Both) -> None:
    async with watching(compared.processes) as first, watching(compared.threads) as second:
        await asyncio.gather(first.receive(3), second.receive(3))
    assert [viewer.messages_of("hello")[0]["implementation"] for viewer in (first, second)] == [
        "multiprocessing",
        "threading",
    ]
    assert [len({frame.jpeg for frame in viewer.frames}) > 20 for viewer in (first, second)] == [True, True]
    apart = [
        min(
            (abs(mine.header["captured_at"] - other.header["captured_at"]) for other in second.frames
             if other.jpeg == mine.jpeg),
            default=float("inf"),
        )
        for mine in first.frames
    ]  # fmt: skip
    # Coded alike, the same frame is the same bytes.
    close = [seconds < 0.15 for seconds in apart]
    assert sum(close) / len(close) > 0.7


def test_the_page_of_one_port_may_open_the_stream_of_the_other(compared: Both) -> None:
    for (here, there), host in itertools.product(
        itertools.permutations(compared.ports()), ("localhost", "127.0.0.1", "[::1]")
    ):
        assert knock(there, f"http://{host}:{here}", host) == 101


def test_all_other_origins_are_refused(compared: Both) -> None:
    here, there = compared.ports()
    for origin in (
        f"http://localhost:{min(here, there) - 1}",
        f"http://evil.example:{here}",
        f"http://127.0.0.1:{here}",  # another name than the one that is asked for
        f"http://localhost:{here}.evil.example",
        f"http://evil.example@localhost:{here}",
        "http://localhost",
        "null",
    ):
        assert knock(there, origin) == 403, origin


def test_the_other_page_may_open_nothing_but_the_stream(compared: Both) -> None:
    here, there = compared.ports()
    for path in ("/api/stats", "/snapshot.jpg", "/compare"):
        headers = {"Host": f"localhost:{there}", "Origin": f"http://localhost:{here}"}
        assert ask(there, path, headers).status == 403


def test_only_the_compare_page_may_connect_elsewhere_and_only_to_the_other_port(compared: Both) -> None:
    def connections(answer: Answer) -> list[str]:
        policy = dict(part.split(maxsplit=1) for part in answer.headers["Content-Security-Policy"].split("; "))
        return policy["connect-src"].split()

    headers = {"Host": f"localhost:{compared.processes}"}
    assert connections(compared.app.ask("/compare", headers)) == ["'self'", f"ws://localhost:{compared.threads}"]
    for path in ("/", "/api/stats", "/static/compare/index.html"):
        assert connections(compared.app.ask(path, headers)) == ["'self'"]


def test_an_app_that_is_not_compared_knows_no_such_page() -> None:
    with running() as app:
        app.wait_until_ready()
        assert app.ask("/").status == 200
        assert [app.ask(path).status for path in ("/compare", "/api/compare")] == [404, 404]


def test_it_is_told_how_busy_the_machine_is(compared: Both) -> None:
    facts = json.loads(compared.app.ask("/api/compare").body)
    for port in compared.ports():
        machine = compared.stats(port)["machine"]
        assert machine["cores"] == facts["cores"]
        assert 0 < machine["busy_percent"] <= 100


def test_one_token_opens_both_and_neither_opens_without() -> None:
    with running("compare", "--token", TOKEN) as app:
        cookie = {"Cookie": app.ask(f"/?token={TOKEN}").headers["Set-Cookie"].split(";")[0]}
        other = json.loads(app.ask("/api/compare", cookie).body)["other_port"]
        wait_until_ready(app, app.port, other)
        for port in (app.port, other):
            assert ask(port, "/ws/ui", UPGRADE).status == 401
            assert ask(port, "/compare").status == 401
            assert ask(port, "/ws/ui", {**UPGRADE, **cookie}).status == 101


@pytest.mark.parametrize(("number", "whole_group"), [(signal.SIGINT, True), (signal.SIGTERM, False)])
def test_both_end_cleanly(number: signal.Signals, whole_group: bool) -> None:
    with running("compare") as app:
        both(app)
        app.end(number, whole_group=whole_group)


async def test_threads_that_die_are_started_again_on_their_port() -> None:
    with running("compare") as app:
        compared = both(app)
        async with watching(compared.processes) as viewer:
            killed = compared.thread_host()
            killed.kill()
            await viewer.until(lambda viewer: viewer.has_status("app in threads", "restarting"))
            await viewer.until(lambda viewer: viewer.has_status("app in threads", "ok"))
        app.until(lambda: compared.thread_host().pid != killed.pid, "other threads")
        wait_until_ready(app, compared.threads)


def test_nothing_is_left_when_the_main_process_is_killed() -> None:
    with running("compare") as app:
        both(app)
        segments = app.segments()
        app.kill()
        app.assert_nothing_is_left(segments)
