"""TLS: versions, certificates and their renewal, cookies, and the origin of the page."""

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
from tests.support.servers import UPGRADE, Server, ask, frame, frame_id_of, is_closed, next_frame, serving
from tests.support.videos import write_clip
from tests.support.waiting import wait_until

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
    """Return flags for a source and a model."""
    folder = tmp_path_factory.mktemp("inputs")
    clip, model = write_clip(folder / "clip.avi", 60, 30), save_yolox(folder / "finder.onnx")
    return "--source", str(clip), "--model", str(model)


async def test_page_and_stream_are_served_over_tls_to_a_client_that_verifies_the_certificate(
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


def test_client_that_does_not_trust_the_authority_fails_verification(server: Server) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        ask(server.port, "/", context=ssl.create_default_context())


def test_plain_http_gets_no_response_on_a_tls_port(server: Server, certificate: Certificate) -> None:
    with server.silent_reader("/") as plain:
        assert is_closed(plain)
    assert ask(server.port, "/healthz", context=certificate.client).status == 200


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
def test_versions_older_than_tls_1_2_are_refused(server: Server) -> None:
    versions = (ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)
    assert [agrees(server.port, version) for version in versions] == [False, True, True]


def test_cookie_is_secure_with_tls_only(certificate: Certificate) -> None:
    with serving(TOKEN, certificate.tls) as server:
        cookie = ask(server.port, f"/?token={TOKEN}", context=certificate.client).headers["Set-Cookie"]
    assert "Secure" in cookie.split("; ")
    with serving(TOKEN) as server:
        assert "Secure" not in server.ask(f"/?token={TOKEN}").headers["Set-Cookie"].split("; ")


def test_page_with_an_http_origin_cannot_open_the_stream(server: Server, certificate: Certificate) -> None:
    def status(origin: str) -> int:
        return ask(server.port, "/ws/ui", {**UPGRADE, "Origin": origin}, context=certificate.client).status

    assert status(f"https://127.0.0.1:{server.port}") == 101
    assert status(f"http://127.0.0.1:{server.port}") == 403


def test_unusable_files_are_reported_in_one_line(certificate: Certificate, tmp_path: Path) -> None:
    other = make_certificate(tmp_path / "other").tls
    locked, text = tmp_path / "locked.pem", tmp_path / "text.pem"
    key = serialization.load_pem_private_key(other.key.read_bytes(), None)
    encoding, kind = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    locked.write_bytes(key.private_bytes(encoding, kind, serialization.BestAvailableEncryption(b"sesame")))
    text.write_text("neither a certificate nor a key\n")
    own = certificate.tls
    for tls, words in (
        (Tls(tmp_path / "none.pem", own.key), ["tls_cert", "none.pem", "No such file"]),
        (Tls(own.certificate, tmp_path / "none.pem"), ["tls_key", "none.pem", "No such file"]),
        (Tls(tmp_path, own.key), ["tls_cert", "Is a directory"]),
        (Tls(own.certificate, other.key), ["does not belong to the certificate"]),
        (Tls(own.key, own.certificate), ["in PEM format"]),
        (Tls(text, own.key), ["text.pem", "in PEM format"]),
        (Tls(own.certificate, text), ["text.pem", "in PEM format"]),
        (Tls(other.certificate, locked), ["locked.pem", "passphrase"]),
    ):
        with pytest.raises(SettingsError) as refusal:
            tls.context()
        assert "\n" not in str(refusal.value)
        assert [word for word in words if word not in str(refusal.value)] == []


def test_renewed_certificate_is_served_without_a_restart_once_its_key_is_written(
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
        wait_until(
            lambda: "the previous one is kept" in caplog.text, "a log line about the certificate without its key"
        )
        assert (status(old.client), status(new.client)) == (200, None)
        old.tls.key.write_bytes(new.tls.key.read_bytes())
        wait_until(lambda: status(new.client) == 200, "the new certificate")
        assert status(old.client) is None


def test_unusable_files_are_tried_again_although_their_times_are_unchanged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("common.server.guard.tls.RENEWAL_CHECK_S", 0.05)
    caplog.set_level(logging.INFO)
    old, new = make_certificate(tmp_path / "old"), make_certificate(tmp_path / "new")

    def write(path: Path, content: bytes) -> None:
        path.write_bytes(content)
        os.utime(path, (1_800_000_000, 1_800_000_000))

    with serving(tls=old.tls) as server:
        assert ask(server.port, "/healthz", context=old.client).status == 200  # the first modification times are read
        write(old.tls.key, b"half a k")
        wait_until(lambda: "the previous one is kept" in caplog.text, "a log line about the invalid key")
        write(old.tls.certificate, new.tls.certificate.read_bytes())
        write(old.tls.key, new.tls.key.read_bytes())
        wait_until(lambda: "the certificate was renewed" in caplog.text, "the renewal")
        assert ask(server.port, "/healthz", context=new.client).status == 200


async def test_printed_link_uses_https_and_opens_the_page(certificate: Certificate, inputs: tuple[str, ...]) -> None:
    with running(*inputs, *certificate.flags) as app:
        app.context = certificate.client
        assert app.link == f"https://localhost:{app.port}/"
        app.wait_until_ready()
        url = f"wss://localhost:{app.port}/ws/ui"
        async with connect(url, ssl=certificate.client, compression=None, proxy=None) as viewer:
            assert await next_frame(viewer)


def test_compare_serves_both_apps_over_tls_and_its_page_may_open_both(
    certificate: Certificate, inputs: tuple[str, ...]
) -> None:
    with running("compare", *inputs, *certificate.flags) as app:
        app.context = certificate.client
        assert app.link.startswith("https://")
        port = other_port(app)
        policy = app.ask("/compare", {"Host": f"localhost:{app.port}"}).headers["Content-Security-Policy"]
        assert f"connect-src 'self' wss://localhost:{port};" in policy
        headers = {**UPGRADE, "Host": f"localhost:{port}", "Origin": f"https://localhost:{app.port}"}
        assert ask(port, "/ws/ui", headers, context=certificate.client).status == 101
        plain = headers | {"Origin": f"http://localhost:{app.port}"}
        assert ask(port, "/ws/ui", plain, context=certificate.client).status == 403


def agrees(port: int, version: ssl.TLSVersion) -> bool:
    """Return whether a handshake with this version succeeds, for a client that accepts weak ciphers."""
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
    """Return the port of the threading app, after waiting until it responds."""
    port = int(json.loads(app.ask("/api/compare").body)["other_port"])

    def answers() -> bool:
        try:
            return ask(port, "/healthz", context=app.context).status == 200
        except OSError:
            return False

    app.until(answers, "response of the threading app")
    return port
