"""Figures as tables, and what every report says of the machine and the settings."""

from collections.abc import Mapping, Sequence

from benchmark.cases import PEOPLE_SAY
from benchmark.measure.cpu_usage import MUCH
from benchmark.report.figures import Cell, Figures, marked
from benchmark.report.report import Section, Table
from benchmark.results import AnyResults


def table(names: Sequence[str], figures: Mapping[Cell, Figures], columns: Sequence[str], digits: int = 1) -> Table:
    """A row for each cell: the words of the cell under `names`, then its figures of these columns."""
    rows = [
        [*map(_said, cell), *(number(values[column], column, digits) for column in columns)]
        for cell, values in figures.items()
    ]
    return Table((*names, *columns), rows, len(names))


def number(value: float, column: str, digits: int) -> str:
    """Ratios, rates and seconds to a hundredth; a share, CPU and memory in whole numbers."""
    if "÷" in column or "FPS" in column or column.endswith(("/s", " s")):
        return f"{value:.2f}"
    if column == "puts" or "MB" in column or column.endswith("%"):
        return f"{value:.0f}"
    return f"{value:.{digits}f}"


def introduction(results: AnyResults) -> str:
    """What was run on what, whether the GIL was on, and how far the runs can be trusted."""
    environment, settings, runs = results.environment, results.settings, results.runs
    disturbed = marked(runs)
    trust = (
        f"{disturbed} of {len(runs)} runs are marked: other programs took more than {100 * MUCH:.0f} % of the machine."
        if disturbed
        else f"In none of {len(runs)} runs did other programs take more than {100 * MUCH:.0f} % of the machine."
    )
    return (
        f"{results.started_at}: {environment.cpu}, {environment.usable_cores} cores, {environment.python}, "
        f"{gil_label(environment.gil)}. {settings.repeats} × {settings.seconds:g} s a cell, "
        f"in an order shuffled each round (seed {settings.order_seed}). {trust}"
    )


def gil_label(gil: Mapping[str, bool]) -> str:
    """Whether the GIL is on, in all roles or in which."""
    if len(set(gil.values())) == 1:
        return "GIL on" if next(iter(gil.values())) else "GIL off"
    return f"GIL on in {', '.join(role for role, on in gil.items() if on)} only"


def machine_section(results: AnyResults) -> Section:
    """The machine, the versions, the threads, the settings."""
    environment, settings = results.environment, results.settings
    rows = [
        ["CPU", f"{environment.cpu}, {environment.cores} cores, {environment.usable_cores} to be used"],
        ["memory", f"{environment.memory_mb / 1024:.0f} GiB"],
        ["system", environment.system],
        ["Python", environment.python],
        ["GIL once all is imported", ", ".join(f"{role} {_switch(on)}" for role, on in environment.gil.items())],
        ["switch interval", f"{environment.switch_interval_ms:g} ms"],
        ["packages", ", ".join(f"{name} {version}" for name, version in environment.packages.items())],
        ["threads", ", ".join(f"{name} {count}" for name, count in environment.threads.items())],
        ["source, model", f"{settings.source}, {settings.model}"],
        ["rates", f"capture {settings.capture_fps:g}, UI {settings.ui_fps:g}, queue {settings.queue_fps:g} FPS"],
    ]
    return Section("Measured on", "", table=Table(("", ""), rows, name_columns=2))


def _said(word: str) -> str:
    return PEOPLE_SAY.get(word, word)


def _switch(on: bool) -> str:
    return "on" if on else "off"
