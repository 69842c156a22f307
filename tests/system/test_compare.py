"""`python main.py compare`: two apps on one clip, access from each other's page and no other, and a common end."""

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

import compare
from common.config.load import load_settings
from common.errors import SettingsError
from tests.support.apps import WINDOWS, App, ViewerClient, running
from tests.support.servers import UPGRADE, Answer, ask

TOKEN = "open-sesame"


@dataclass(frozen=True)
class Both:
    """A running comparison: the app, and the ports of both implementations."""

    app: App
    processes: int
    threads: int

    def ports(self) -> tuple[int, int]:
        return self.processes, self.threads

    def stats(self, port: int) -> dict[str, Any]:
        return dict(json.loads(ask(port, "/api/stats").body))

    def thread_host(self) -> psutil.Process:
        """Return the process of the app in threads."""
        pids = self.app.until(lambda: self._pids(self.threads), "a report of the threads")
        assert len(pids) == 1
        return psutil.Process(pids.pop())

    def _pids(self, port: int) -> set[int]:
        try:
            return {int(role["pid"]) for role in self.stats(port)["roles"].values()}
        except OSError:  # that app is restarting
            return set()


def test_a_webcam_is_refused_because_it_can_be_opened_once() -> None:
    settings = load_settings(["--source", "gate=sample", "--source", "yard=3"]).settings
    with pytest.raises(SettingsError, match="webcam 3 can be opened once; give a file or a URL"):
        compare.make_pipeline(settings)


def both(app: App) -> Both:
    """Return the comparison that `app` runs, once both implementations are ready."""
    facts = json.loads(app.ask("/api/compare").body)
    assert facts["implementation"] == "multiprocessing"
    started = Both(app, app.port, facts["other_port"])
    wait_until_ready(app, *started.ports())
    return started


def wait_until_ready(app: App, *ports: int) -> None:
    """Wait until /readyz answers 200 on each of the ports."""
    app.until(lambda: all(ask(port, "/readyz").status == 200 for port in ports), f"{ports} are ready")


@pytest.fixture(scope="module")
def compared() -> Iterator[Both]:
    """Return a comparison that all tests of the module share."""
    # At the rate of the clip both show every frame. At half of it they need not have a frame in common.
    with running("compare", "--ui-fps", "30") as app:
        yield both(app)


@asynccontextmanager
async def watching(port: int) -> AsyncIterator[ViewerClient]:
    async with connect(f"ws://localhost:{port}/ws/ui", compression=None, proxy=None, max_queue=None) as socket:
        yield ViewerClient(socket)


def stream_status(port: int, origin: str, host: str = "localhost") -> int:
    """Return the HTTP status for a page of `origin` that opens the stream."""
    return ask(port, "/ws/ui", {**UPGRADE, "Host": f"{host}:{port}", "Origin": origin}).status


def test_root_redirects_to_the_compare_page(compared: Both) -> None:
    answer = compared.app.ask("/")
    assert (answer.status, answer.headers["Location"]) == (302, "compare")
    assert b"static/compare/compare.js" in compared.app.ask("/compare").body
    assert compared.app.stdout.splitlines()[1].split(maxsplit=1) == ["implementation", "both, side by side"]


@pytest.mark.alone
async def test_both_streams_show_the_same_clip_at_the_same_position(compared: Both) -> None:
    async with watching(compared.processes) as first, watching(compared.threads) as second:
        await asyncio.gather(*(viewer.until(lambda viewer: len(viewer.frames) > 1) for viewer in (first, second)))
        assert [viewer.messages_of("hello")[0]["implementation"] for viewer in (first, second)] == [
            "multiprocessing",
            "threading",
        ]
        for _ in range(WINDOWS):
            first.clear()
            second.clear()
            await asyncio.gather(first.receive(2), second.receive(2))
            if (share := share_together(first, second)) > 0.7:
                break
    assert [len({frame.jpeg for frame in viewer.frames}) > 20 for viewer in (first, second)] == [True, True]
    assert share > 0.7


def share_together(first: ViewerClient, second: ViewerClient) -> float:
    """Return the share of the frames of one that the other has too, captured at nearly the same time."""
    apart: list[float] = [
        min(
            (abs(mine.header["captured_at"] - other.header["captured_at"]) for other in second.frames
             if other.jpeg == mine.jpeg),
            default=float("inf"),
        )
        for mine in first.frames
    ]  # fmt: skip
    # Both encode the same frame to the same bytes.
    return sum(seconds < 0.15 for seconds in apart) / max(1, len(apart))


def test_page_of_one_port_may_open_the_stream_of_the_other(compared: Both) -> None:
    for (here, there), host in itertools.product(
        itertools.permutations(compared.ports()), ("localhost", "127.0.0.1", "[::1]")
    ):
        assert stream_status(there, f"http://{host}:{here}", host) == 101


def test_other_origins_may_not_open_the_stream(compared: Both) -> None:
    here, there = compared.ports()
    for origin in (
        f"http://localhost:{min(here, there) - 1}",
        f"http://evil.example:{here}",
        f"http://127.0.0.1:{here}",  # not the name in Host
        f"http://localhost:{here}.evil.example",
        f"http://evil.example@localhost:{here}",
        "http://localhost",
        "null",
    ):
        assert stream_status(there, origin) == 403, origin


def test_page_of_one_port_may_request_nothing_else_of_the_other(compared: Both) -> None:
    here, there = compared.ports()
    for path in ("/api/stats", "/snapshot.jpg", "/compare"):
        headers = {"Host": f"localhost:{there}", "Origin": f"http://localhost:{here}"}
        assert ask(there, path, headers).status == 403


def test_policy_of_the_compare_page_alone_permits_connections_to_the_other_port(compared: Both) -> None:
    def connections(answer: Answer) -> list[str]:
        policy = dict(part.split(maxsplit=1) for part in answer.headers["Content-Security-Policy"].split("; "))
        return policy["connect-src"].split()

    headers = {"Host": f"localhost:{compared.processes}"}
    assert connections(compared.app.ask("/compare", headers)) == ["'self'", f"ws://localhost:{compared.threads}"]
    for path in ("/", "/api/stats", "/static/compare/index.html"):
        assert connections(compared.app.ask(path, headers)) == ["'self'"]


def test_app_without_comparison_has_no_compare_page() -> None:
    with running() as app:
        app.wait_until_ready()
        assert app.ask("/").status == 200
        assert [app.ask(path).status for path in ("/compare", "/api/compare")] == [404, 404]


def test_stats_contain_the_load_of_the_machine(compared: Both) -> None:
    facts = json.loads(compared.app.ask("/api/compare").body)
    for port in compared.ports():
        machine = compared.stats(port)["machine"]
        assert machine["cores"] == facts["cores"]
        assert 0 < machine["busy_percent"] <= 100


def test_both_ports_require_the_same_token() -> None:
    with running("compare", "--token", TOKEN) as app:
        cookie = {"Cookie": app.ask(f"/?token={TOKEN}").headers["Set-Cookie"].split(";")[0]}
        other = json.loads(app.ask("/api/compare", cookie).body)["other_port"]
        wait_until_ready(app, app.port, other)
        for port in (app.port, other):
            assert ask(port, "/ws/ui", UPGRADE).status == 401
            assert ask(port, "/compare").status == 401
            assert ask(port, "/ws/ui", {**UPGRADE, **cookie}).status == 101


@pytest.mark.parametrize(("number", "whole_group"), [(signal.SIGINT, True), (signal.SIGTERM, False)])
def test_both_apps_end_cleanly(number: signal.Signals, whole_group: bool) -> None:
    with running("compare") as app:
        both(app)
        app.end(number, whole_group=whole_group)


async def test_app_in_threads_is_restarted_on_its_port() -> None:
    with running("compare") as app:
        compared = both(app)
        async with watching(compared.processes) as viewer:
            killed = compared.thread_host()
            killed.kill()
            await viewer.until(lambda viewer: viewer.has_status("app in threads", "restarting"))
            await viewer.until(lambda viewer: viewer.has_status("app in threads", "ok"))
        app.until(lambda: compared.thread_host().pid != killed.pid, "new process of the threads")
        wait_until_ready(app, compared.threads)


def test_nothing_is_left_when_the_main_process_is_killed() -> None:
    with running("compare") as app:
        both(app)
        segments = app.segments()
        app.kill()
        app.assert_nothing_is_left(segments)
