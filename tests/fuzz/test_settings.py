"""Arbitrary flags, environment variables and files: settings within their limits, or one line without secrets."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from common.config.command_line import HELP
from common.config.load import load_settings
from common.config.sections import CameraSettings, ProcessorSettings
from common.config.settings import LiveSettings, Settings
from common.errors import SettingsError
from tests.support.fuzzing import bounded, json_values

SECRET = "Sesame8Street"
FLAGS = [f"--{name.replace('_', '-')}" for group in HELP.values() for name in group]
words = st.text(max_size=8) | st.sampled_from(
    [
        "0",
        "1",
        "-1",
        "1e3",
        "nan",
        "inf",
        "0x10",
        "1_0",
        "٣",
        "",
        "true",
        "threading",
        "debug",
        "\n",
        "\x1b[2J",
        "\ud800",
    ]
)
SECTION_KEYS = [
    f"[[{section}]]\nname = 'a'\nsource = 'b'\n{key}"
    for section, model in (("cameras", CameraSettings), ("processors", ProcessorSettings))
    for key in model.model_fields
]
secrets = st.sampled_from([SECRET, f"rtsp://ann:{SECRET}@camera/", f"ann:{SECRET}@camera", f"x://c/?k={SECRET}\n"])
arguments = st.lists(
    st.sampled_from([*FLAGS, "run", "compare", "--no-session-per-frame"])
    | words
    | st.builds("{}={}".format, st.sampled_from(FLAGS), words)
    | st.builds("--source={}".format, secrets)
    | st.builds("--token={}".format, secrets),
    max_size=5,
)
variables = st.dictionaries(
    st.sampled_from([f"VISION_{name.upper()}" for name in Settings.model_fields])
    | st.sampled_from(["vision_port", "VISION_", "VISION_CONFIG", "VISION_PORTS"]),
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8),
    max_size=3,
)
secret_variables = st.dictionaries(st.sampled_from(["VISION_SOURCE", "VISION_TOKEN", "vision_source"]), secrets)


@pytest.fixture(scope="module", autouse=True)
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An empty working directory, and an environment without settings."""
    folder = tmp_path_factory.mktemp("folder")
    bare = {name: value for name, value in os.environ.items() if not name.upper().startswith("VISION_")}
    with contextlib.chdir(folder), mock.patch.dict(os.environ, bare, clear=True):
        yield folder


def load(*argv: str) -> None:
    """Load settings, and check that they are valid, or are refused by one printable line without a secret."""
    try:
        settings = load_settings(argv).settings
    except SettingsError as error:
        shown = str(error)
    except SystemExit:  # of -h
        return
    else:
        shown = repr(settings)
        assert Settings.model_validate(settings.model_dump()) == settings
    assert shown.isprintable()
    assert SECRET not in shown


@given(arguments)
@example(["--port", "9" * 5000])
@example(["-\x1b[2J"])
@example(["-h"])
@example(["--source", f"rtsp:/ann:{SECRET}@camera"])
@bounded
def test_flags(argv: list[str]) -> None:
    load(*argv)


@given(variables, secret_variables)
@bounded
def test_environment(values: dict[str, str], secret_values: dict[str, str]) -> None:
    with mock.patch.dict(os.environ, values | secret_values):
        load()


@given(
    st.lists(
        st.builds(
            "{} = {}".format,
            st.sampled_from([*Settings.model_fields, "prot", "[video]\nport", *SECTION_KEYS]) | st.text(max_size=5),
            st.sampled_from(["1", "-1", "nan", "inf", "true", "9" * 400, "1979-05-27", "[]", "{a = 1}", "'''\n'''"])
            | json_values.map(repr),
        ),
        max_size=3,
    ).map("\n".join)
    | st.text()
)
@example(f"source = {{url = 'rtsp://ann:{SECRET}@camera'}}")
@example(f"token = ['{SECRET}']")
@example(f"[[cameras]]\nname = 'rtsp://ann:{SECRET}@camera'\nsource = '0'")
@example(f"[[cameras]]\nname = 'a'\nsource = {{url = 'rtsp://ann:{SECRET}@camera'}}")
@example("port = " + "9" * 5000)
@example("a = " + "[" * 5000)
@bounded
def test_file(folder: Path, text: str) -> None:
    (folder / "fuzz.toml").write_text(text, encoding="utf-8", errors="surrogatepass")
    load("--config", "fuzz.toml")


@given(st.sampled_from(list(LiveSettings.model_fields)) | words, st.booleans() | st.integers() | st.floats())
@bounded
def test_live_settings(name: str, value: bool | int | float) -> None:
    try:
        changed = LiveSettings().changed(name, value)
    except SettingsError as error:
        refusal = str(error)
        assert refusal.isprintable()
    else:
        assert LiveSettings.model_validate(changed.model_dump()) == changed
