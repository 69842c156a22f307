"""TLS of the app's own: what it serves with, what it refuses, and that page and stream agree about it."""

import json
import logging
import os
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from websockets.asyncio.client import connect

from common.errors import SettingsError
from common.server.guard.tls import Tls
from tests.support.apps import App, running
from tests.support.certificates import Certificate, make_certificate
from tests.support.onnx_models import save_yolox
from tests.support.servers import UPGRADE, Server, ask, eventually, frame, frame_id_of, is_closed, next_frame, serving
from tests.support.videos import write_clip

TOKEN = "open-sesame"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return make_certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture
def server(certificate: Certificate) -> Iterator[Server]:
    with serving(tls=certificate.tls) as server:
        yield server


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    """Flags for a source and a model."""
    folder = tmp_path_factory.mktemp("inputs")
    clip, model = write_clip(folder / "clip.avi", 60, 30), save_yolox(folder / "finder.onnx")
    return "--source", str(clip), "--model", str(model)


async def test_page_and_stream_come_by_tls_to_a_client_that_checks_the_certificate(
    server: Server, certificate: Certificate
) -> None:
    page = ask(server.port, "/", context=certificate.client)
    assert page.status == 200
    assert "Strict-Transport-Security" not in page.headers
    url = f"wss://localhost:{server.port}/ws/ui"
    async with (
        server.role() as role,
        connect(url, ssl=certificate.client, compression=None, proxy=None) as viewer,
    ):
        await role.send(frame(7))
        assert frame_id_of(await next_frame(viewer)) == 7


def test_a_client_that_knows_not_the_authority_refuses(server: Server) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        ask(server.port, "/", context=ssl.create_default_context())


def test_plain_http_gets_no_answer_on_the_port_of_tls(server: Server, certificate: Certificate) -> None:
    with server.silent_reader("/") as plain:
        assert is_closed(plain)
    assert ask(server.port, "/healthz", context=certificate.client).status == 200


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
def test_what_is_older_than_tls_1_2_is_refused(server: Server) -> None:
    versions = (ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)
    assert [agrees(server.port, version) for version in versions] == [False, True, True]


def test_the_cookie_goes_by_https_only_where_the_link_did(certificate: Certificate) -> None:
    with serving(TOKEN, certificate.tls) as server:
        cookie = ask(server.port, f"/?token={TOKEN}", context=certificate.client).headers["Set-Cookie"]
    assert "Secure" in cookie.split("; ")
    with serving(TOKEN) as server:
        assert "Secure" not in server.ask(f"/?token={TOKEN}").headers["Set-Cookie"].split("; ")


def test_a_page_that_came_without_tls_may_not_open_the_stream(server: Server, certificate: Certificate) -> None:
    def knock(origin: str) -> int:
        return ask(server.port, "/ws/ui", {**UPGRADE, "Origin": origin}, context=certificate.client).status

    assert knock(f"https://127.0.0.1:{server.port}") == 101
    assert knock(f"http://127.0.0.1:{server.port}") == 403


def test_files_that_cannot_be_served_with_are_named_in_one_line(certificate: Certificate, tmp_path: Path) -> None:
    other = make_certificate(tmp_path / "other").tls
    locked, text = tmp_path / "locked.pem", tmp_path / "text.pem"
    key = serialization.load_pem_private_key(other.key.read_bytes(), None)
    encoding, kind = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    locked.write_bytes(key.private_bytes(encoding, kind, serialization.BestAvailableEncryption(b"sesame")))
    text.write_text("Roses are red.\n")
    own = certificate.tls
    for tls, words in (
        (Tls(tmp_path / "none.pem", own.key), ["tls_cert", "none.pem", "No such file"]),
        (Tls(own.certificate, tmp_path / "none.pem"), ["tls_key", "none.pem", "No such file"]),
        (Tls(tmp_path, own.key), ["tls_cert", "Is a directory"]),
        (Tls(own.certificate, other.key), ["another certificate"]),
        (Tls(own.key, own.certificate), ["no PEM"]),
        (Tls(text, own.key), ["text.pem", "no PEM"]),
        (Tls(own.certificate, text), ["text.pem", "no PEM"]),
        (Tls(other.certificate, locked), ["locked.pem", "passphrase"]),
    ):
        with pytest.raises(SettingsError) as refusal:
            tls.context()
        assert "\n" not in str(refusal.value)
        assert [word for word in words if word not in str(refusal.value)] == []


def test_a_renewed_certificate_is_served_without_a_restart_once_its_key_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("common.server.guard.tls.RENEWAL_CHECK_S", 0.05)
    old, new = make_certificate(tmp_path / "old"), make_certificate(tmp_path / "new")
    with serving(tls=old.tls) as server:

        def status(client: ssl.SSLContext) -> int | None:
            try:
                return ask(server.port, "/healthz", context=client).status
            except ssl.SSLCertVerificationError:
                return None

        assert (status(old.client), status(new.client)) == (200, None)
        old.tls.certificate.write_bytes(new.tls.certificate.read_bytes())
        eventually(lambda: "the old certificate is kept" in caplog.text, "a word on the certificate without its key")
        assert (status(old.client), status(new.client)) == (200, None)
        old.tls.key.write_bytes(new.tls.key.read_bytes())
        eventually(lambda: status(new.client) == 200, "the new certificate")
        assert status(old.client) is None


def test_files_that_were_unfit_are_tried_again_though_they_look_unchanged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("common.server.guard.tls.RENEWAL_CHECK_S", 0.05)
    caplog.set_level(logging.INFO)
    old, new = make_certificate(tmp_path / "old"), make_certificate(tmp_path / "new")

    def write(path: Path, content: bytes) -> None:
        path.write_bytes(content)
        os.utime(path, (1_800_000_000, 1_800_000_000))

    with serving(tls=old.tls) as server:
        assert ask(server.port, "/healthz", context=old.client).status == 200  # so that it runs
        write(old.tls.key, b"half a k")
        eventually(lambda: "the old certificate is kept" in caplog.text, "a word on the key that is none")
        write(old.tls.certificate, new.tls.certificate.read_bytes())
        write(old.tls.key, new.tls.key.read_bytes())
        eventually(lambda: "the certificate was renewed" in caplog.text, "the renewal")
        assert ask(server.port, "/healthz", context=new.client).status == 200


async def test_the_link_says_https_and_leads_to_the_page(certificate: Certificate, inputs: tuple[str, ...]) -> None:
    with running(*inputs, *certificate.flags) as app:
        app.context = certificate.client
        assert app.link == f"https://localhost:{app.port}/"
        app.wait_until_ready()
        url = f"wss://localhost:{app.port}/ws/ui"
        async with connect(url, ssl=certificate.client, compression=None, proxy=None) as viewer:
            assert await next_frame(viewer)


def test_both_that_are_compared_speak_tls_and_their_page_opens_both(
    certificate: Certificate, inputs: tuple[str, ...]
) -> None:
    with running("compare", *inputs, *certificate.flags) as app:
        app.context = certificate.client
        assert app.link.startswith("https://")
        there = other_port(app)
        policy = app.ask("/compare", {"Host": f"localhost:{app.port}"}).headers["Content-Security-Policy"]
        assert f"connect-src 'self' wss://localhost:{there};" in policy
        headers = {**UPGRADE, "Host": f"localhost:{there}", "Origin": f"https://localhost:{app.port}"}
        assert ask(there, "/ws/ui", headers, context=certificate.client).status == 101
        plain = headers | {"Origin": f"http://localhost:{app.port}"}
        assert ask(there, "/ws/ui", plain, context=certificate.client).status == 403


def agrees(port: int, version: ssl.TLSVersion) -> bool:
    """Whether the server talks to a client of this version, which minds no weakness."""
    client = ssl.create_default_context()
    client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
    client.set_ciphers("ALL:@SECLEVEL=0")
    client.minimum_version, client.maximum_version = version, version
    with socket.create_connection(("127.0.0.1", port), 10) as plain:
        try:
            with client.wrap_socket(plain) as secured:
                return secured.version() is not None
        except ssl.SSLError:
            return False


def other_port(app: App) -> int:
    """Where the app in threads listens, once it does."""
    port = int(json.loads(app.ask("/api/compare").body)["other_port"])

    def answers() -> bool:
        try:
            return ask(port, "/healthz", context=app.context).status == 200
        except OSError:
            return False

    app.until(answers, "an answer of the app in threads")
    return port
