"""Secrets in the running app: the token, and the credentials in the URL of a source."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.support.apps import App, running, viewing
from tests.support.http_site import Unlogged, serving_http
from tests.support.onnx_models import save_yolox
from tests.support.videos import write_clip

TOKEN = "open & sesame #1"
LOUD = {"OPENCV_FFMPEG_LOGLEVEL": "56", "OPENCV_LOG_LEVEL": "VERBOSE", "OPENCV_VIDEOIO_DEBUG": "1"}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    return "--model", str(save_yolox(tmp_path_factory.mktemp("model") / "finder.onnx"))


@pytest.fixture(scope="module")
def refusing_camera() -> Iterator[int]:
    """The port of a camera that rejects all credentials, which FFmpeg logs in detail."""

    class Camera(Unlogged, BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="camera"')
            self.end_headers()

    with serving_http(Camera) as port:
        yield port


@pytest.mark.parametrize(
    ("implementation", "url", "secrets"),
    [
        ("multiprocessing", "http://{}/video?user=anna&password=hunter2&channel=1", ["anna", "hunter2"]),
        ("multiprocessing", "rtsp://anna:hunter2@{}/user=anna&password=swordfish", ["anna", "hunter2", "swordfish"]),
        (
            "threading",
            "http://an%6Ea:hunter%32@{}/video?%70assword=sword%66ish",
            ["an%6E", "nter%32", "sword%66ish", "anna", "hunter2", "swordfish"],
        ),
    ],
)
async def test_credentials_of_a_camera_are_not_disclosed(
    implementation: str,
    url: str,
    secrets: list[str],
    model: tuple[str, str],
    refusing_camera: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in LOUD.items():
        monkeypatch.setenv(name, value)
    flags = ("--impl", implementation, "--source", url.format(f"127.0.0.1:{refusing_camera}"))
    with running(*flags, *model, "--log-level", "debug") as app:
        async with viewing(app) as viewer:
            await viewer.until(lambda viewer: viewer.has_status("source", "lost"))
            await viewer.until(lambda viewer: len(viewer.messages_of("stats")) > 0)
        shown = [app.stdout, repr(viewer.messages), *command_lines(app)[1:]]
        shown += [app.ask(path).body.decode() for path in ("/", "/readyz", "/api/stats", "/metrics")]
        app.end()
        shown.append(app.stderr)
    assert "cannot open " in shown[-1]
    assert f"127.0.0.1:{refusing_camera}/" in shown[0]
    assert [(secret, text) for secret in secrets for text in shown if secret in text] == []


def test_a_given_token_is_neither_printed_nor_logged(small: tuple[str, ...]) -> None:
    with running(*small, "--token", "open-sesame", "--log-level", "debug") as app:
        assert app.link == f"http://localhost:{app.port}/"
        assert "open-sesame" not in app.stdout
        app.until(lambda: " ms median" in app.stderr, "a line on inference")
        assert app.ask("/api/stats").status == 401
        cookie = app.ask("/?token=open-sesame").headers["Set-Cookie"].partition(";")[0]
        assert app.ask("/api/stats", {"Cookie": cookie}).status == 200
        app.end()
        assert "open-sesame" not in app.stderr
        assert "Bearer" not in app.stderr  # nor the token of the ingest socket


@pytest.mark.parametrize("given", ["in a file", "as a flag"])
def test_the_token_is_in_no_list_of_processes(given: str, model: tuple[str, str], tmp_path: Path) -> None:
    source = ("--source", str(write_clip(tmp_path / "clip.avi", 60, 30)))
    (tmp_path / "secret.toml").write_text(f"token = '{TOKEN}'\n")
    token = ("--config", str(tmp_path / "secret.toml")) if given == "in a file" else ("--token", TOKEN)
    with running(*source, *model, *token) as app:
        app.until(lambda: len(command_lines(app)) >= 4, "all processes")
        assert app.ask("/api/stats").status == 401
        assert app.ask(f"/?token={quote(TOKEN)}").status == 303
        main, *others = command_lines(app)
        assert (TOKEN in main) == (given == "as a flag")  # command lines are readable by all users
        assert [line for line in others if TOKEN in line] == []


def command_lines(app: App) -> list[str]:
    """Return the command lines of all processes of the app, the main process first. Every user can read them."""
    processes = sorted(app.processes(), key=lambda process: process.pid != app.process.pid)
    return [" ".join(process.cmdline()) for process in processes]
