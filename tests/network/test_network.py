"""The emulated links do to TCP what their conditions state."""

import socket
import statistics
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from tests.network.conditions import CLEAR, Conditions
from tests.network.network import Link, Namespace, require_namespaces

PATIENCE_S = 30.0


@pytest.fixture(scope="module", autouse=True)
def _namespaces() -> None:
    require_namespaces()


@pytest.fixture
def link() -> Iterator[tuple[Namespace, Namespace, Link]]:
    with Namespace("first", 1) as first, Namespace("second", 2) as second, Link(first, second) as link:
        yield first, second, link


@contextmanager
def connected(first: Namespace, second: Namespace, _: Link) -> Iterator[tuple[socket.socket, socket.socket]]:
    """Return a TCP connection from the second end to the first: the socket there, then here."""
    with ExitStack() as stack:
        with first.entered():
            listener = stack.enter_context(socket.create_server((first.address, 0)))
        with second.entered():
            sender = stack.enter_context(socket.create_connection(listener.getsockname(), PATIENCE_S))
        receiver = stack.enter_context(listener.accept()[0])
        receiver.settimeout(PATIENCE_S)
        yield receiver, sender


def round_trips(receiver: socket.socket, sender: socket.socket, count: int) -> list[float]:
    times = []
    for _ in range(count):
        began = time.monotonic()
        sender.sendall(b"?")
        receiver.sendall(receiver.recv(1))
        sender.recv(1)
        times.append(time.monotonic() - began)
    return times


def send(receiver: socket.socket, sender: socket.socket, size: int) -> float:
    """Send `size` bytes in parts, receive them, and return the time in seconds."""
    began, part = time.monotonic(), bytes(10_000)
    for _ in range(size // len(part)):
        sender.sendall(part)
        left = len(part)
        while left:
            left -= len(receiver.recv(left))
    return time.monotonic() - began


def test_a_delay_counts_in_each_direction(link: tuple[Namespace, Namespace, Link]) -> None:
    link[2].set(Conditions(delay_s=0.05))
    with connected(*link) as (receiver, sender):
        assert 0.1 <= statistics.median(round_trips(receiver, sender, 5)) < 0.2


def test_a_rate_is_kept(link: tuple[Namespace, Namespace, Link]) -> None:
    link[2].set(CLEAR, Conditions(bits_per_s=5e6))
    with connected(*link) as (receiver, sender):
        assert 0.8 <= send(receiver, sender, 500_000) < 4  # 500 kB at 5 Mbit/s, with headers


def test_lost_packets_are_sent_again(link: tuple[Namespace, Namespace, Link]) -> None:
    with connected(*link) as (receiver, sender):
        lossless = min(send(receiver, sender, 200_000) for _ in range(3))
        link[2].set(Conditions(loss=0.1))
        assert send(receiver, sender, 200_000) > 2 * lossless


@pytest.mark.parametrize("both_ways", [True, False], ids=["both ways", "one way"])
def test_nothing_passes_a_cut_and_everything_afterwards(
    link: tuple[Namespace, Namespace, Link], both_ways: bool
) -> None:
    with connected(*link) as (receiver, sender):
        round_trips(receiver, sender, 1)
        receiver.settimeout(0.5)
        with link[2].cut(both_ways):
            sender.sendall(b"?")
            with pytest.raises(TimeoutError):
                receiver.recv(1)
        receiver.settimeout(PATIENCE_S)
        assert receiver.recv(1) == b"?"


def test_a_changed_address_ends_nothing_but_its_connections(link: tuple[Namespace, Namespace, Link]) -> None:
    with connected(*link) as (receiver, sender):
        round_trips(receiver, sender, 1)
        link[2].change_address()
        sender.sendall(b"?")
        receiver.settimeout(0.5)
        with pytest.raises(TimeoutError):
            receiver.recv(1)
    with connected(*link) as (receiver, sender):
        round_trips(receiver, sender, 1)
