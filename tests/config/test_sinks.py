"""Settings of sinks: their defaults, the message for each mistake in them, and no secret in what is printed."""

import os
from pathlib import Path

import pytest

from common.config.load import load_settings
from common.config.print_settings import to_toml
from common.config.settings import Settings
from common.config.sinks import JsonlSettings, MqttSettings, WebhookSettings
from common.errors import SettingsError
from common.model_zoo.resolve import resolve_settings

MQTT = "[[sinks]]\ntype = 'mqtt'\nurl = 'mqtt://user:hunter2@broker'\n"
WEBHOOK = "[[sinks]]\ntype = 'webhook'\nurl = 'https://example.org/?key=hunter2'\nsecret = 'hunter2'\n"
JSONL = "[[sinks]]\ntype = 'jsonl'\npath = 'events.jsonl'\n"


@pytest.fixture(autouse=True)
def _empty_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.upper().startswith("VISION_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def settings_of(file: str) -> Settings:
    Path("vision.toml").write_text(file)
    return load_settings(())[1]


def test_each_type_has_its_own_settings_and_defaults() -> None:
    mqtt, webhook, jsonl = settings_of(MQTT + WEBHOOK + JSONL).sinks
    assert isinstance(mqtt, MqttSettings)
    assert isinstance(webhook, WebhookSettings)
    assert isinstance(jsonl, JsonlSettings)
    assert (mqtt.name, mqtt.topic, mqtt.discovery) == ("mqtt", "edge-vision", True)
    assert (webhook.name, webhook.thumbnail) == ("webhook", False)
    assert (jsonl.name, jsonl.keep) == ("jsonl", 5)


def test_without_sinks_there_are_none() -> None:
    assert settings_of("").sinks == ()


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ("[[sinks]]\npath = 'a'\n", "sinks[0].type is not one of mqtt, webhook, jsonl"),
        ("[[sinks]]\ntype = 'kafka'\n", "sinks[0].type is not one of mqtt, webhook, jsonl"),
        ("[[sinks]]\ntype = true\n", "sinks[0].type is not one of mqtt, webhook, jsonl"),
        ("[[sinks]]\ntype = 'jsonl'\n", "sinks[0].path: is missing"),
        (JSONL + "keep = 0\n", "sinks[0].keep: 0 is not a whole number between 1 and 1000"),
        (JSONL + "topik = 1\n", "unknown setting 'sinks[0].topik'"),
        (MQTT + "topik = 'a'\n", "unknown setting 'sinks[0].topik'; did you mean topic?"),
        (MQTT + "topic = 'a b'\n", "sinks[0].topic: 'a b' is not a topic of 1 to 100 letters"),
        (JSONL + JSONL, "sinks[1].name (jsonl) must differ from sinks[0].name"),
        ("sinks = 3\n", "sinks: 3 is not a list"),
        ("sinks = [3]\n", "sinks[0].type is not one of mqtt, webhook, jsonl"),
        ("keep_events = 5\n", "keep_events: 5 is not a whole number between 100 and 10000000"),
    ],
)
def test_a_mistake_names_its_place_and_the_choices(file: str, message: str) -> None:
    with pytest.raises(SettingsError) as raised:
        settings_of(file)
    assert message in str(raised.value)
    assert str(raised.value).isprintable()


def test_printed_settings_hold_no_secret_and_mean_the_same() -> None:
    printed = to_toml(settings_of(MQTT + WEBHOOK + JSONL))
    assert "hunter2" not in printed
    assert [sink.name for sink in settings_of(printed).sinks] == ["mqtt", "webhook", "jsonl"]


def test_paths_are_absolute_from_the_start(tmp_path: Path) -> None:
    settings = resolve_settings(settings_of(JSONL))
    (jsonl,) = settings.sinks
    assert isinstance(jsonl, JsonlSettings)
    assert (jsonl.path, settings.event_file) == (str(tmp_path / "events.jsonl"), str(tmp_path / "vision-events.sqlite"))
