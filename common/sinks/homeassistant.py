"""Discovery messages for Home Assistant: cameras, counts and values appear as entities by themselves.

Format: device discovery of the MQTT integration, https://www.home-assistant.io/integrations/mqtt/#discovery-messages
"""

import json
import re
from typing import Any

from common.sinks.state import State

ORIGIN = {"name": "Edge Vision"}


def discovery(topic: str, prefix: str, camera: str, state: State) -> tuple[str, str]:
    """Return the topic and the JSON payload that announce a camera as a device; to be retained.

    `topic` is the base topic of the sink. The entities are the connection of the camera, and for each of its
    processors the number of objects by label, and the named values.
    """
    device_id = _identifier(f"{topic}_{camera}")
    components = {f"{device_id}_connection": _connection(f"{topic}/{camera}/connected", device_id)}
    for (of_camera, processor), objects in state.objects.items():
        if of_camera == camera:
            for label in objects:
                entity_id = _identifier(f"{device_id}_{processor}_objects_{label}")
                name = f"{processor} {label}"
                components[entity_id] = _number(f"{topic}/{camera}/{processor}/objects", entity_id, name, label)
    for (of_camera, processor), values in state.values.items():
        if of_camera == camera:
            for key in values:
                entity_id = _identifier(f"{device_id}_{processor}_{key}")
                name = f"{processor} {key}"
                components[entity_id] = _number(f"{topic}/{camera}/{processor}/values", entity_id, name, key)
    payload = {
        "device": {"identifiers": [device_id], "name": f"Edge Vision {camera}", "manufacturer": "Edge Vision"},
        "origin": ORIGIN,
        "availability_topic": f"{topic}/status",
        "components": components,
    }
    return f"{prefix}/device/{device_id}/config", json.dumps(payload, separators=(",", ":"), sort_keys=True)


def _connection(state_topic: str, device_id: str) -> dict[str, Any]:
    return {
        "platform": "binary_sensor",
        "unique_id": f"{device_id}_connection",
        "name": "Connection",
        "device_class": "connectivity",
        "entity_category": "diagnostic",
        "state_topic": state_topic,
        "payload_on": "ON",
        "payload_off": "OFF",
    }


def _number(state_topic: str, entity_id: str, name: str, key: str) -> dict[str, Any]:
    return {
        "platform": "sensor",
        "unique_id": entity_id,
        "name": name,
        "state_class": "measurement",
        "state_topic": state_topic,
        # The key is a string literal of the template language, whose escapes are those of JSON.
        "value_template": "{{ value_json[" + json.dumps(key) + "] }}",
    }


def _identifier(text: str) -> str:
    """Replace what a topic of discovery may not have: only letters, digits, `_` and `-` are allowed."""
    return re.sub(r"[^A-Za-z0-9_-]", "_", text)
