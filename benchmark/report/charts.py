"""Charts as SVG in light and dark colours, narrow enough for a phone."""

import io
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmark.quantile import quantile

SIZE = (5.2, 3.4)  # inches of 72 points: text of 10 points is readable at the width of a phone

CLOSE = 0.1  # of the largest value
MARGIN = 0.06  # of an axis

# By the colour that matplotlib draws with: the CSS variable that replaces it, and its light and dark values. Blue and
# orange remain distinguishable with colour blindness; the others are for roles of one implementation.
PALETTE = {
    "#010101": ("ink", "#24292f", "#e6edf3"),
    "#020202": ("grid", "#d8dee4", "#30363d"),
    "#030303": ("processes", "#0969b5", "#58a6ff"),
    "#040404": ("threads", "#c2570c", "#f0883e"),
    "#050505": ("third", "#1a7f5a", "#3fb984"),
    "#060606": ("fourth", "#8250b0", "#bc8cff"),
    "#070707": ("fifth", "#6e7781", "#8b949e"),
}
INK, GRID, PROCESSES, THREADS, THIRD, FOURTH, FIFTH = PALETTE
COLOURS = {"processes": PROCESSES, "threads": THREADS}
STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",  # text as text, not as paths
    "svg.hashsalt": "charts",  # the same ids in every run
    "font.family": "sans-serif",
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.edgecolor": GRID,
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "grid.color": GRID,
    "legend.frameon": False,
}

Groups = Mapping[str, Mapping[str, float]]
"""Values by series, then by group."""


def bars(groups: Groups, axis: str, colours: Mapping[str, str], target: float | None = None) -> str:
    """Draw a row for each group with one bar for each series. `target` is drawn as a dashed line."""
    with mpl.rc_context(STYLE):
        figure, axes = _axes(list(next(iter(groups.values()))), axis)
        height = 0.8 / len(groups)
        for index, (series, values) in enumerate(groups.items()):
            places = [row - 0.4 + height * (index + 0.5) for row in range(len(values))]
            drawn = axes.barh(places, list(values.values()), height * 0.9, color=colours[series], label=series)
            axes.bar_label(drawn, [_short(value) for value in values.values()], padding=3, fontsize=8.5, color=INK)
        if target is not None:
            axes.axvline(target, color=INK, linewidth=1, linestyle=(0, (4, 3)))
        axes.margins(x=0.12)
        return _svg(figure, axes)


def stacked(groups: Groups, axis: str, colours: Mapping[str, str]) -> str:
    """Draw one bar for each group, with the series stacked."""
    with mpl.rc_context(STYLE):
        names = list(next(iter(groups.values())))
        figure, axes = _axes(names, axis)
        left = dict.fromkeys(names, 0.0)
        for series, values in groups.items():
            widths = [values[name] for name in names]
            axes.barh(range(len(names)), widths, 0.7, left=list(left.values()), color=colours[series], label=series)
            left = {name: left[name] + values[name] for name in names}
        for row, total in enumerate(left.values()):
            axes.annotate(_short(total), (total, row), (3, 0), textcoords="offset points", va="center", fontsize=8.5)
        axes.margins(x=0.12)
        return _svg(figure, axes)


def boxes(groups: Mapping[str, Mapping[str, Sequence[float]]], axis: str, target: float) -> str:
    """Draw boxes: quartiles with the median, whiskers from p1 to p99, a dot at the maximum."""
    with mpl.rc_context(STYLE):
        figure, axes = _axes(list(next(iter(groups.values()))), axis)
        height = 0.8 / len(groups)
        for index, (series, samples) in enumerate(groups.items()):
            colour = COLOURS[series]
            axes.bxp(
                [_spread(values) for values in samples.values()],
                positions=[row - 0.4 + height * (index + 0.5) for row in range(len(samples))],
                widths=height * 0.7,
                orientation="horizontal",
                manage_ticks=False,
                patch_artist=True,
                boxprops={"facecolor": colour, "edgecolor": colour, "alpha": 0.55},
                whiskerprops={"color": colour},
                capprops={"color": colour},
                medianprops={"color": INK, "linewidth": 1.5},
                flierprops={"marker": "o", "markersize": 3.5, "markerfacecolor": colour, "markeredgecolor": colour},
            )
            axes.barh(0, 0, color=colour, label=series)  # for the legend only
        axes.axvline(target, color=INK, linewidth=1, linestyle=(0, (4, 3)))
        return _svg(figure, axes)


Points = Mapping[float, float]


@dataclass(frozen=True)
class Curve:
    """A curve through `points`; those at which the x is in `hollow` are drawn as rings."""

    points: Points
    colour: str
    dashes: tuple[float, ...] = ()
    hollow: Collection[float] = ()


def curves(series: Mapping[str, Curve], x_axis: str, y_axis: str, target: float | None = None) -> str:
    """Draw curves with markers. `target` is drawn as a horizontal dashed line.

    The y axis starts at 0, unless the values are nearly the same.
    """
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(SIZE[0], SIZE[1] + 0.6), layout="constrained")  # three rows of names
        axes = figure.add_subplot()
        for name, curve in series.items():
            x, y = list(curve.points), list(curve.points.values())
            style = (0, curve.dashes) if curve.dashes else "solid"
            axes.plot(x, y, color=curve.colour, linewidth=1.5, linestyle=style, label=name)
            for filled in (True, False):
                marked = [(at, value) for at, value in zip(x, y, strict=True) if (at not in curve.hollow) == filled]
                face = curve.colour if filled else "none"
                axes.plot(*zip(*marked, strict=True) if marked else ([], []), "o", color=curve.colour, mfc=face, ms=5)
        if target is not None:
            axes.axhline(target, color=INK, linewidth=1, linestyle=(0, (4, 3)))
        axes.grid()
        axes.tick_params(length=0)
        axes.set_xlabel(x_axis)
        axes.set_ylabel(y_axis)
        axes.set_ylim(*_limits([value for curve in series.values() for value in curve.points.values()], target))
        return _svg(figure, axes, handle_length=2.6)  # enough to show the dashes


def _limits(values: Sequence[float], target: float | None) -> tuple[float, float]:
    """Return the ends of an axis, with room for the markers."""
    shown = [*values, target] if target is not None else values
    low, high = min(shown, default=0.0), max(shown, default=1.0)
    bottom = low - MARGIN * (high - low) if (1 - CLOSE) * high <= low < high else 0.0
    return bottom, high + MARGIN * (high - bottom)


def _axes(rows: Sequence[str], axis: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=SIZE, layout="constrained")
    axes = figure.add_subplot()
    axes.set_yticks(range(len(rows)), rows)
    axes.tick_params(length=0)
    axes.invert_yaxis()
    axes.grid(axis="x")
    axes.set_xlabel(axis)
    return figure, axes


def _spread(values: Sequence[float]) -> dict[str, Any]:
    levels = {"whislo": 0.01, "q1": 0.25, "med": 0.5, "q3": 0.75, "whishi": 0.99}
    return {name: quantile(values, level) for name, level in levels.items()} | {"fliers": [max(values, default=0.0)]}


def _svg(figure: Figure, axes: Axes, handle_length: float = 1) -> str:
    axes.set_xlim(left=0)
    handles, labels = axes.get_legend_handles_labels()
    columns = min(len(labels), 64 // (5 + max(map(len, labels))))  # 64 characters fit in a row
    figure.legend(handles, labels, loc="outside upper left", ncols=columns, handlelength=handle_length, fontsize=9)
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    text = buffer.getvalue()
    for colour, (name, _, _) in PALETTE.items():
        text = text.replace(colour, f"var(--{name})")
    start = text.index(">", text.index("<svg")) + 1
    return f"{text[text.index('<svg') : start]}<style>{colour_rules()}</style>{text[start:]}"


def colour_rules() -> str:
    """Return the colours as CSS variables, dark with `prefers-color-scheme: dark`."""
    light = "".join(f"--{name}:{value};" for name, value, _ in PALETTE.values())
    dark = "".join(f"--{name}:{value};" for name, _, value in PALETTE.values())
    return f":root{{{light}}}@media(prefers-color-scheme:dark){{:root{{{dark}}}}}"


def _short(value: float) -> str:
    """Format with about three digits, counts without decimals."""
    if value.is_integer():
        return f"{value:.0f}"
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 1 else f"{value:.2f}"
