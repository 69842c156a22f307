"""Wall clocks of apps that differ from that of this machine, and can be set while they run."""

import struct
from pathlib import Path

FOLDER = Path(__file__).with_name("shifted_clock")


class ShiftedClock:
    """A clock that is ahead of that of this machine by a number of seconds."""

    def __init__(self, file: Path, seconds: float) -> None:
        """`file` is created."""
        self._file = file
        file.write_bytes(struct.pack("d", seconds))

    @property
    def within(self) -> tuple[str, ...]:
        """The command that executes another one with this clock."""
        return ("env", f"PYTHONPATH={FOLDER}", f"SHIFTED_CLOCK={self._file}")

    def set(self, seconds: float) -> None:
        """Set the clock."""
        with self._file.open("r+b") as file:
            file.write(struct.pack("d", seconds))
