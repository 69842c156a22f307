"""`python -m tests.chaos`: inject faults into a running app for a given time and report recovery, losses and leaks."""

import argparse
import asyncio
import logging
import random
import sys

from tests.chaos.faults import WEIGHTS
from tests.chaos.harness import ChaosPlan, run
from tests.chaos.report import report
from tests.support.apps import IMPLEMENTATIONS


def main() -> int:
    """Run the implementations one after the other; return 1 after a failure."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60, help="duration of the faults, for each implementation")
    parser.add_argument("--every", type=float, default=3, metavar="SECONDS", help="mean time between two faults")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="seed of the sequence of faults")
    parser.add_argument("--model", default="default", help="model of the app")
    parser.add_argument("--cameras", type=int, default=1, help="number of cameras")
    parser.add_argument("--processors", type=int, default=1, help="number of processors, each of all cameras")
    parser.add_argument("--kind", choices=WEIGHTS, action="append", help="only this kind of fault; repeatable")
    parser.add_argument("--impl", choices=IMPLEMENTATIONS, action="append", help="only this implementation; repeatable")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    failed = False
    for implementation in arguments.impl or IMPLEMENTATIONS:
        print(
            f"{implementation}: {arguments.seconds:g} s, a fault every {arguments.every:g} s, --seed {arguments.seed}",
            flush=True,
        )
        kinds = frozenset(arguments.kind or WEIGHTS)
        plan = ChaosPlan(
            implementation,
            arguments.model,
            arguments.seed,
            arguments.seconds,
            arguments.every,
            kinds,
            arguments.cameras,
            arguments.processors,
        )
        outcome = asyncio.run(run(plan))
        print(f"\n{report(outcome)}\n", flush=True)
        failed |= bool(outcome.failures)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
