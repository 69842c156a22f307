"""The folder of a node's socket has a path that is short enough; else the start fails with a message that names it."""

import tempfile
from pathlib import Path

import pytest

from common.errors import SettingsError
from zenoh_impl.node import Node
from zenoh_impl.session import RouterOptions
from zenoh_impl.socket_folder import new_folder


@pytest.fixture
def long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for temporary files whose path is too long for a socket."""
    folder = tmp_path / ("long" * 25)
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    return folder


@pytest.mark.usefixtures("long")
def test_a_node_opens_although_the_folder_for_temporary_files_has_a_long_path() -> None:
    with Node(RouterOptions("hub"), {}) as node:
        assert node.link.socket.is_socket()
    assert not node.folder.exists()


@pytest.mark.usefixtures("long")
def test_the_runtime_folder_of_the_user_is_preferred_to_that_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as short:
        monkeypatch.setenv("XDG_RUNTIME_DIR", short)
        assert new_folder().parent == Path(short)


def test_without_a_short_folder_one_line_says_what_to_set(long: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zenoh_impl.socket_folder.os.access", lambda *_: False)
    with pytest.raises(SettingsError, match=rf"{long} is longer than 103 bytes; set TMPDIR or XDG_RUNTIME_DIR"):
        new_folder()


def test_without_a_folder_that_can_be_written_one_line_says_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(tempfile, "_candidate_tempdir_list", list)  # as on a file system that is only read
    monkeypatch.setattr("zenoh_impl.socket_folder.os.access", lambda *_: False)
    with pytest.raises(SettingsError, match=r"^no folder for the socket of the node: set TMPDIR or XDG_RUNTIME_DIR"):
        new_folder()
