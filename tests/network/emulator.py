"""`python -m tests.network.emulator SEED DEVICE DEVICE`: carry IP packets between two TUN devices.

It creates the devices and prints a line; each line of standard input sets the Conditions of both directions, and is
answered with a line. It ends with its standard input. Both ends are network interfaces of the kernel, so that TCP
itself retransmits, waits and adapts its rate.
"""

import fcntl
import os
import select
import struct
import sys
import time
from typing import IO

from tests.network.conditions import from_line
from tests.network.direction import Direction

TUNSETIFF = 0x400454CA  # Linux, include/uapi/linux/if_tun.h
IFF_TUN, IFF_NO_PI = 0x0001, 0x1000
MAX_PACKET_BYTES = 65536
IDLE_S = 1.0


def open_tun(name: str) -> int:
    """Create a TUN device and return its file descriptor: each read and write is one IP packet. Raises OSError.

    Linux, Documentation/networking/tuntap.rst.
    """
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI))
    return device


def carry(devices: list[int], directions: list[Direction], commands: IO[bytes]) -> None:
    """Carry packets until `commands` ends."""
    while True:
        due = [each for each in (direction.next_due() for direction in directions) if each is not None]
        timeout_s = max(0.0, min(due) - time.monotonic()) if due else IDLE_S
        readable = select.select([*devices, commands.fileno()], [], [], timeout_s)[0]
        if commands.fileno() in readable:
            line = commands.readline()
            if not line:
                return
            for direction, conditions in zip(directions, from_line(line), strict=True):
                direction.conditions = conditions
            answer()
        for sender, direction in enumerate(directions):
            if devices[sender] in readable:
                receive(devices[sender], direction)
            deliver(direction, devices[1 - sender])


def answer() -> None:
    """Print a line."""
    sys.stdout.write("ready\n")
    sys.stdout.flush()


def receive(device: int, direction: Direction) -> None:
    """Take all packets that were sent."""
    while True:
        try:
            packet = os.read(device, MAX_PACKET_BYTES)
        except BlockingIOError:
            return
        direction.put(packet, time.monotonic())


def deliver(direction: Direction, device: int) -> None:
    """Deliver the packets that are due."""
    while (packet := direction.take(time.monotonic())) is not None:
        try:
            os.write(device, packet)
        except OSError:  # the device is down
            direction.dropped += 1


def main(seed: str, *names: str) -> None:
    """Create the devices and carry packets between them."""
    devices = [open_tun(name) for name in names]
    answer()
    with open(sys.stdin.fileno(), "rb", buffering=0) as commands:  # `select` does not see what is buffered
        carry(devices, [Direction(int(seed) + number) for number in range(len(devices))], commands)


if __name__ == "__main__":
    main(*sys.argv[1:])
