"""Many viewers in one process: `python -m benchmark.measure.many_viewers URL READING STALLED WARM_UP_S SECONDS`.

Says "begin" once all are there and warm, and at the end what each reading one saw, as JSON: [[FPS, p99 of the
intervals, p99 of the frames' age], …].
"""

import asyncio
import json
import sys
from contextlib import AsyncExitStack

from benchmark.measure.viewer import Viewer, stall
from benchmark.quantile import quantile

AGAIN_S = 4.0  # the server sends who reads nothing away after five seconds
AT_ONCE = 10  # that connect at the same time: a page that opens costs the server a moment


async def watch_together(url: str, reading: int, stalled: int, warm_up_s: float, seconds: float) -> None:
    """Connect, warm up, watch and print."""
    viewers = [Viewer(url) for _ in range(reading)]
    async with AsyncExitStack() as stack:
        for _ in range(stalled):
            stack.callback(asyncio.create_task(never_read(url)).cancel)
        for first in range(0, reading, AT_ONCE):
            batch = viewers[first : first + AT_ONCE]
            await asyncio.gather(*(stack.enter_async_context(viewer) for viewer in batch))
        await asyncio.gather(*(viewer.warm_up(warm_up_s) for viewer in viewers))
        print("begin", flush=True)
        sights = await asyncio.gather(*(viewer.observe(seconds) for viewer in viewers))
        seen = [(s.ui_fps, quantile(s.interval_ms, 0.99), quantile(s.frame_age_ms, 0.99)) for s in sights]
        print(json.dumps(seen), flush=True)


async def never_read(url: str) -> None:
    """A viewer that reads nothing and, before it is sent away, comes again."""
    while True:
        with await stall(url):
            await asyncio.sleep(AGAIN_S)


if __name__ == "__main__":
    url, reading, stalled, warm_up_s, seconds = sys.argv[1:]
    asyncio.run(watch_together(url, int(reading), int(stalled), float(warm_up_s), float(seconds)))
