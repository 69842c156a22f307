"""The values that settings accept and refuse, and the messages."""

import pickle

import pytest
from pydantic import SecretStr, ValidationError

from common.config.access import access_token
from common.config.settings import LiveSettings, Settings
from common.errors import SettingsError


def test_settings_are_immutable() -> None:
    with pytest.raises(ValidationError):
        Settings().port = 8000  # type: ignore[misc]


def test_settings_survive_pickling() -> None:
    settings = Settings(impl="threading", token=SecretStr("open sesame"))
    assert pickle.loads(pickle.dumps(settings)) == settings  # noqa: S301


@pytest.mark.parametrize("name", ["ui_fps", "queue_fps"])
def test_a_rate_above_the_capture_rate_is_refused_by_name(name: str) -> None:
    with pytest.raises(ValidationError, match=rf"{name} \(40\) must not exceed capture_fps \(30\)"):
        Settings.model_validate({name: 40})


def test_rates_may_equal_the_capture_rate() -> None:
    settings = Settings(capture_fps=12.5, ui_fps=12.5, queue_fps=12.5)
    assert (settings.ui_fps, settings.queue_fps) == (12.5, 12.5)


@pytest.mark.parametrize(
    ("name", "lowest", "highest"),
    [
        ("min_score", 0, 1),
        ("infer_repeat", 1, 100),
        ("python_work_ms", 0, 10_000),
        ("port", 0, 65_535),
        ("jpeg_quality", 1, 100),
    ],
)
def test_limits_are_inclusive(name: str, lowest: int, highest: int) -> None:
    for value in (lowest, highest):
        assert getattr(Settings.model_validate({name: value}), name) == value
    for value in (lowest - 1, highest + 1):
        with pytest.raises(ValidationError):
            Settings.model_validate({name: value})


@pytest.mark.parametrize("value", [0, -1, 241, float("nan"), float("inf"), True])
def test_an_invalid_rate_is_refused(value: float) -> None:
    with pytest.raises(ValidationError):
        Settings(capture_fps=value, ui_fps=0.5, queue_fps=0.5)


def test_the_repr_contains_neither_token_nor_source() -> None:
    settings = Settings(token=SecretStr("open sesame"), source="rtsp://ann:pa55@camera/road")
    assert "sesame" not in repr(settings)
    assert "pa55" not in repr(settings)


def test_live_contains_what_viewers_may_change() -> None:
    settings = Settings(min_score=0.5, infer_repeat=3, python_work_ms=20, session_per_frame=True, port=0)
    assert settings.live == LiveSettings(min_score=0.5, infer_repeat=3, python_work_ms=20, session_per_frame=True)


def test_changed_returns_a_copy() -> None:
    before = LiveSettings(infer_repeat=4)
    assert before.changed("min_score", 0.75) == LiveSettings(infer_repeat=4, min_score=0.75)
    assert before == LiveSettings(infer_repeat=4)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("port", 1, "'port' is not one of min_score, infer_repeat, python_work_ms, session_per_frame"),
        ("min_score", 1.5, "min_score: 1.5 is not a number between 0 and 1"),
        ("min_score", True, "min_score: True is not a number between 0 and 1"),
        ("min_score", float("nan"), "min_score: nan is not a number between 0 and 1"),
        ("infer_repeat", 2.5, "infer_repeat: 2.5 is not a whole number between 1 and 100"),
        ("session_per_frame", 7, "session_per_frame: 7 is not true or false"),
    ],
)
def test_changed_refuses_an_invalid_change_in_one_line(name: str, value: float, message: str) -> None:
    with pytest.raises(SettingsError) as raised:
        LiveSettings().changed(name, value)
    assert str(raised.value) == message


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
def test_no_token_is_required_on_loopback(host: str) -> None:
    assert access_token(Settings(host=host)) is None


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.20", "edge-box"])
def test_beyond_loopback_a_random_token_is_generated(host: str) -> None:
    settings = Settings(host=host)
    first, second = access_token(settings), access_token(settings)
    assert first is not None
    assert len(first) >= 32
    assert first != second


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_a_token_that_was_set_is_required(host: str) -> None:
    assert access_token(Settings(host=host, token=SecretStr("open sesame"))) == "open sesame"
