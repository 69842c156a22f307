"""Nodes that must not take part, or not in this way: what they send is not received."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest
import zenoh

from common.certificates.command import Node, create
from common.config.settings import Settings
from common.errors import SettingsError
from tests.zenoh.nodes import closing, options, three_boxes, with_certificates
from zenoh_impl import keys
from zenoh_impl.session import COMMON, open_client, open_router

PATIENCE_S = 30.0
SILENCE_S = 2.0  # of a link that must not come up: one that may is up within 0.2 s


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return three_boxes(tmp_path / "certificates")


class Hub:
    """The router of the hub with a role behind it, which records the keys of all that it receives."""

    def __init__(self, settings: Settings, folder: Path, stack: ExitStack) -> None:
        stack.enter_context(closing(open_router(folder / "hub.sock", options(settings, "hub"))))
        self.role = stack.enter_context(closing(open_client(folder / "hub.sock")))
        self.received: set[str] = set()
        stack.enter_context(self.role.declare_subscriber("vision/**", self._record))

    def _record(self, sample: zenoh.Sample) -> None:
        self.received.add(str(sample.key_expr))

    def wait_for(self, key: str) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while key not in self.received:
            assert time.monotonic() < deadline, f"nothing on {key}: {self.received}"
            time.sleep(0.01)


@pytest.fixture
def hub(settings: Settings, tmp_path: Path) -> Iterator[Hub]:
    with ExitStack() as stack:
        yield Hub(settings, tmp_path, stack)


@contextmanager
def publishing(settings: Settings, node: str, folder: Path, *published: str) -> Iterator[None]:
    """Let a role of a node publish on keys all the time."""
    socket = folder / f"{node}.sock"
    with (
        closing(open_router(socket, options(settings, node))),
        closing(open_client(socket)) as role,
        ExitStack() as stack,
    ):

        def publish() -> None:
            for key in published:
                with suppress(zenoh.ZError):
                    role.put(key, b"")

        stack.enter_context(repeating(publish))
        yield


@contextmanager
def repeating(action: Callable[[], object]) -> Iterator[None]:
    ended = threading.Event()

    def run() -> None:
        while not ended.wait(0.05):
            action()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(PATIENCE_S)


OWN = keys.sent_by("gate-box", "provider gate")
PROBE = keys.sent_by("gpu-box", "processor")


@contextmanager
def nothing_else_received(hub: Hub, settings: Settings, folder: Path) -> Iterator[None]:
    """Check that the hub receives what a node sends that may, and nothing else within SILENCE_S."""
    with publishing(settings, "gpu-box", folder, PROBE):
        hub.wait_for(PROBE)
        hub.received.clear()
        yield
        hub.wait_for(PROBE)
    assert hub.received == {PROBE}


def test_a_node_publishes_about_its_own_roles_only(hub: Hub, settings: Settings, tmp_path: Path) -> None:
    own = {OWN, keys.view("gate", "frame"), keys.frames("gate to vehicles 1")}
    others = {
        keys.view("yard", "frame"),
        keys.frames("yard to vehicles 1"),
        keys.sent_by("yard-box", "provider yard"),
        keys.sent_by("gpu-box", "processor"),
        keys.sent_to("gpu-box", "processor"),
        keys.taken("gate to vehicles 1"),
        keys.shown_by("hub"),
        keys.changed_by("hub"),
        keys.changed_by("gate-box"),  # it runs no processor whose settings could change
    }
    with publishing(settings, "gate-box", tmp_path, *others, *own):
        for key in own:
            hub.wait_for(key)
        time.sleep(SILENCE_S)
    assert hub.received == own


def test_a_node_without_a_certificate_does_not_start(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "certificates" / "gate-box.pem").unlink()
    with pytest.raises(SettingsError, match=r"gate-box\.pem is missing; run: python main\.py certificates gate-box"):
        open_router(tmp_path / "gate-box.sock", options(settings, "gate-box"))


def test_a_node_with_a_certificate_of_another_authority_is_refused(
    hub: Hub, settings: Settings, tmp_path: Path
) -> None:
    create(tmp_path / "foreign", (Node("gate-box"),))
    foreign = with_certificates(settings, tmp_path / "foreign")
    with nothing_else_received(hub, settings, tmp_path), publishing(foreign, "gate-box", tmp_path, OWN):
        time.sleep(SILENCE_S)


def test_a_program_without_a_certificate_is_refused(hub: Hub, settings: Settings, tmp_path: Path) -> None:
    config = zenoh.Config()
    authority = str(tmp_path / "certificates" / "ca.pem")
    for key, value in {
        "mode": '"client"',
        "connect/endpoints": f'["{settings.zenoh.hub}"]',
        "connect/timeout_ms": "2000",
        "scouting/multicast/enabled": "false",
        "transport/link/tls/root_ca_certificate": f'"{authority}"',
    }.items():
        config.insert_json5(key, value)
    with pytest.raises(zenoh.ZError):
        zenoh.open(config)


@pytest.mark.parametrize("node", ["gate-box", "unknown-box"])
def test_a_valid_certificate_in_another_name_publishes_nothing_in_that_name(
    hub: Hub, settings: Settings, tmp_path: Path, node: str
) -> None:
    folder = tmp_path / "certificates"
    create(folder, (Node(node),))
    for suffix in ("pem", "key"):
        (folder / f"yard-box.{suffix}").write_bytes((folder / f"{node}.{suffix}").read_bytes())
    stolen = keys.view("yard", "frame"), keys.sent_by("yard-box", "provider yard")
    with nothing_else_received(hub, settings, tmp_path), publishing(settings, "yard-box", tmp_path, *stolen):
        time.sleep(SILENCE_S)


def test_a_hub_with_a_certificate_for_another_host_is_refused(settings: Settings, tmp_path: Path) -> None:
    create(tmp_path / "certificates", (Node("hub", ("elsewhere.local",)),))
    with ExitStack() as stack:
        hub = Hub(settings, tmp_path, stack)
        with publishing(settings, "gate-box", tmp_path, OWN):
            time.sleep(SILENCE_S)
        assert hub.received == set()


def test_nodes_start_in_any_order(settings: Settings, tmp_path: Path) -> None:
    with publishing(settings, "gate-box", tmp_path, OWN):
        time.sleep(0.5)
        with ExitStack() as stack:
            Hub(settings, tmp_path, stack).wait_for(OWN)


def test_a_message_above_the_limit_is_not_received(hub: Hub, settings: Settings, tmp_path: Path) -> None:
    socket = tmp_path / "gate-box.sock"
    with closing(open_router(socket, options(settings, "gate-box"))), closing(open_client(socket)) as role:

        def publish() -> None:
            with suppress(zenoh.ZError):
                role.put(
                    keys.view("gate", "frame"), bytes(17 * 2**20), congestion_control=zenoh.CongestionControl.BLOCK
                )

        with nothing_else_received(hub, settings, tmp_path), repeating(publish):
            time.sleep(SILENCE_S)


def test_a_port_that_is_in_use_is_one_line(hub: Hub, settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="zenoh: "):
        open_router(tmp_path / "other.sock", options(settings, "hub"))


def answers(session: zenoh.Session, selector: str) -> list[str]:
    return [str(reply.ok.key_expr) for reply in session.get(selector, timeout=SILENCE_S) if reply.ok]


def test_the_admin_space_of_a_router_is_off(settings: Settings, tmp_path: Path) -> None:
    with closing(open_router(tmp_path / "hub.sock", options(settings, "hub"))) as router:
        # Each session, also that of a client, has a part that only itself can read.
        assert {key.split("/")[2] for key in answers(router, "@/**")} <= {"session"}


def test_a_node_could_not_read_the_admin_space_of_the_hub(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(COMMON, "adminspace/enabled", True)
    with (
        closing(open_router(tmp_path / "hub.sock", options(settings, "hub"))) as hub,
        closing(open_router(tmp_path / "gpu-box.sock", options(settings, "gpu-box"))) as node,
        closing(open_client(tmp_path / "gpu-box.sock")) as role,
        hub.liveliness().declare_token(keys.alive("hub")),
        node.liveliness().declare_subscriber(keys.alive("hub"), history=True) as tokens,
    ):
        assert tokens.recv().kind == zenoh.SampleKind.PUT  # the link is up
        selector = f"@/{hub.info.zid()}/**"
        assert f"@/{hub.info.zid()}/router" in answers(hub, selector)
        assert answers(node, selector) == answers(role, selector) == []
