"""Quantiles of samples."""

from collections.abc import Sequence


def quantile(values: Sequence[float], q: float) -> float:
    """Return the value at `q` (0 to 1) by nearest rank; 0 without values."""
    return sorted(values)[round(q * (len(values) - 1))] if values else 0.0
