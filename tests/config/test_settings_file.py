"""Saving the settings file: as a whole, with its permissions, and only if no other program has changed it."""

import os
import stat
from pathlib import Path

import pytest

from common.config.regions import checked_regions
from common.config.settings_file import SettingsFile
from common.errors import SettingsError

TEXT = "# mine\n[[processors]]\nname = 'p'\n"
REGIONS = checked_regions({"lines": [{"name": "road", "points": [[0, 0.5], [1, 0.5]]}]})
SAVED = TEXT + '\n[[processors.lines]]\nname = "road"\npoints = [[0, 0.5], [1, 0.5]]\n'


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "vision.toml"
    path.write_text(TEXT)
    return path


def refusal(file: SettingsFile, processor: str = "p") -> str:
    with pytest.raises(SettingsError) as error:
        file.save(processor, REGIONS)
    return str(error.value)


def test_a_file_is_saved_again_and_again(path: Path) -> None:
    file = SettingsFile(path)
    file.save("p", REGIONS)
    assert path.read_text() == SAVED
    file.save("p", checked_regions({}))
    assert path.read_text() == TEXT
    assert os.listdir(path.parent) == ["vision.toml"]


def test_permissions_stay_and_a_link_stays_a_link(path: Path) -> None:
    path.chmod(0o640)
    link = path.with_name("link.toml")
    link.symlink_to("vision.toml")
    SettingsFile(link).save("p", REGIONS)
    assert link.readlink() == Path("vision.toml")
    assert path.read_text() == SAVED
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_file_that_was_changed_meanwhile_is_left_alone(path: Path) -> None:
    file = SettingsFile(path)
    path.write_text(TEXT + "fps = 2\n")
    assert refusal(file) == (
        "vision.toml is not saved: it has changed since the app was started: start the app again first"
    )
    assert path.read_text() == TEXT + "fps = 2\n"


def test_a_read_only_file_is_left_alone(path: Path) -> None:
    path.chmod(0o444)
    assert refusal(SettingsFile(path)) == "vision.toml is not saved: it is read-only"
    assert path.read_text() == TEXT


def test_a_file_that_is_gone_is_not_made(path: Path) -> None:
    file = SettingsFile(path)
    path.unlink()
    assert refusal(file) == "vision.toml is not saved: No such file or directory"
    assert os.listdir(path.parent) == []


def test_a_processor_that_is_not_in_the_file_is_refused(path: Path) -> None:
    assert refusal(SettingsFile(path), "q") == ("vision.toml is not saved: it has no [[processors]] with name = 'q'")
    assert path.read_text() == TEXT


def test_a_full_disk_leaves_the_old_file_and_nothing_beside_it(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    file = SettingsFile(path)
    monkeypatch.setattr(os, "fsync", fail)
    assert refusal(file) == "vision.toml is not saved: No space left on device"
    assert path.read_text() == TEXT
    assert os.listdir(path.parent) == ["vision.toml"]
    monkeypatch.undo()
    file.save("p", REGIONS)
    assert path.read_text() == SAVED
