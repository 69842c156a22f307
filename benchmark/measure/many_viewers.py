"""Many viewers in one process: `python -m benchmark.measure.many_viewers READING STALLED WARM_UP_S SECONDS URL …`.

The reading viewers take the URLs in turn. Prints "begin" after all have received frames and results and have warmed up,
and at the end one line of JSON with the figures of each reading viewer, as `ViewerFigures`.
"""

import asyncio
import json
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import NamedTuple

from benchmark.measure.viewer import Observation, ViewerProbe, connect_without_reading
from benchmark.quantile import quantile

RECONNECT_S = 4.0  # less than the five seconds after which the server closes a connection that does not read
BATCH = 10  # viewers that connect at once; a new connection costs the server CPU time


class ViewerFigures(NamedTuple):
    """Figures of one viewer."""

    ui_fps: float
    interval_p99_ms: float
    frame_age_p99_ms: float
    results_per_s: float

    @classmethod
    def of(cls, observed: Observation) -> "ViewerFigures":
        """Return the figures of what a viewer observed."""
        return cls(
            round(observed.ui_fps, 3),
            round(quantile(observed.interval_ms, 0.99), 2),
            round(quantile(observed.frame_age_ms, 0.99), 2),
            round(len(observed.inference_ms) / observed.seconds, 3),
        )


async def observe_together(
    urls: Sequence[str], reading: int, stalled: int, warm_up_s: float, seconds: float
) -> list[ViewerFigures]:
    """Connect, warm up, print "begin", and observe."""
    viewers = [ViewerProbe(urls[number % len(urls)]) for number in range(reading)]
    async with AsyncExitStack() as stack:
        for _ in range(stalled):
            stack.callback(asyncio.create_task(stall(urls[0])).cancel)
        for first in range(0, reading, BATCH):
            batch = viewers[first : first + BATCH]
            await asyncio.gather(*(stack.enter_async_context(viewer) for viewer in batch))
        await asyncio.gather(*(viewer.first_frame() for viewer in viewers))
        await asyncio.gather(*(viewer.first_result() for viewer in viewers))
        await asyncio.gather(*(viewer.warm_up(warm_up_s) for viewer in viewers))
        print("begin", flush=True)
        return [ViewerFigures.of(each) for each in await asyncio.gather(*(v.observe(seconds) for v in viewers))]


async def stall(url: str) -> None:
    """Stay connected without reading; reconnect before the server closes the connection."""
    while True:
        with await connect_without_reading(url):
            await asyncio.sleep(RECONNECT_S)


if __name__ == "__main__":
    reading, stalled, warm_up_s, seconds, *urls = sys.argv[1:]
    together = observe_together(urls, int(reading), int(stalled), float(warm_up_s), float(seconds))
    print(json.dumps(asyncio.run(together)), flush=True)
