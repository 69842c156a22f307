"""`python -m tests.trial`: rates, drops, resources and recoveries of several cameras and processors."""

import argparse
import asyncio
import sys
import tempfile
from contextlib import nullcontext
from pathlib import Path

from tests.support.apps import IMPLEMENTATIONS
from tests.trial.plan import (
    TrialPlan,
    real_cameras,
    real_processors,
    slow_processor,
    small_cameras,
    small_processors,
)
from tests.trial.report import failures, report
from tests.trial.trial import run


def main() -> int:
    """Run the implementations one after the other; return 1 after a failure."""
    parser = argparse.ArgumentParser(prog="python -m tests.trial", description=__doc__)
    parser.add_argument("--cameras", type=int, default=4, help="number of cameras")
    parser.add_argument("--processors", type=int, default=2, help="number of processors")
    parser.add_argument("--small", action="store_true", help="cameras of 160 × 90 pixels, processors with a tiny model")
    parser.add_argument("--slow", action="store_true", help="a further processor, which takes half a second a frame")
    parser.add_argument("--no-kills", action="store_true", help="measure only")
    parser.add_argument("--seconds", type=float, default=60, help="duration of the observation")
    parser.add_argument(
        "--impl", choices=(*IMPLEMENTATIONS, "zenoh"), action="append", help="only this implementation; repeatable"
    )
    arguments = parser.parse_args()
    failed = False
    with tempfile.TemporaryDirectory() as name:
        folder, count = Path(name), arguments.cameras
        make_processors = small_processors if arguments.small else real_processors
        processors = make_processors(arguments.processors, folder)
        if arguments.slow:
            processors["slow"] = slow_processor(folder)
        for implementation in arguments.impl or IMPLEMENTATIONS:
            with nullcontext(small_cameras(count, folder)) if arguments.small else real_cameras(count) as cameras:
                plan = TrialPlan(implementation, cameras, processors, arguments.seconds, not arguments.no_kills)
                outcome = asyncio.run(run(plan))
            print(f"{implementation}, {arguments.seconds:g} s\n\n{report(outcome)}\n", flush=True)
            failed |= bool(failures(outcome))
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
