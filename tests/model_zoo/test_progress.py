"""Progress of a transfer, on a terminal and in a log."""

import io

import pytest

from common.model_zoo.progress import BAR_WIDTH, TransferProgress

TOTAL = 10_000_000


class Terminal(io.StringIO):
    """A terminal that records what is written to it."""

    def isatty(self) -> bool:
        return True


def shown(out: io.StringIO, *steps: tuple[float, int]) -> str:
    """Return what is written for `steps` of (time in seconds, bytes)."""
    now = [0.0]
    with TransferProgress(TOTAL, out, lambda: now[0]) as progress:
        for at, size in steps:
            now[0] = at
            progress.show(size)
    return out.getvalue()


def test_bytes_percentage_rate_and_remaining_time_are_shown() -> None:
    (_, line) = shown(io.StringIO(), (0, 0), (20, 5_200_000)).splitlines()
    half = BAR_WIDTH // 2
    assert line == f"{'█' * half}{'░' * half} 52 %, 5.2 of 10.0 MB, 0.3 MB/s, 0:18 left"


def test_a_log_gets_a_line_every_five_seconds_and_the_last_one() -> None:
    steps = [(second / 100, int(second * TOTAL / 1200)) for second in range(1201)]
    lines = shown(io.StringIO(), *steps).splitlines()
    assert [line.split()[1] for line in lines] == ["0", "41", "83", "100"]


def test_a_terminal_gets_one_line_with_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    steps = [(second / 100, int(second * TOTAL / 1200)) for second in range(1201)]
    text = shown(Terminal(), *steps)
    updates = text.split("\r\033[K")[1:]
    assert 100 < len(updates) <= 122  # ten per second
    assert max(map(len, updates[:-1])) < 40
    assert updates[-1].endswith("\n")
    assert text.count("\n") == 1


def test_the_rate_of_a_resumed_transfer_counts_only_its_own_bytes() -> None:
    assert "1.0 MB/s, 0:01 left" in shown(io.StringIO(), (0, 4_000_000), (5, 9_000_000))


def test_the_rate_of_a_restarted_transfer_counts_from_the_restart() -> None:
    last = shown(io.StringIO(), (0, 9_000_000), (10, 1_000_000), (20, 6_000_000)).splitlines()[-1]
    assert last.endswith("60 %, 6.0 of 10.0 MB, 0.5 MB/s, 0:08 left")


def test_a_transfer_without_data_shows_nothing() -> None:
    assert shown(Terminal()) == ""
