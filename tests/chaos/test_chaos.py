"""A short chaos run: the app recovers from every fault, leaks nothing, and stops cleanly."""

import pytest

from tests.chaos.harness import ChaosPlan, run
from tests.chaos.report import report
from tests.support.apps import IMPLEMENTATIONS

SEED = 737  # its first six faults are of six kinds with processes, its first three of three with threads
SECONDS = {"multiprocessing": 20, "threading": 12}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
async def test_the_app_recovers_from_a_sequence_of_faults(implementation: str, small: tuple[str, ...]) -> None:
    outcome = await run(ChaosPlan(implementation, small[-1], SEED, SECONDS[implementation], every_s=2))
    assert outcome.failures == [], report(outcome)
    kinds = {recovery.fault.kind for recovery in outcome.recoveries}
    assert kinds >= {"camera", "suspend", "viewer"}
    assert implementation == "threading" or kinds >= {"kill", "kill twice", "hang"}
