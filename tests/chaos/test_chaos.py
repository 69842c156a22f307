"""A short run of chaos: whatever happens, all comes back, nothing leaks, and the app ends well."""

import pytest

from tests.chaos.harness import Plan, run
from tests.chaos.report import report
from tests.support.apps import IMPLEMENTATIONS

SEED = 5  # of a run that kills, hangs and suspends; `make chaos` draws another each time


@pytest.mark.timeout(300)
@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
async def test_the_app_outlives_chaos(implementation: str, small: tuple[str, ...]) -> None:
    outcome = await run(Plan(implementation, small[-1], SEED, seconds=60, every_s=2))
    assert outcome.failures == [], report(outcome)
    kinds = {recovery.fault.kind for recovery in outcome.recoveries}
    assert kinds >= {"camera", "suspend", "viewer"}
    assert implementation == "threading" or kinds >= {"kill", "kill twice", "hang"}
