"""Delivery: from the spool to one sink, in order, each event until it is acknowledged."""

import asyncio
import logging
from collections.abc import Callable
from typing import Literal, TypeAlias

from common.backoff import backoff
from common.errors import EventRejectedError, SinkError, SpoolError
from common.events.spool import Spool
from common.sinks.sink import Connection, Sink
from common.sinks.state import State

logger = logging.getLogger(__name__)

BATCH = 50
FIRST_DELAY_S, LONGEST_DELAY_S = 0.5, 60.0  # before another attempt
STATE_PERIOD_S = 1.0  # interval of the checks of the state and the spool, if nothing wakes the delivery
OnStatus: TypeAlias = Callable[[Literal["ok", "lost"], str], None]


class Delivery:
    """Sends to one sink for as long as `run` is not cancelled; a sink that fails delays no other.

    Events of this run: `sent_count`, `rejected_count` by the sink, and `lost_count`, removed from a full spool unsent.
    """

    def __init__(self, sink: Sink, spool: Spool, state: State, on_status: OnStatus) -> None:
        """`on_status` is called when the sink is lost or works again."""
        self._sink = sink
        self._spool = spool
        self._state = state
        self._on_status = on_status
        self._wake = asyncio.Event()
        self._delays_s = backoff(FIRST_DELAY_S, LONGEST_DELAY_S)
        self._ok: bool | None = None
        self._lost_before = 0  # this run
        self.sent_count = 0
        self.rejected_count = 0
        self.lost_count = 0

    def wake(self) -> None:
        """Deliver now: there is a new event."""
        self._wake.set()

    async def run(self) -> None:
        """Connect, deliver, and after a failure connect again with exponential back-off."""
        with self._spool as spool:
            spool.add_sink(self._sink.name)
            self._lost_before = spool.lost(self._sink.name)
        while True:
            try:
                with self._spool as spool:
                    self._count_lost(spool)
                async with self._sink.connect() as connection:
                    await self._deliver(connection)
            except (SinkError, SpoolError) as error:
                delay_s = next(self._delays_s)
                self._report("lost", f"{error}; next attempt in {delay_s:.1f} s")
                await asyncio.sleep(delay_s)

    async def _deliver(self, connection: Connection) -> None:
        """Deliver until something fails. Raises SinkError and SpoolError."""
        with self._spool as spool:
            while True:
                await connection.publish(self._state)
                for position, event in await asyncio.to_thread(spool.unsent, self._sink.name, BATCH):
                    try:
                        await connection.send(event)
                        self.sent_count += 1
                    except EventRejectedError as error:
                        self.rejected_count += 1
                        logger.error("sink %s rejected event %s: %s", self._sink.name, event.event_id, error)
                    await asyncio.to_thread(spool.mark_sent, self._sink.name, position)
                self._report("ok", "delivers")
                await asyncio.to_thread(self._count_lost, spool)
                await self._wait()

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(STATE_PERIOD_S):
                await self._wake.wait()
        except TimeoutError:
            pass
        self._wake.clear()

    def _count_lost(self, spool: Spool) -> None:
        """Count the events that were removed from the spool unsent. Raises SpoolError."""
        before, self.lost_count = self.lost_count, spool.lost(self._sink.name) - self._lost_before
        if lost := self.lost_count - before:
            logger.warning("sink %s: %d events were removed from the full spool unsent", self._sink.name, lost)

    def _report(self, state: Literal["ok", "lost"], message: str) -> None:
        """Log and report a change of the state, and each failure."""
        if state == "ok":
            self._delays_s = backoff(FIRST_DELAY_S, LONGEST_DELAY_S)
            if self._ok:
                return
        logger.log(logging.INFO if state == "ok" else logging.WARNING, "sink %s: %s", self._sink.name, message)
        self._ok = state == "ok"
        self._on_status(state, message)
