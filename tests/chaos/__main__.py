"""`python -m tests.chaos`: faults against the real app for a given time, and a table of how it took them."""

import argparse
import asyncio
import logging
import random
import sys

from tests.chaos.faults import WEIGHTS
from tests.chaos.harness import Plan, run
from tests.chaos.report import report
from tests.support.apps import IMPLEMENTATIONS


def main() -> int:
    """Run one implementation after the other; 1 when anything went wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60, help="of faults, for each implementation")
    parser.add_argument("--every", type=float, default=3, metavar="SECONDS", help="mean time between two faults")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="for the same faults once more")
    parser.add_argument("--model", default="default", help="as of the app")
    parser.add_argument("--kind", choices=WEIGHTS, action="append", help="one of faults only; may be given again")
    parser.add_argument("--impl", choices=IMPLEMENTATIONS, action="append", help="one of them only")
    given = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    failed = False
    for implementation in given.impl or IMPLEMENTATIONS:
        print(
            f"{implementation}: {given.seconds:g} s, a fault every {given.every:g} s, --seed {given.seed}", flush=True
        )
        kinds = frozenset(given.kind or WEIGHTS)
        plan = Plan(implementation, given.model, given.seed, given.seconds, given.every, kinds)
        outcome = asyncio.run(run(plan))
        print(f"\n{report(outcome)}\n", flush=True)
        failed |= bool(outcome.failures)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
