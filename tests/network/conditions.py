"""Conditions of one direction of a link."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Conditions:
    """What happens to the packets of one direction.

    `loss` is the probability that a packet is dropped. Packets that exceed `bits_per_s` (None: no limit) wait in a
    buffer of `buffer_bytes`, as in a router, and are dropped when it is full. With `cut` all packets are dropped.
    """

    delay_s: float = 0.0
    loss: float = 0.0
    bits_per_s: float | None = None
    buffer_bytes: int = 128 * 1024
    cut: bool = False


CLEAR = Conditions()
CUT = Conditions(cut=True)


def to_line(directions: Sequence[Conditions]) -> str:
    """Return the conditions of both directions as a line of JSON."""
    return f"{json.dumps([asdict(each) for each in directions])}\n"


def from_line(line: bytes) -> list[Conditions]:
    """Return the conditions that `to_line` wrote."""
    return [Conditions(**each) for each in json.loads(line)]
