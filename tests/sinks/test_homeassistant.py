"""Discovery messages, checked by the rules of Home Assistant's documentation of MQTT discovery."""

import json
import re
from typing import Any

import pytest

from common.sinks.homeassistant import discovery
from common.sinks.state import State

TOPIC = re.compile(r"homeassistant/device/[A-Za-z0-9_-]+/config")
# https://www.home-assistant.io/integrations/sensor.mqtt, …/binary_sensor.mqtt: required and used options.
OPTIONS = {
    "sensor": {"platform", "unique_id", "name", "state_class", "state_topic", "value_template"},
    "binary_sensor": {
        *("platform", "unique_id", "name", "state_topic"),
        *("device_class", "entity_category", "payload_on", "payload_off"),
    },
}


def announced(camera: str = "gate", processor: str = "vehicles", label: str = "car") -> tuple[str, dict[str, Any]]:
    pair = camera, processor
    state = State(cameras={camera: True}, values={pair: {"speed": 1.0}}, objects={pair: {label: 2}})
    topic, payload = discovery("site", "homeassistant", camera, state)
    return topic, json.loads(payload)


def test_the_message_has_what_the_documentation_requires() -> None:
    topic, payload = announced()
    assert TOPIC.fullmatch(topic)
    assert payload["device"]["identifiers"]
    assert payload["origin"]["name"]
    assert payload["availability_topic"] == "site/status"
    assert len(payload["components"]) == 3
    for entity_id, component in payload["components"].items():
        assert set(component) == OPTIONS[component["platform"]]
        assert component["unique_id"] == entity_id


def test_entities_read_the_topics_that_the_sink_publishes() -> None:
    _, payload = announced()
    topics = {component["name"]: component["state_topic"] for component in payload["components"].values()}
    assert topics == {
        "Connection": "site/gate/connected",
        "vehicles car": "site/gate/vehicles/objects",
        "vehicles speed": "site/gate/vehicles/values",
    }


@pytest.mark.parametrize("label", ['driver\'s "bag"', "a]b }}", "naïve café", "traffic light"])
def test_labels_are_escaped_in_templates_and_replaced_in_identifiers(label: str) -> None:
    _, payload = announced(label=label)
    (component,) = [one for one in payload["components"].values() if one["name"] == f"vehicles {label}"]
    template = component["value_template"]
    assert template == "{{ value_json[" + json.dumps(label) + "] }}"
    assert re.fullmatch(r"[A-Za-z0-9_-]+", component["unique_id"])


def test_another_camera_is_another_device() -> None:
    assert announced("gate")[0] != announced("yard.2")[0]
    assert TOPIC.fullmatch(announced("yard.2")[0])
