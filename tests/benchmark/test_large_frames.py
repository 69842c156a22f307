"""The CPU time of a provider beside that of decoding alone, and what a viewer receives."""

import asyncio
from pathlib import Path

import pytest

from benchmark.cases import IMPLEMENTATIONS
from benchmark.measure.large_frames import READ_FPS, LargeFramesRun, cells_of, decoding_ms, run_app
from tests.support.videos import write_clip


def test_decoding_alone_goes_on_after_the_last_frame(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.avi", 10, READ_FPS)
    assert 0 < decoding_ms(str(clip), seconds=1) < 30


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
def test_the_provider_is_measured_where_it_has_a_process_of_its_own(implementation: str, tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.avi", 60, READ_FPS)
    run = asyncio.run(run_app(str(clip), implementation, seconds=3))
    assert (run.provider_ms is None) == (implementation == "threading")
    assert run.ui_fps > 5
    assert 0 < run.interval_p50_ms <= run.interval_p99_ms


def test_a_row_has_the_ratio_to_decoding_alone() -> None:
    run = LargeFramesRun(provider_ms=9.0, ui_fps=15.0, interval_p50_ms=66.7, interval_p99_ms=70.04, others=0.021)
    assert cells_of(run, decoding=6.0) == ["9.0", "1.50", "15.00", "66.7 / 70.0", "2"]
