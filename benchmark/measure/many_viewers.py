"""Many viewers in one process: `python -m benchmark.measure.many_viewers URL READING STALLED WARM_UP_S SECONDS`.

Prints "begin" after all have connected and warmed up, and at the end one line of JSON with the result of each reading
viewer: [[FPS, p99 of the intervals in ms, p99 of the frame ages in ms], …].
"""

import asyncio
import json
import sys
from contextlib import AsyncExitStack

from benchmark.measure.viewer import ViewerProbe, connect_without_reading
from benchmark.quantile import quantile

RECONNECT_S = 4.0  # less than the five seconds after which the server closes a connection that does not read
BATCH = 10  # viewers that connect at once; a new connection costs the server CPU time


async def observe_together(url: str, reading: int, stalled: int, warm_up_s: float, seconds: float) -> None:
    """Connect, warm up, observe and print."""
    viewers = [ViewerProbe(url) for _ in range(reading)]
    async with AsyncExitStack() as stack:
        for _ in range(stalled):
            stack.callback(asyncio.create_task(stall(url)).cancel)
        for first in range(0, reading, BATCH):
            batch = viewers[first : first + BATCH]
            await asyncio.gather(*(stack.enter_async_context(viewer) for viewer in batch))
        await asyncio.gather(*(viewer.warm_up(warm_up_s) for viewer in viewers))
        print("begin", flush=True)
        observations = await asyncio.gather(*(viewer.observe(seconds) for viewer in viewers))
        results = [(o.ui_fps, quantile(o.interval_ms, 0.99), quantile(o.frame_age_ms, 0.99)) for o in observations]
        print(json.dumps(results), flush=True)


async def stall(url: str) -> None:
    """Stay connected without reading; reconnect before the server closes the connection."""
    while True:
        with await connect_without_reading(url):
            await asyncio.sleep(RECONNECT_S)


if __name__ == "__main__":
    url, reading, stalled, warm_up_s, seconds = sys.argv[1:]
    asyncio.run(observe_together(url, int(reading), int(stalled), float(warm_up_s), float(seconds)))
