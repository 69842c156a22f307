"""Refused nodes are logged once, at the hub and at the node, with the reason."""

import logging
import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from common.certificates.command import Node, create
from common.config.settings import Settings
from tests.zenoh.nodes import closing, options, three_boxes, with_certificates
from zenoh_impl import keys
from zenoh_impl.admission import Admission
from zenoh_impl.hub_link import HubLink, why_not
from zenoh_impl.session import open_router

PATIENCE_S = 20.0
SHORT_S = 0.5
TOKEN_S = 2.0  # enough for a token to arrive on a busy machine


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return three_boxes(tmp_path / "certificates")


@pytest.fixture
def _hub(settings: Settings, tmp_path: Path) -> Iterator[None]:
    with ExitStack() as stack:
        router = stack.enter_context(closing(open_router(tmp_path / "hub.sock", options(settings, "hub"))))
        stack.enter_context(Admission(options(settings, "hub").rights, TOKEN_S).watching(router))
        yield


def wait_for(caplog: pytest.LogCaptureFixture, text: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while text not in caplog.text:
        assert time.monotonic() < deadline, caplog.text
        time.sleep(0.01)


def stay(settings: Settings, node: str, folder: Path, token: str) -> None:
    """Connect a node twice, with the token of a name, for as long as the hub waits for the right one."""
    for number in range(2):
        router = open_router(folder / f"{node}{number}.sock", options(settings, node))
        with closing(router), router.liveliness().declare_token(keys.alive(token)):
            time.sleep(1.5 * TOKEN_S)


@pytest.mark.usefixtures("_hub")
def test_a_certificate_of_no_node_is_logged_once(
    settings: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "certificates"
    create(folder, (Node("unknown-box"),))
    for suffix in ("pem", "key"):
        shutil.copy(folder / f"unknown-box.{suffix}", folder / f"yard-box.{suffix}")
    stay(settings, "yard-box", tmp_path, "yard-box")
    assert caplog.text.count("'unknown-box' is refused: no node of the settings has this name") == 1


@pytest.mark.usefixtures("_hub")
def test_a_certificate_of_another_node_is_logged_once(
    settings: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "certificates"
    for suffix in ("pem", "key"):
        shutil.copy(folder / f"gate-box.{suffix}", folder / f"yard-box.{suffix}")
    stay(settings, "yard-box", tmp_path, "yard-box")
    assert caplog.text.count("'gate-box' is refused: its node has another name") == 1


@pytest.mark.usefixtures("_hub")
def test_a_node_in_its_own_name_is_not_logged(
    settings: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    stay(settings, "gate-box", tmp_path, "gate-box")
    assert "refused" not in caplog.text


@pytest.mark.usefixtures("_hub")
def test_a_node_that_ends_before_it_has_shown_its_name_is_not_logged(
    settings: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with closing(open_router(tmp_path / "gate-box.sock", options(settings, "gate-box"))) as router:
        deadline = time.monotonic() + PATIENCE_S
        while not router.info.links():
            assert time.monotonic() < deadline
            time.sleep(0.01)
    time.sleep(1.5 * TOKEN_S)
    assert "refused" not in caplog.text


@pytest.mark.usefixtures("_hub")
def test_a_node_of_another_authority_logs_once_that_it_is_refused(
    settings: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    create(tmp_path / "foreign", (Node("gate-box"),))
    foreign = options(with_certificates(settings, tmp_path / "foreign"), "gate-box")
    router = open_router(tmp_path / "gate-box.sock", foreign)
    with closing(router), HubLink(foreign, SHORT_S).watching(router):
        wait_for(caplog, "its certificate is refused here")
        time.sleep(3 * SHORT_S)
    assert caplog.text.count("no link to the hub") == 1


@pytest.mark.usefixtures("_hub")
def test_a_hub_that_refuses_the_certificate_is_the_reason(settings: Settings, tmp_path: Path) -> None:
    create(tmp_path / "foreign", (Node("gate-box"),))
    shutil.copy(tmp_path / "certificates" / "ca.pem", tmp_path / "foreign" / "ca.pem")
    assert why_not(options(with_certificates(settings, tmp_path / "foreign"), "gate-box")).startswith(
        "it refuses the certificate of this node: "
    )


def test_a_hub_that_does_not_run_is_the_reason_until_it_does(
    settings: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    node = options(settings, "gate-box")
    router = open_router(tmp_path / "gate-box.sock", node)
    with closing(router), HubLink(node, SHORT_S).watching(router):
        wait_for(caplog, f"no link to the hub at {settings.zenoh.hub}: Connection refused")
        with closing(open_router(tmp_path / "hub.sock", options(settings, "hub"))):
            wait_for(caplog, "linked to the hub")
