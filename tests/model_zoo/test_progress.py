"""What a transfer shows of itself, on a terminal and in a log."""

import io

import pytest

from common.model_zoo.progress import BAR_WIDTH, TransferProgress

TOTAL = 10_000_000


class Terminal(io.StringIO):
    """A terminal that keeps what is written to it."""

    def isatty(self) -> bool:
        return True


def follow(out: io.StringIO, *steps: tuple[float, int]) -> str:
    """What is written when at these times, in seconds, so many bytes are here."""
    now = [0.0]
    with TransferProgress(TOTAL, out, lambda: now[0]) as progress:
        for at, size in steps:
            now[0] = at
            progress.show(size)
    return out.getvalue()


def test_bytes_percent_rate_and_time_left_are_shown() -> None:
    (_, line) = follow(io.StringIO(), (0, 0), (20, 5_200_000)).splitlines()
    half = BAR_WIDTH // 2
    assert line == f"{'█' * half}{'░' * half} 52 %, 5.2 of 10.0 MB, 0.3 MB/s, 0:18 left"


def test_a_log_gets_a_line_now_and_then_and_the_last() -> None:
    steps = [(second / 100, int(second * TOTAL / 1200)) for second in range(1201)]
    lines = follow(io.StringIO(), *steps).splitlines()
    assert [line.split()[1] for line in lines] == ["0", "41", "83", "100"]


def test_a_terminal_gets_one_line_which_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    steps = [(second / 100, int(second * TOTAL / 1200)) for second in range(1201)]
    text = follow(Terminal(), *steps)
    shown = text.split("\r\033[K")[1:]
    assert 100 < len(shown) <= 122  # ten a second
    assert max(map(len, shown[:-1])) < 40
    assert shown[-1].endswith("\n")
    assert text.count("\n") == 1


def test_a_transfer_that_goes_on_counts_only_its_own_bytes_as_its_rate() -> None:
    assert "1.0 MB/s, 0:01 left" in follow(io.StringIO(), (0, 4_000_000), (5, 9_000_000))


def test_a_transfer_that_begins_anew_shows_its_new_rate() -> None:
    last = follow(io.StringIO(), (0, 9_000_000), (10, 1_000_000), (20, 6_000_000)).splitlines()[-1]
    assert last.endswith("60 %, 6.0 of 10.0 MB, 0.5 MB/s, 0:08 left")


def test_what_never_began_shows_nothing() -> None:
    assert follow(Terminal()) == ""
