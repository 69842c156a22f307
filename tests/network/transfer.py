"""`python -m tests.network.transfer`: what TCP alone adds to the age of frames on a bad link, by congestion control.

Sends frames for viewers (15 FPS) and processors (5 FPS) by one connection, as a link between nodes does: with
TCP_NOTSENT_LOWAT, and a frame that finds the link busy is dropped. Prints a Markdown table. Needs root and iproute2.
"""

import argparse
import select
import socket
import struct
import threading
import time
from dataclasses import dataclass, field
from itertools import product

from benchmark.quantile import quantile
from tests.network.conditions import Conditions
from tests.network.network import Link, Namespace
from zenoh_impl.connections import UNSENT_BYTES

HEADER = struct.Struct("!id")  # size, and the monotonic time of the put
DELAY_S = 0.05
PATIENCE_S = 30.0
STREAMS = {  # frame sizes in bytes and rates: those of the bundled clip with the defaults, and smaller ones
    "52 kB at 15 FPS, 71 kB at 5 FPS": ((52_000, 15), (71_000, 5)),
    "52 kB at 15 FPS, 20 kB at 5 FPS": ((52_000, 15), (20_000, 5)),
    "71 kB at 5 FPS": ((71_000, 5),),
    "20 kB at 5 FPS": ((20_000, 5),),
    "13 kB at 5 FPS": ((13_000, 5),),
}


@dataclass
class Transfer:
    """Milliseconds beyond the delay of the link by size of the frame, and how many frames were put."""

    extra_ms: dict[int, list[float]] = field(default_factory=dict)
    put: int = 0

    def send(self, sender: socket.socket, streams: tuple[tuple[int, int], ...], seconds: float) -> None:
        """Send frames at their rates; one that finds the link busy, or whose turn is over, is dropped."""
        self.extra_ms = {size: [] for size, _ in streams}
        begin = time.monotonic()
        for due, fps, size in sorted(
            (n / rate, rate, each) for each, rate in streams for n in range(int(seconds * rate))
        ):
            time.sleep(max(0.0, begin + due - time.monotonic()))
            self.put += 1
            if time.monotonic() < begin + due + 1 / fps and select.select([], [sender], [], 0)[1]:
                sender.sendall(HEADER.pack(size, time.monotonic()) + bytes(size))
        sender.shutdown(socket.SHUT_WR)

    def receive(self, receiver: socket.socket) -> None:
        """Receive frames until the end of the connection."""
        with receiver.makefile("rb") as file:
            while header := file.read(HEADER.size):
                size, put_at = HEADER.unpack(header)
                file.read(size)
                self.extra_ms[size].append(1000 * (time.monotonic() - put_at - DELAY_S))

    def cells(self) -> list[str]:
        """Return the median and the 90th percentile for each size, and the share of frames that were dropped."""
        figures = [f"{quantile(each, 0.5):+.0f} / {quantile(each, 0.9):+.0f}" for each in self.extra_ms.values()]
        return [", ".join(figures), f"{1 - sum(map(len, self.extra_ms.values())) / self.put:.0%}"]


def transfer(ends: tuple[Namespace, Namespace], control: str, streams: str, seconds: float) -> Transfer:
    """Send from the second end to the first, with a congestion control of the kernel."""
    result = Transfer()
    with ends[0].entered():
        listener = socket.create_server((ends[0].address, 0))
    with ends[1].entered():
        sender = socket.socket()
    with listener, sender:
        sender.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, control.encode())
        sender.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sender.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES)
        sender.settimeout(PATIENCE_S)
        sender.connect(listener.getsockname())
        receiver = listener.accept()[0]
        with receiver:
            receiver.settimeout(PATIENCE_S)
            thread = threading.Thread(target=result.receive, args=(receiver,))
            thread.start()
            result.send(sender, STREAMS[streams], seconds)
            thread.join()
    return result


def main() -> None:
    """Try each congestion control with each loss."""
    parser = argparse.ArgumentParser(prog="python -m tests.network.transfer", description=__doc__)
    parser.add_argument("--seconds", type=float, default=8, help="duration of each row [8]")
    arguments = parser.parse_args()
    with Namespace("one", 31) as one, Namespace("two", 32) as two, Link(one, two) as link:
        print(
            "| loss | congestion control | frames | beyond 50 ms, p50 / p90, ms | dropped |\n|---:|---|---|---:|---:|"
        )
        for loss, control, streams in product((0.0, 0.01), ("bbr", "cubic"), STREAMS):
            link.set(Conditions(delay_s=DELAY_S, loss=loss))
            cells = transfer((one, two), control, streams, arguments.seconds).cells()
            print(f"| {loss:.0%} | {control} | {streams} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
