"""What the tests share: the two implementations, for the suites that both must pass."""

import pytest

import multiprocessing_impl
import threading_impl
from common.runtime import Runtime


@pytest.fixture(params=[threading_impl.RUNTIME, multiprocessing_impl.RUNTIME], ids=lambda runtime: runtime.name)
def runtime(request: pytest.FixtureRequest) -> Runtime:
    """One implementation, then the other."""
    implementation: Runtime = request.param
    return implementation
