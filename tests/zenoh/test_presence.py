"""Nodes that come, go, or have another version of the wire, as statuses of their cameras and processors."""

import pytest

from common.config.settings import Settings
from common.messaging.messages import PROTOCOL, Status
from zenoh_impl import keys
from zenoh_impl.presence import Presence, components_of_nodes

SETTINGS = Settings.model_validate(
    {
        "impl": "zenoh",
        "node": "hub",
        "server": {"node": "hub"},
        "zenoh": {"hub": "tcp/localhost:7447"},
        "cameras": [{"name": "gate", "source": "0", "node": "gate-box"}, {"name": "yard", "source": "1"}],
        "processors": [{"name": "cars", "node": ["gpu-1", "gpu-2"], "workers": 2}],
    }
)
OTHER_VERSION = f"vision/{PROTOCOL + 1}/alive/gate-box"


@pytest.fixture
def statuses() -> list[Status]:
    return []


@pytest.fixture
def presence(statuses: list[Status]) -> Presence:
    return Presence("hub", components_of_nodes(SETTINGS), statuses.append, {"gate-box": 0.002, "gpu-1": 0.0015}.get)


def summary(statuses: list[Status]) -> list[tuple[str, str | None, str]]:
    return [(each.component, each.camera or each.processor, each.state) for each in statuses]


def test_a_node_that_is_gone_and_returns_changes_the_state_of_its_camera(
    presence: Presence, statuses: list[Status]
) -> None:
    presence.follow(keys.alive("gate-box"), is_alive=True)
    assert statuses == []
    presence.follow(keys.alive("gate-box"), is_alive=False)
    presence.follow(keys.alive("gate-box"), is_alive=True)
    assert summary(statuses) == [("provider", "gate", "lost"), ("provider", "gate", "ok")]
    assert [each.message for each in statuses] == ["node gate-box is gone", "node gate-box is connected"]


def test_a_processor_of_which_other_nodes_have_workers_is_degraded(presence: Presence, statuses: list[Status]) -> None:
    presence.follow(keys.alive("gpu-2"), is_alive=True)
    presence.follow(keys.alive("gpu-2"), is_alive=False)
    assert summary(statuses) == [("processor", "cars", "degraded")]


def test_nodes_that_were_never_there_are_reported_once(presence: Presence, statuses: list[Status]) -> None:
    presence.follow(keys.alive("gpu-1"), is_alive=True)
    presence.follow(keys.alive("gpu-2"), is_alive=True)
    presence.report_missing()
    presence.report_missing()
    assert summary(statuses) == [("provider", "gate", "lost")]


def test_the_tokens_of_roles_and_of_this_node_change_nothing(presence: Presence, statuses: list[Status]) -> None:
    for token in (keys.alive("gate-box", "provider gate"), keys.alive("hub"), keys.alive("hub", "server")):
        presence.follow(token, is_alive=True)
        presence.follow(token, is_alive=False)
    assert statuses == []


def test_a_node_with_another_version_of_the_wire_is_refused_by_name_once(
    presence: Presence, statuses: list[Status]
) -> None:
    for _ in range(3):
        presence.follow(OTHER_VERSION, is_alive=True)
        presence.follow(f"{OTHER_VERSION}/provider", is_alive=True)
        presence.follow(OTHER_VERSION, is_alive=False)
    assert summary(statuses) == [("provider", "gate", "failed")]
    assert statuses[0].message == (
        f"node gate-box has version {PROTOCOL + 1} of the wire, this one has {PROTOCOL}: install the same release"
    )


def test_the_table_of_nodes_has_those_of_the_settings_and_this_one(presence: Presence) -> None:
    for token in (
        keys.alive("hub"),
        keys.alive("hub", "server"),
        keys.alive("gpu-1"),
        keys.alive("gpu-1", "processor cars 1"),
    ):
        presence.follow(token, is_alive=True)
    presence.count_frame("gate", 1000, 0.03)
    presence.count_frame("yard", 10, 0.0071)
    presence.received_bytes["gpu-1"] += 5
    nodes = presence.nodes()
    assert {name: (node.round_trip_ms, node.frame_age_ms) for name, node in nodes.items()} == {
        "gate-box": (None, None),  # not connected
        "gpu-1": (1.5, None),
        "gpu-2": (None, None),
        "hub": (None, 7.1),
    }
    assert {name: (node.connected, node.roles, node.received_bytes) for name, node in nodes.items()} == {
        "gate-box": (False, (), 1000),
        "gpu-1": (True, ("processor cars 1",), 5),
        "gpu-2": (False, (), 0),
        "hub": (True, ("server",), 10),
    }
