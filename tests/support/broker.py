"""A real mosquitto on a loopback port, which can be stopped and started again."""

import shutil
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

from tests.support.ports import free_port

PATIENCE_S = 30.0


class Broker:
    """mosquitto in a folder of its own; with `password` it accepts the user `vision` only."""

    def __init__(self, folder: Path, password: str | None = None) -> None:
        if not shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin:/usr/bin:/opt/homebrew/sbin"):
            pytest.skip("mosquitto is not installed")
        self._folder = folder
        self._password = password
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start the broker and wait until it accepts connections."""
        access = "allow_anonymous true"
        if self._password is not None:
            passwords = self._folder / "passwords"
            subprocess.run(["mosquitto_passwd", "-c", "-b", passwords, "vision", self._password], check=True)
            access = f"allow_anonymous false\npassword_file {passwords}"
        config = self._folder / "mosquitto.conf"
        config.write_text(
            f"listener {self.port} 127.0.0.1\n{access}\nuser root\npersistence true\n"
            f"persistence_location {self._folder}/\nautosave_on_changes true\n"
        )
        self._process = subprocess.Popen(
            ["/usr/sbin/mosquitto", "-c", config], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                assert time.monotonic() < deadline, "mosquitto does not listen"
                time.sleep(0.02)
            else:
                return

    def stop(self) -> None:
        """Stop the broker."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(PATIENCE_S)
            self._process = None
