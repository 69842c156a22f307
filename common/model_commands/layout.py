"""Plain text in aligned columns, at most 80 characters wide."""

import textwrap
from collections.abc import Sequence

WIDTH = 80
NAME_WIDTH = 13
MAX_LINES = 4  # of one value


def block(title: str, facts: Sequence[tuple[str, str]]) -> str:
    """Return names and values in two columns, each value wrapped and cut to MAX_LINES lines, below a title."""
    lines = [title] if title else []
    for name, value in facts:
        wrapped = textwrap.wrap(value, WIDTH - NAME_WIDTH - 2, max_lines=MAX_LINES, placeholder=" …") or [""]
        lines += [f"  {'' if number else name:{NAME_WIDTH}}{line}" for number, line in enumerate(wrapped)]
    return "\n".join(lines)


def columns(rows: Sequence[Sequence[str]]) -> str:
    """Return the first column aligned to the left and the others to the right, two spaces apart."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(["", row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]).rstrip() for row in rows
    )
