"""Settings of several cameras and processors: their defaults, and the message for each mistake in them."""

import os
from pathlib import Path

import pytest

from common.config.load import load_settings
from common.config.sections import CameraSettings, ProcessorSettings
from common.config.settings import Settings
from common.errors import SettingsError

EXAMPLE = Path(__file__).resolve().parents[2] / "vision.example.toml"
GATE = "[[cameras]]\nname = 'gate'\nsource = 'gate.mp4'\n"
YARD = "[[cameras]]\nname = 'yard'\nsource = '0'\n"
MANY = "".join(f"[[cameras]]\nname = 'camera{number}'\nsource = 'a.mp4'\n" for number in range(200))
NAME = "is not a name of 1 to 40 letters (a to z), digits, dots, hyphens and underscores"


@pytest.fixture(autouse=True)
def _empty_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.upper().startswith("VISION_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def settings_of(*argv: str, file: str = "") -> Settings:
    Path("vision.toml").write_text(file)
    return load_settings(argv)[1]


def error_of(*argv: str, file: str = "") -> str:
    with pytest.raises(SettingsError) as raised:
        settings_of(*argv, file=file)
    message = str(raised.value)
    assert message.isprintable()
    return message


def test_without_cameras_there_is_one_with_the_settings_of_the_top() -> None:
    settings = settings_of("--source", "road.mp4", "--capture-fps", "25", "--ui-width", "0", "--jpeg-quality", "60")
    assert settings.cameras == (
        CameraSettings(name="main", source="road.mp4", capture_fps=25, ui_fps=15, ui_width=0, jpeg_quality=60),
    )


def test_without_processors_there_is_one_for_all_cameras() -> None:
    settings = settings_of("--queue-fps", "4", "--model", "mine", "--min-score", "0.5", file=GATE + YARD)
    assert settings.processors == (
        ProcessorSettings(
            name="main", model="mine", provider="auto", cameras=("gate", "yard"), fps=4, workers=1, min_score=0.5
        ),
    )


def test_a_camera_sets_what_the_top_does_not() -> None:
    gate, yard = settings_of(file=f"ui_fps = 12\njpeg_quality = 70\n{GATE}ui_fps = 6\n{YARD}ui_width = 640").cameras
    assert (gate.ui_fps, gate.jpeg_quality, gate.ui_width) == (6, 70, 1280)
    assert (yard.ui_fps, yard.jpeg_quality, yard.ui_width) == (12, 70, 640)


def test_a_processor_sets_what_the_top_does_not() -> None:
    people = "[[processors]]\nname = 'people'\nfps = 2\nworkers = 3\ncameras = ['yard']\n"
    vehicles = "[[processors]]\nname = 'vehicles'\nmodel = 'large'\nmin_score = 0.6\n"
    settings = settings_of(file=f"queue_fps = 4\nmin_score = 0.2\n{GATE}{YARD}{people}{vehicles}")
    assert settings.processors == (
        ProcessorSettings(
            name="people", model="default", provider="auto", cameras=("yard",), fps=2, workers=3, min_score=0.2
        ),
        ProcessorSettings(
            name="vehicles", model="large", provider="auto", cameras=("gate", "yard"), fps=4, min_score=0.6
        ),
    )


def test_the_rates_at_the_top_may_be_too_high_for_a_camera_that_sets_its_own() -> None:
    (gate,) = settings_of(file=f"capture_fps = 10\nqueue_fps = 2\n{GATE}ui_fps = 5").cameras
    assert (gate.capture_fps, gate.ui_fps) == (10, 5)


def test_a_camera_may_have_a_second_stream_for_the_processors() -> None:
    gate, yard = settings_of(file=f"{GATE}detect_source = 'small.mp4'\n{YARD}").cameras
    assert (gate.detect_source, yard.detect_source) == ("small.mp4", None)


def test_sources_by_flags_are_cameras_with_names() -> None:
    gate, yard = settings_of("--source", "gate=rtsp://ann@box/a?x=1", "--source=yard=0").cameras
    assert [(camera.name, camera.source) for camera in (gate, yard)] == [
        ("gate", "rtsp://ann@box/a?x=1"),
        ("yard", "0"),
    ]


@pytest.mark.parametrize("source", ["rtsp://box/?a=b", "./a=b.mp4", "/videos/a=b.mp4", "user:p=w@box"])
def test_an_equals_sign_in_a_path_or_url_separates_no_name(source: str) -> None:
    (camera,) = settings_of("--source", source).cameras
    assert (camera.name, camera.source) == ("main", source)


def test_a_source_by_flag_overrides_the_cameras_of_the_file() -> None:
    (camera,) = settings_of("--source", "0", file=GATE + YARD).cameras
    assert (camera.name, camera.source) == ("main", "0")
    (camera,) = settings_of("--source", "attic=1", file="source = 'road.mp4'").cameras
    assert (camera.name, camera.source) == ("attic", "1")


def test_a_source_in_the_environment_overrides_the_cameras_of_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VISION_SOURCE", "0")
    assert [camera.source for camera in settings_of(file=GATE + YARD).cameras] == ["0"]


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["0", "1"], "several cameras need a name each: --source gate=rtsp://… --source yard=0"),
        (["gate=0", "1"], "several cameras need a name each: --source gate=rtsp://… --source yard=0"),
        (["gate=0", "gate=1"], "cameras[1].name (gate) must differ from cameras[0].name"),
        (["gate=0", "yard=00"], "cameras[1].source (0) must differ from cameras[0].source"),
        (["a b=0"], f"'a b' {NAME}"),
        (["=0"], f"'' {NAME}"),
        (["gate="], "'' is not a text of at least one character"),
        ([f"camera{number}=a.mp4" for number in range(200)], "200 exceed the maximum of 64"),
    ],
)
def test_a_mistake_in_sources_by_flags_names_the_flag(argv: list[str], message: str) -> None:
    assert error_of(*(f"--source={source}" for source in argv)) == f"--source: {message}"


@pytest.mark.parametrize("name", ["a/b", 'a"b', "a'b", "\U0001f697", "é", "", "x" * 41, "a b", "a\nb", "a\0b"])
def test_a_name_of_other_characters_is_refused(name: str) -> None:
    text = f"[[cameras]]\nname = {toml(name)}\nsource = '0'\n"
    assert error_of(file=text) == f"vision.toml: cameras[0].name: {name!r} {NAME}"


def toml(text: str) -> str:
    return '"' + "".join(f"\\U{ord(character):08x}" for character in text) + '"'


@pytest.mark.parametrize("name", ["g", "Gate-1_b.c", "7", "x" * 40])
def test_a_name_of_allowed_characters_is_accepted(name: str) -> None:
    assert settings_of(file=f"[[cameras]]\nname = '{name}'\nsource = '0'\n").cameras[0].name == name


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("cameras = []", "cameras: at least one is needed"),
        ("processors = []", "processors: at least one is needed"),
        ("[cameras]\nname = 'gate'", "cameras: {'name': 'gate'} is not a list"),
        ("cameras = ['gate']", "cameras[0]: the value is not a table"),
        ("cameras = true", "cameras: True is not a list"),
        ("[[cameras]]\nname = 'gate'", "cameras[0].source: is missing"),
        ("[[cameras]]\nsource = '0'", "cameras[0].name: is missing"),
        (GATE + GATE, "cameras[1].name (gate) must differ from cameras[0].name"),
        (YARD + YARD.replace("yard", "attic"), "cameras[1].source (0) must differ from cameras[0].source"),
        (f"{YARD}detect_source = 0", "cameras[0].detect_source (0) must differ from cameras[0].source"),
        (GATE + YARD + "ui_fps = 0", "cameras[1].ui_fps: 0 is not a number above 0 and at most 240"),
        (GATE + YARD + "ui_fps = 31", "cameras[1].ui_fps (31) must not exceed capture_fps (30)"),
        (GATE + YARD + "ui_width = -1", "cameras[1].ui_width: -1 is not a whole number between 0 and 16384"),
        (GATE + YARD + "uifps = 1", "unknown setting 'cameras[1].uifps'; did you mean ui_fps?"),
        (GATE + "port = 1", "unknown setting 'cameras[0].port'"),
        (f"source = '0'\n{GATE}", "source must not be set beside cameras: each camera has its own"),
        (MANY, "cameras: 200 exceed the maximum of 64"),
        ("[[processors]]\nfps = 1", "processors[0].name: is missing"),
        (2 * "[[processors]]\nname = 'a'\n", "processors[1].name (a) must differ from processors[0].name"),
        (
            f"{GATE}{YARD}[[processors]]\nname = 'a'\ncameras = ['gate', 'attic']",
            "processors[0].cameras (attic) must be among gate, yard",
        ),
        ("[[processors]]\nname = 'a'\ncameras = []", "processors[0].cameras: at least one is needed"),
        ("[[processors]]\nname = 'a'\ncameras = 'main'", "processors[0].cameras: 'main' is not a list"),
        (
            "[[processors]]\nname = 'a'\ncameras = [['main']]",
            "processors[0].cameras[0]: ['main'] is not a text of at least one character",
        ),
        ("[[processors]]\nname = 'a'\nfps = 31", "processors[0].fps (31) must not exceed capture_fps (30)"),
        (
            f"{GATE}{YARD}capture_fps = 4\nui_fps = 4\n[[processors]]\nname = 'a'\n",
            "processors[0].fps (5) must not exceed capture_fps (4) of camera yard",
        ),
        ("[[processors]]\nname = 'a'\nworkers = 0", "processors[0].workers: 0 is not a whole number between 1 and 16"),
        ("[[processors]]\nname = 'a'\nmin_score = 2", "processors[0].min_score: 2 is not a number between 0 and 1"),
    ],
)  # fmt: skip
def test_a_mistake_in_the_file_names_its_place(text: str, message: str) -> None:
    assert error_of(file=text) == f"vision.toml: {message}"


def test_the_default_processor_is_no_faster_than_any_camera() -> None:
    message = error_of(file=f"{GATE}{YARD}capture_fps = 4\nui_fps = 4\n")
    assert message == "queue_fps (5) must not exceed capture_fps (4) of camera yard"


def test_no_message_repeats_the_password_of_a_camera() -> None:
    url = "rtsp://ann:sesame@camera/"
    files = (
        f"[[cameras]]\nname = '{url}'\nsource = '0'",
        f"[[cameras]]\nname = 'a'\nsource = ['{url}']",
        f"[[cameras]]\nname = 'a'\nsource = '{url}'\n[[cameras]]\nname = 'a'\nsource = '{url}'",
        f"[[cameras]]\nname = 'a'\nsource = '0'\ndetect_source = ['{url}']",
        f"[[cameras]]\n'{url}' = 'a'",
        f"cameras = '{url}'",
        f"cameras = ['{url}']",
        f"[cameras]\nsource = '{url}'",
    )
    assert [message for file in files if "sesame" in (message := error_of(file=file))] == []
    flags = (["a b=" + url], ["a=" + url, "a=" + url], [url, url])
    assert [text for argv in flags if "sesame" in (text := error_of(*(f"--source={each}" for each in argv)))] == []


def test_the_sections_of_the_example_file_are_valid() -> None:
    lines = EXAMPLE.read_text().splitlines()
    first = lines.index("# [[cameras]]")
    settings = lines[:first] + [
        line.removeprefix("# ") for line in lines[first:] if "=" in line or line.startswith("# [")
    ]
    text = "\n".join(settings).replace('source = "sample"\n', "")
    loaded = settings_of(file=text)
    assert [camera.name for camera in loaded.cameras] == ["gate", "yard"]
    assert [processor.cameras for processor in loaded.processors] == [
        ("gate", "yard"),
        ("gate",),
        ("gate", "yard"),
        ("gate", "yard"),
    ]
