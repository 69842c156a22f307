"""The offset of the clock of another machine, from exchanges of four times (RFC 5905, section 8)."""

from dataclasses import dataclass

KEPT = 8  # exchanges: the stages of the clock filter of RFC 5905, section 10


@dataclass(frozen=True)
class Exchange:
    """A request and its reply; Unix times in seconds, the first and the last by the clock of this machine."""

    sent_at: float
    received_at: float
    replied_at: float
    returned_at: float

    @property
    def offset_s(self) -> float:
        """The time of the other clock less that of this one; the error is at most half of `delay_s`."""
        return ((self.received_at - self.sent_at) + (self.replied_at - self.returned_at)) / 2

    @property
    def delay_s(self) -> float:
        """The round-trip time on the network."""
        return (self.returned_at - self.sent_at) - (self.replied_at - self.received_at)

    def agrees_with(self, other: "Exchange") -> bool:
        """Return whether one offset is within the error of both."""
        return abs(self.offset_s - other.offset_s) <= (self.delay_s + other.delay_s) / 2


class ClockFilter:
    """Chooses, of the last exchanges, that with the least delay: it has the least error.

    An exchange that does not agree with it shows that a clock was set meanwhile, and replaces all before it.
    """

    def __init__(self) -> None:
        self._exchanges: tuple[Exchange, ...] = ()

    def add(self, exchange: Exchange) -> None:
        """Add an exchange, unless a clock was set in the middle of it."""
        if exchange.delay_s < 0:
            return
        best = self.best()
        before = self._exchanges[1 - KEPT :] if best is not None and exchange.agrees_with(best) else ()
        self._exchanges = (*before, exchange)

    def best(self) -> Exchange | None:
        """Return the exchange to rely on, or None before the first one."""
        return min(self._exchanges, key=lambda each: each.delay_s, default=None)
