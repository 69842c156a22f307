"""Network namespaces, each a machine of its own, and links between them whose conditions can be changed."""

import ctypes
import os
import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

from tests.network.conditions import CLEAR, CUT, Conditions, to_line

ROOT = Path(__file__).resolve().parents[2]
CLONE_NEWNET = 0x40000000  # Linux, include/uapi/linux/sched.h
PATIENCE_S = 30.0
# How long TCP keeps the shortest round trip that it has seen, here the one before the conditions were set: it waits for
# a part of that before it takes a packet as lost (RFC 8985, section 6.2). Linux keeps it for 300 s.
MIN_RTT_S = 5


def require_namespaces() -> None:
    """Skip the test where namespaces and TUN devices cannot be created: they need root, iproute2 and /dev/net/tun."""
    try:
        with Namespace("probe", 0) as namespace:
            namespace.ip("tuntap", "add", "dev", "probe", "mode", "tun")
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"no network namespaces: {getattr(error, 'stderr', None) or error}")


def ip(*arguments: str) -> None:
    """Run ip (iproute2). Raises OSError and CalledProcessError."""
    subprocess.run(("ip", *arguments), check=True, capture_output=True, text=True, timeout=PATIENCE_S)


class Namespace:
    """A network namespace, which exists between `__enter__` and `__exit__`. Its address is 10.77.NUMBER.1."""

    def __init__(self, name: str, number: int) -> None:
        self.name = f"{name}-{os.getpid()}"
        self._subnet = f"10.77.{number}"
        self._host = 1

    @property
    def address(self) -> str:
        """The address, on the loopback interface: that of the machine, whichever link it is reached by."""
        return f"{self._subnet}.{self._host}"

    @property
    def within(self) -> tuple[str, ...]:
        """The command that executes another one in the namespace."""
        return ("ip", "netns", "exec", self.name)

    def ip(self, *arguments: str) -> None:
        """Run ip for the namespace."""
        ip("-n", self.name, *arguments)

    def __enter__(self) -> Self:
        ip("netns", "add", self.name)
        self.ip("link", "set", "lo", "up")
        self.ip("address", "add", self.address, "dev", "lo")
        setting = f"net.ipv4.tcp_min_rtt_wlen={MIN_RTT_S}"
        subprocess.run((*self.within, "sysctl", "-qw", setting), check=True, capture_output=True, timeout=PATIENCE_S)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        ip("netns", "delete", self.name)

    def connections(self, protocol: str) -> int:
        """Return the number of established connections of "tcp" or "udp"."""
        command = (*self.within, "ss", "-H", f"--{protocol}", "state", "established")
        return len(subprocess.run(command, check=True, capture_output=True, timeout=PATIENCE_S).stdout.splitlines())

    def change_address(self) -> None:
        """Replace the address by the next one, as when a machine gets into another network."""
        self.ip("address", "delete", self.address, "dev", "lo")
        self._host += 1
        self.ip("address", "add", self.address, "dev", "lo")

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Let the calling thread create its sockets in the namespace: setns(2)."""
        with open("/proc/thread-self/ns/net", "rb") as before, open(f"/run/netns/{self.name}", "rb") as own:
            set_namespace(own.fileno())
            try:
                yield
            finally:
                set_namespace(before.fileno())


def set_namespace(descriptor: int) -> None:
    """Move the calling thread to a network namespace. Raises OSError."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(descriptor, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")


class Link:
    """A link between two namespaces, which exists between `__enter__` and `__exit__`.

    `congestion_control` is that of the connections which use the link, one of `tcp_available_congestion_control`; None
    is the one of the machine.
    """

    def __init__(
        self, first: Namespace, second: Namespace, seed: int = 1, congestion_control: str | None = None
    ) -> None:
        self._ends = (first, second)
        self._route_options = ("congctl", congestion_control) if congestion_control else ()  # ip-route(8)
        # At most 15 characters: Linux, IFNAMSIZ.
        self._devices = tuple(f"{second.name[:4]}{os.getpid() % 10**6}{side}" for side in "ab")
        self._seed = seed

    def __enter__(self) -> Self:
        self._emulator = subprocess.Popen(
            (sys.executable, "-m", "tests.network.emulator", str(self._seed), *self._devices),
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            self._await_answer()
            for end, device in zip(self._ends, self._devices, strict=True):
                ip("link", "set", "dev", device, "netns", end.name)
                end.ip("link", "set", "dev", device, "up")
            self._set_routes()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def set(self, conditions: Conditions, back: Conditions | None = None) -> None:
        """Set the conditions from the first end to the second, and in the other direction the same or `back`."""
        assert self._emulator.stdin is not None
        self._emulator.stdin.write(to_line((conditions, back or conditions)))
        self._emulator.stdin.flush()
        self._await_answer()

    @contextmanager
    def cut(self, both_ways: bool = True) -> Iterator[None]:
        """Drop all packets, or only those that the second end sends; afterwards the link is clear."""
        self.set(CUT if both_ways else CLEAR, CUT)
        try:
            yield
        finally:
            self.set(CLEAR)

    def change_address(self) -> None:
        """Give the second end another address. Connections of the former one are lost without notice."""
        self._ends[1].change_address()
        self._set_routes()

    def _set_routes(self) -> None:
        for own, device, other in zip(self._ends, self._devices, reversed(self._ends), strict=True):
            own.ip("route", "replace", other.address, "dev", device, "src", own.address, *self._route_options)

    def _await_answer(self) -> None:
        assert self._emulator.stdout is not None
        assert select.select([self._emulator.stdout], [], [], PATIENCE_S)[0], "the emulator does not answer"
        assert self._emulator.stdout.readline() == "ready\n"

    def _end(self) -> None:
        assert self._emulator.stdin is not None
        assert self._emulator.stdout is not None
        self._emulator.stdin.close()
        try:
            self._emulator.wait(PATIENCE_S)
        finally:
            self._emulator.kill()
            self._emulator.stdout.close()
