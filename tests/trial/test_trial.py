"""A short trial: a slow processor and the end of a role leave the others alone, and each drop has a cause."""

from pathlib import Path

import pytest

from tests.support.apps import IMPLEMENTATIONS
from tests.support.rtsp import rtsp_camera
from tests.trial.plan import TrialPlan, slow_processor, small_cameras, small_processors
from tests.trial.report import rate, report, unaccounted
from tests.trial.trial import run

ROOM = 0.25  # tolerance of a rate on a busy machine


@pytest.mark.timeout(180)
@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
async def test_each_stream_keeps_its_rate_and_each_role_that_is_killed_comes_back(
    implementation: str, tmp_path: Path
) -> None:
    with rtsp_camera(30) as ports:
        cameras = small_cameras(2, tmp_path) | ({"rtsp": f"rtsp://127.0.0.1:{ports[0]}/h264"} if ports else {})
        processors = small_processors(1, tmp_path) | {"slow": slow_processor(tmp_path)}
        plan = TrialPlan(implementation, cameras, processors, seconds=4, kills=True)
        outcome = await run(plan)
    for stream, fps in plan.rates().items():
        if not plan.is_slow(stream):
            assert rate(outcome, stream) == pytest.approx(fps, rel=ROOM if fps > 2 else 0.5), report(outcome)
    assert all(abs(count) < sum(plan.rates().values()) for count in unaccounted(outcome).values()), report(outcome)
    assert all(each.recovery_s is not None and each.others > 0.5 for each in outcome.kills), report(outcome)
    assert len(outcome.kills) == (1 + len(cameras) + len(processors) if implementation == "multiprocessing" else 0)
