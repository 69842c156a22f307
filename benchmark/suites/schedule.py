"""Order of the runs."""

import random
from collections.abc import Iterator, Sequence
from typing import TypeVar

Case = TypeVar("Case")


def interleaved(cases: Sequence[Case], repeats: int, seed: int) -> Iterator[tuple[int, Case]]:
    """Yield (round, case): every case once in each of `repeats` rounds, shuffled in each round, reproducibly by `seed`.

    Interleaving spreads a drift of the machine over all cases.
    """
    shuffle = random.Random(seed).shuffle  # noqa: S311 - not used for security
    for number in range(1, repeats + 1):
        this_round = list(cases)
        shuffle(this_round)
        for case in this_round:
            yield number, case
