"""Refused nodes are logged once, at the hub and at the node, with the reason."""

import logging
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from common.certificates.command import Node, create
from common.config.settings import Settings
from tests.zenoh.nodes import closing, options, three_boxes, with_certificates
from zenoh_impl import keys
from zenoh_impl.admission import Admission
from zenoh_impl.hub_link import HubLink, why_not
from zenoh_impl.session import open_router

PATIENCE_S = 30.0
SHORT_S = 0.5
LONG_S = 5.0  # enough for a token to arrive, or for a node to end, on a busy machine


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return three_boxes(tmp_path / "certificates")


@contextmanager
def hub(settings: Settings, folder: Path, token_s: float = SHORT_S) -> Iterator[None]:
    """Run the hub, which waits `token_s` for the token of a node."""
    node = options(settings, "hub")
    with closing(open_router(folder / "hub.sock", node)) as router, Admission(node.rights, token_s).watching(router):
        yield


def wait_for(caplog: pytest.LogCaptureFixture, text: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while text not in caplog.text:
        assert time.monotonic() < deadline, caplog.text
        time.sleep(0.01)


@contextmanager
def connected(settings: Settings, node: str, folder: Path) -> Iterator[None]:
    """Connect a node, with the token of its name."""
    router = open_router(folder / f"{node}.sock", options(settings, node))
    with closing(router), router.liveliness().declare_token(keys.alive(node)):
        yield


def refuse_once(settings: Settings, node: str, folder: Path, caplog: pytest.LogCaptureFixture, text: str) -> None:
    """Connect a node twice, and check that `text` is logged once."""
    with hub(settings, folder):
        with connected(settings, node, folder):
            wait_for(caplog, text)
        with connected(settings, node, folder):
            time.sleep(4 * SHORT_S)
    assert caplog.text.count(text) == 1


def test_a_certificate_of_no_node_is_logged_once(
    settings: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "certificates"
    create(folder, (Node("unknown-box"),))
    for suffix in ("pem", "key"):
        shutil.copy(folder / f"unknown-box.{suffix}", folder / f"yard-box.{suffix}")
    reason = "'unknown-box' is refused: no node of the settings has this name"
    refuse_once(settings, "yard-box", tmp_path, caplog, reason)


def test_a_certificate_of_another_node_is_logged_once(
    settings: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "certificates"
    for suffix in ("pem", "key"):
        shutil.copy(folder / f"gate-box.{suffix}", folder / f"yard-box.{suffix}")
    refuse_once(settings, "yard-box", tmp_path, caplog, "'gate-box' is refused: its node has another name")


def test_a_node_in_its_own_name_is_not_logged(
    settings: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with hub(settings, tmp_path, LONG_S), connected(settings, "gate-box", tmp_path):
        time.sleep(1.2 * LONG_S)
    assert "refused" not in caplog.text


def test_a_node_that_ends_before_it_has_shown_its_name_is_not_logged(
    settings: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with hub(settings, tmp_path, LONG_S):
        with closing(open_router(tmp_path / "gate-box.sock", options(settings, "gate-box"))) as router:
            deadline = time.monotonic() + PATIENCE_S
            while not router.info.links():
                assert time.monotonic() < deadline
                time.sleep(0.01)
        time.sleep(1.2 * LONG_S)
    assert "refused" not in caplog.text


def test_a_node_of_another_authority_logs_once_that_it_is_refused(
    settings: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    create(tmp_path / "foreign", (Node("gate-box"),))
    foreign = options(with_certificates(settings, tmp_path / "foreign"), "gate-box")
    router = open_router(tmp_path / "gate-box.sock", foreign)
    with hub(settings, tmp_path), closing(router), HubLink(foreign, SHORT_S).watching(router):
        wait_for(caplog, "its certificate is refused here")
        time.sleep(3 * SHORT_S)
    assert caplog.text.count("no link to the hub") == 1


def test_a_hub_that_refuses_the_certificate_is_the_reason(settings: Settings, tmp_path: Path) -> None:
    create(tmp_path / "foreign", (Node("gate-box"),))
    shutil.copy(tmp_path / "certificates" / "ca.pem", tmp_path / "foreign" / "ca.pem")
    with hub(settings, tmp_path):
        reason = why_not(options(with_certificates(settings, tmp_path / "foreign"), "gate-box"))
    assert reason.startswith("it refuses the certificate of this node: ")


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
