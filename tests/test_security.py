"""SECURITY.md: every promise names tests that exist, and its limits are those of the code."""

import ast
import re
from pathlib import Path

from common.server import http_server, viewers
from common.server.guard import connections

TESTS = Path(__file__).parent
TEXT = (TESTS.parent / "SECURITY.md").read_text(encoding="utf-8")
NAMED = re.compile(r"`([\w/]*test_\w+\.py)::(test_\w+)`")


def promises() -> list[str]:
    """Return the rows of the tables, without the header rows."""
    rows = [line for line in TEXT.splitlines() if line.startswith("|")]
    return [row for row in rows if row not in ("| promise | test |", "|---|---|")]


def defined_in(name: str) -> set[str]:
    """Return the names of the tests in a file; an empty set if the file does not exist."""
    path = TESTS / name
    tree = ast.parse(path.read_text(encoding="utf-8") if path.exists() else "")
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_every_promise_names_a_test() -> None:
    assert len(promises()) > 20
    assert [row for row in promises() if not NAMED.search(row)] == []


def test_every_test_that_is_named_exists() -> None:
    assert [f"{file}::{test}" for file, test in NAMED.findall(TEXT) if test not in defined_in(file)] == []


def test_nothing_else_in_a_row_looks_like_the_name_of_a_test() -> None:
    assert len(NAMED.findall(TEXT)) == TEXT.count(".py::test_")


def test_the_limits_are_those_of_the_code() -> None:
    for text in (
        f"{connections.MAX_FROM_ONE_ADDRESS} connections per address, {connections.MAX_CONNECTIONS} in total",
        f"{http_server.REQUEST_S:g} s to send a request, {http_server.HANDSHAKE_S:g} s for a TLS handshake",
        f"{viewers.MAX_MESSAGE_BYTES // 1024} KB each, {viewers.MESSAGES_PER_S} a second, "
        f"of which {viewers.MESSAGES_PER_S // viewers.COST_OF_SETTING} settings",
    ):
        assert text in TEXT
