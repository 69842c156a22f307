"""A short trial: a slow processor and the end of a role leave the others alone, and each drop has a cause."""

from pathlib import Path

import pytest

from tests.support.apps import IMPLEMENTATIONS
from tests.support.rtsp import rtsp_camera
from tests.trial import trial
from tests.trial.plan import TrialPlan, slow_processor, small_cameras, small_processors
from tests.trial.report import rate, report, unaccounted

# Of a rate, or of what a stream had while another role was killed: a machine with other work may stop for a second or
# two. A stream whose role has ended, or that waits for a slow processor, has less.
MIN_SHARE = 0.4


@pytest.mark.timeout(180)
@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
async def test_each_stream_keeps_its_rate_and_each_role_that_is_killed_comes_back(
    implementation: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trial, "WARM_UP_S", 1.0)
    monkeypatch.setattr(trial, "AFTER_KILL_S", 2.5)
    with rtsp_camera(30) as ports:
        cameras = small_cameras(1, tmp_path) | ({"rtsp": f"rtsp://127.0.0.1:{ports[0]}/h264"} if ports else {})
        processors = small_processors(1, tmp_path) | {"slow": slow_processor(tmp_path)}
        plan = TrialPlan(implementation, cameras, processors, seconds=4, kills=True)
        outcome = await trial.run(plan)
    for stream, fps in plan.rates().items():
        if not plan.is_slow(stream):
            assert MIN_SHARE * fps < rate(outcome, stream) < 1.5 * fps, report(outcome)
    assert all(abs(count) < 2 * sum(plan.rates().values()) for count in unaccounted(outcome).values()), report(outcome)
    assert all(each.recovery_s is not None and each.others > MIN_SHARE for each in outcome.kills), report(outcome)
    assert len(outcome.kills) == (1 + len(cameras) + len(processors) if implementation == "multiprocessing" else 0)
