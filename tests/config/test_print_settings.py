"""`--print-settings`: the settings in force as TOML, without secrets."""

import tomllib
from pathlib import Path

import pytest

from common.config.load import load_settings
from common.config.settings import Settings

FILE = """\
port = 0
token = "open sesame"
ui_fps = 12.5
[[cameras]]
name = "gate"
source = 'C:\\videos\\"gate".mp4'
[[cameras]]
name = "yard"
source = "rtsp://ann:sesame@camera/?password=sesame"
detect_source = "rtsp://ann:sesame@camera/small"
[[processors]]
name = "people"
cameras = ["yard"]
fps = 2
"""


def printed(capsys: pytest.CaptureFixture[str], *argv: str) -> str:
    with pytest.raises(SystemExit) as ended:
        load_settings(["--print-settings", *argv])
    assert not ended.value.code
    return capsys.readouterr().out


def test_the_output_is_a_settings_file_with_the_same_meaning(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "given.toml").write_text(FILE.replace("ann:sesame@", "").replace("?password=sesame", ""))
    given = ("--config", str(tmp_path / "given.toml"), "--min-score", "0.25", "--session-per-frame")
    (tmp_path / "printed.toml").write_text(printed(capsys, *given))
    expected = load_settings(given).settings
    settings = load_settings(["--config", str(tmp_path / "printed.toml"), "--token", "open sesame"]).settings
    assert (settings.cameras, settings.processors) == (expected.cameras, expected.processors)
    assert (settings.impl, settings.port, settings.session_per_frame) == ("multiprocessing", 0, True)


def test_the_defaults_are_one_camera_and_one_processor(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "empty.toml").touch()
    values = tomllib.loads(printed(capsys, "--config", str(tmp_path / "empty.toml")))
    assert values["cameras"] == [
        {"name": "main", "source": "sample", "capture_fps": 30, "ui_fps": 15, "ui_width": 1280, "jpeg_quality": 80}
    ]
    assert values["processors"] == [
        {
            "name": "main",
            "model": "default",
            "provider": "auto",
            "cameras": ["main"],
            "track": False,
            "fps": 5,
            "workers": 1,
            "min_score": 0.3,
        }
    ]
    assert values["port"] == Settings().port


def test_no_secret_is_printed(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "given.toml").write_text(FILE)
    text = printed(capsys, "--config", str(tmp_path / "given.toml"))
    assert "sesame" not in text
    assert "ann" not in text
    assert tomllib.loads(text)["cameras"][1]["source"] == "rtsp://***@camera/?password=***"


@pytest.mark.parametrize("source", ['"', "\\", "\x7f", "\t", "é\U0001f697", "\x1b[2J", "a'b"])
def test_every_text_is_valid_toml(source: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert tomllib.loads(printed(capsys, "--source", source))["cameras"][0]["source"] == source
