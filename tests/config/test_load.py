"""Settings from flags, environment variables and the TOML file, and the message for each mistake in them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from common.config.command_line import HELP
from common.config.load import load_settings
from common.config.settings import LiveSettings, Settings
from common.config.spelling import SIMPLE, flag
from common.errors import SettingsError

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def _empty_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.upper().startswith("VISION_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")


def settings_of(*argv: str) -> Settings:
    return load_settings(argv)[1]


def error_of(*argv: str) -> str:
    with pytest.raises(SettingsError) as raised:
        load_settings(argv)
    message = str(raised.value)
    assert "\n" not in message
    return message


def test_without_arguments_the_command_is_run_with_the_defaults() -> None:
    assert load_settings([]) == ("run", Settings(), None)


@pytest.mark.parametrize("argv", [["run", "--port", "0"], ["--port", "0", "run"], ["--port", "0"]])
def test_the_command_may_stand_anywhere(argv: list[str]) -> None:
    assert load_settings(argv) == ("run", Settings(port=0), None)


def test_every_setting_has_a_flag() -> None:
    given = {
        "impl": "zenoh", "source": "0", "capture_fps": 25.0, "ui_fps": 10.0, "queue_fps": 4.0, "model": "mine",
        "min_score": 0.4, "host": "::1", "port": 0, "jpeg_quality": 60, "log_level": "debug", "python_work_ms": 5.0,
        "provider": "cuda", "device": "1", "cache_folder": "cache", "infer_repeat": 2, "ui_width": 640,
        "event_file": "events.sqlite", "keep_events": 500, "input_size": 320, "processor": "mine.py:process",
        "allowed_origins": "https://home.example",
        "node": "main", "token": "open sesame", "tls_cert": "cert.pem", "tls_key": "key.pem",
    }  # fmt: skip
    assert {*given, "session_per_frame", "reload", "allow_save"} == set(SIMPLE)
    flags = [f"{flag(name)}={value}" for name, value in given.items()]
    Path("vision.toml").write_text("[zenoh]\nhub = 'tcp/localhost:7447'\n")
    settings = settings_of(*flags, "--session-per-frame", "--reload")
    more = {"session_per_frame": True, "reload": True, "zenoh": {"hub": "tcp/localhost:7447"}}
    assert settings == Settings.model_validate(given | more)


def test_a_flag_overrides_the_environment_which_overrides_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("vision.toml").write_text("port = 1\njpeg_quality = 1\nmin_score = 0.1\n")
    monkeypatch.setenv("VISION_PORT", "2")
    monkeypatch.setenv("VISION_JPEG_QUALITY", "2")
    settings = settings_of("--port", "3")
    assert (settings.port, settings.jpeg_quality, settings.min_score) == (3, 2, 0.1)


def test_allowed_origins_are_written_as_browsers_write_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VISION_ALLOWED_ORIGINS", "https://Home.Example:443/, http://10.0.0.5:8123")
    assert settings_of().allowed_origins == ("https://home.example", "http://10.0.0.5:8123")
    flags = ("--allow-origin", "http://home.example:80", "--allow-origin", "https://[::1]:8443")
    assert settings_of(*flags).allowed_origins == ("http://home.example", "https://[::1]:8443")
    Path("vision.toml").write_text('allowed_origins = ["https://one.example", "https://two.example:8123"]')
    monkeypatch.delenv("VISION_ALLOWED_ORIGINS")
    assert settings_of().allowed_origins == ("https://one.example", "https://two.example:8123")


def test_a_boolean_flag_has_a_negative(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VISION_SESSION_PER_FRAME", "true")
    assert settings_of().session_per_frame is True
    assert settings_of("--no-session-per-frame").session_per_frame is False


def test_an_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VISION_PORT", "")
    assert settings_of() == Settings()


def test_the_file_is_selected_by_flag_or_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("vision.toml").write_text("port = 1\n")
    Path("night.toml").write_text("port = 2\n")
    assert settings_of("--config", "night.toml").port == 2
    monkeypatch.setenv("VISION_CONFIG", "night.toml")
    assert settings_of().port == 2


def test_a_camera_index_may_be_a_number_in_the_file() -> None:
    Path("vision.toml").write_text("source = 0\n")
    assert settings_of().source == "0"


def test_the_log_level_may_be_in_any_case() -> None:
    assert settings_of("--log-level", "WARNING").log_level == "warning"


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--port", "99999"], "--port: '99999' is not a whole number between 0 and 65535"),
        (["--port", "7001.5"], "--port: '7001.5' is not a whole number between 0 and 65535"),
        (["--impl", "greenlets"], "--impl: 'greenlets' is not one of multiprocessing, threading, zenoh"),
        (["--log-level", "loud"], "--log-level: 'loud' is not one of debug, info, warning, error"),
        (["--capture-fps", "nan"], "--capture-fps: 'nan' is not a number above 0 and at most 240"),
        (["--min-score", "inf"], "--min-score: 'inf' is not a number between 0 and 1"),
        (
            ["--allow-origin", "https://home.example", "--allow-origin", "*"],
            "--allow-origin: '*' is not an origin such as https://home.example:8123",
        ),
        (
            ["--allow-origin", "https://home.example/lovelace"],
            "--allow-origin: 'https://home.example/lovelace' is not an origin such as https://home.example:8123",
        ),
        (["--source", ""], "--source: '' is not a text of at least one character"),
        (["--ui-fps", "40"], "ui_fps (40) must not exceed capture_fps (30)"),
        (["--capture-fps", "4", "--ui-fps", "4"], "queue_fps (5) must not exceed capture_fps (4)"),
        (["--tls-cert", "a.pem"], "tls_cert needs tls_key as well"),
        (["--tls-key", "a.pem"], "tls_key needs tls_cert as well"),
        (
            ["--provider", "gpu"],
            "--provider: 'gpu' is not one of auto, cpu, openvino, cuda, tensorrt, coreml, directml",
        ),
        (["--processor", "mine.py"], "--processor: 'mine.py' is not FILE.py:NAME or package.module:NAME"),
        (["--input-size", "31"], "--input-size: '31' is not a whole number between 32 and 4096"),
        (["--device", "GPU"], "device ('GPU') needs a provider by name, not auto"),
        (["--reload"], "reload needs your own code: --processor FILE.py:NAME, or run in [[processors]]"),
        (
            ["--reload", "--processor", "package.mine:process"],
            "reload needs your own code: --processor FILE.py:NAME, or run in [[processors]]",
        ),
        (["compare", "--impl", "zenoh"], "--impl: compare runs multiprocessing and threading"),
        (["--port"], "--port: expected one argument"),
        (["--fps", "3"], "unknown option --fps; did you mean --ui-fps?"),
        (["--capture_fps=3"], "unknown option --capture_fps; did you mean --capture-fps?"),
        (["--zzz=secret"], "unknown option --zzz"),
        (["--infer", "3"], "unknown option --infer"),
        (["-x"], "unknown option -x"),
        (["walk"], "'walk' is not a command; choose from run, compare, bench, models, certificates"),
        (["--port", "0", "bench"], "bench must be the first word"),
        (["--port", "0", "models", "list"], "models must be the first word"),
        (["compare", "run"], "unexpected argument 'run'"),
        (["run", "--port", "0", "walk"], "unexpected argument 'walk'"),
        (["--config", "none.toml"], "--config: 'none.toml' is not a file"),
    ],
)
def test_a_mistake_on_the_command_line_names_itself_and_the_choices(argv: list[str], message: str) -> None:
    assert error_of(*argv) == message


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("VISION_IMPL", "foo", "VISION_IMPL: 'foo' is not one of multiprocessing, threading, zenoh"),
        ("vision_port", "-1", "vision_port: '-1' is not a whole number between 0 and 65535"),
        (
            "VISION_ALLOWED_ORIGINS",
            "http://a; script-src *",
            "VISION_ALLOWED_ORIGINS: 'http://a; script-src *' is not an origin such as https://home.example:8123",
        ),
        ("VISION_PROT", "1", "unknown environment variable VISION_PROT; did you mean VISION_PORT?"),
        ("VISION_CONFIG", "none.toml", "VISION_CONFIG: 'none.toml' is not a file"),
    ],
)
def test_a_mistake_in_the_environment_names_the_variable(
    variable: str, value: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    assert error_of() == message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("port = 99999", "vision.toml: port: 99999 is not a whole number between 0 and 65535"),
        ("allowed_origins = 1", "vision.toml: allowed_origins: 1 is not a list"),
        (
            "allowed_origins = [1]",
            "vision.toml: allowed_origins[0]: 1 is not an origin such as https://home.example:8123",
        ),
        ("port = true", "vision.toml: port: True is not a whole number between 0 and 65535"),
        ("impl = ['threading']", "vision.toml: impl: ['threading'] is not one of multiprocessing, threading, zenoh"),
        ("capture-fps = 25", "vision.toml: unknown setting 'capture-fps'; did you mean capture_fps?"),
        ("[zzz]\nsource = 'a.mp4'", "vision.toml: unknown setting 'zzz'"),
    ],
)
def test_a_mistake_in_the_file_names_file_and_key(text: str, message: str) -> None:
    Path("vision.toml").write_text(text)
    assert error_of() == message


def test_a_file_that_is_not_toml_is_refused_with_the_line() -> None:
    Path("vision.toml").write_text("port = 7001\nui_fps 15\n")
    message = error_of()
    assert message.startswith("vision.toml: not TOML: ")
    assert "line 2" in message


def test_a_file_that_is_not_utf_8_is_refused() -> None:
    Path("vision.toml").write_bytes(b"\xff\xfe\x00")
    assert error_of().startswith("vision.toml: not TOML: ")


def test_no_message_repeats_a_secret() -> None:
    words = (["rtsp://ann:sesame@camera/"], ["--port", "0", "http://a:sesame@b/"], ["ann:sesame@camera"])
    messages = [error_of(*argv) for argv in words]
    for text in ("token = ['sesame']", "source = ['rtsp://ann:sesame@camera/']", "source = {url = 'x?pw=sesame'}"):
        Path("vision.toml").write_text(text)
        messages.append(error_of())
    assert [message for message in messages if "sesame" in message] == []


def test_help_names_every_setting_with_its_default_limits_and_variable(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        load_settings(["--help"])
    assert ended.value.code == 0
    text = " ".join(capsys.readouterr().out.split())
    for name, field in Settings.model_fields.items():
        if name not in SIMPLE:
            continue
        assert flag(name) in text
        assert f"VISION_{name.upper()}]" in text
        assert str(field.description) in text
    assert "(between 0 and 65535) [7001; VISION_PORT]" in text
    assert "(one of multiprocessing, threading, zenoh) [multiprocessing; VISION_IMPL]" in text


def test_help_shows_each_setting_once() -> None:
    shown = [name for group in HELP.values() for name in group]
    assert sorted(shown) == sorted(SIMPLE)


def test_version_is_that_of_the_project(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        load_settings(["--version"])
    assert ended.value.code == 0
    assert f'version = "{capsys.readouterr().out.strip()}"' in (ROOT / "pyproject.toml").read_text()


def test_the_example_file_names_every_setting_at_its_default() -> None:
    example = ROOT / "vision.example.toml"
    assert settings_of("--config", str(example)) == Settings()
    for name in SIMPLE:
        assert f"\n{name} = " in example.read_text() or f"\n# {name} = " in example.read_text()


def test_a_role_does_not_import_the_command_line() -> None:
    code = "import sys, common.config.settings; print({'argparse', 'tomllib'} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "set()"


def test_the_types_of_the_loaded_settings() -> None:
    settings = settings_of()
    assert type(settings) is Settings
    assert type(settings.live) is LiveSettings


def test_leave_to_save_needs_a_settings_file(tmp_path: Path) -> None:
    assert error_of("--allow-save") == "--allow-save needs a settings file: vision.toml, or --config FILE"
    Path("vision.toml").write_text("allow_save = true")
    loaded = load_settings([])
    assert (loaded.settings.allow_save, loaded.file) == (True, Path("vision.toml"))
