"""Tables as text."""

from collections.abc import Iterable, Sequence


def quantile(ordered: Sequence[float], percent: int) -> float:
    """Return a percentile by nearest rank."""
    return ordered[round(percent / 100 * (len(ordered) - 1))]


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Format a table with aligned columns, numbers to the right."""
    lines = [tuple(map(str, row)) for row in (head, *rows)]
    first, *others = (max(len(line[column]) for line in lines) for column in range(len(head)))
    return "\n".join(
        "  ".join((line[0].ljust(first), *(cell.rjust(width) for cell, width in zip(line[1:], others, strict=True))))
        for line in lines
    )
