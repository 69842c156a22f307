"""Tables of figures, and what every report states about environment and settings."""

from collections.abc import Mapping, Sequence

from benchmark.cases import IMPLEMENTATION_LABELS
from benchmark.report.figures import CaseKey, Figures, count_disturbed
from benchmark.report.report import Section, Table
from benchmark.results import MAX_BACKGROUND_SHARE, AnyResults


def table(names: Sequence[str], figures: Mapping[CaseKey, Figures], columns: Sequence[str], digits: int = 1) -> Table:
    """Return a row for each case: the parts of its key in the columns `names`, then its figures in `columns`."""
    rows = [
        [
            *(IMPLEMENTATION_LABELS.get(part, part) for part in case),
            *(number(values[column], column, digits) for column in columns),
        ]
        for case, values in figures.items()
    ]
    return Table((*names, *columns), rows, len(names))


def number(value: float, column: str, digits: int) -> str:
    """Format by column: ratios, rates and seconds with two decimals; percentages, CPU and memory without."""
    if "÷" in column or "FPS" in column or column.endswith(("/s", " s")):
        return f"{value:.2f}"
    if column == "puts" or "MB" in column or column.endswith("%"):
        return f"{value:.0f}"
    return f"{value:.{digits}f}"


def introduction(results: AnyResults) -> str:
    """Return what was run on which machine, and how many runs were disturbed."""
    environment, settings, runs = results.environment, results.settings, results.runs
    return (
        f"{results.started_at}: {environment.cpu}, {environment.usable_cores} cores, {environment.python}, "
        f"{gil_label(environment.gil)}. {settings.repeats} × {settings.seconds:g} s per case, "
        f"in an order shuffled in each round (seed {settings.order_seed}). In {count_disturbed(runs)} of {len(runs)} "
        f"runs other programs used more than {100 * MAX_BACKGROUND_SHARE:.0f} % of the machine."
    )


def gil_label(gil: Mapping[str, bool]) -> str:
    """Return whether the GIL is enabled, in all roles or in which."""
    if len(set(gil.values())) == 1:
        return "GIL on" if next(iter(gil.values())) else "GIL off"
    return f"GIL on in {', '.join(role for role, on in gil.items() if on)} only"


def environment_section(results: AnyResults) -> Section:
    """Return machine, versions, thread counts and settings."""
    environment, settings = results.environment, results.settings
    rows = [
        ["CPU", f"{environment.cpu}, {environment.cores} cores, {environment.usable_cores} usable"],
        ["memory", f"{environment.memory_mb / 1024:.0f} GiB"],
        ["system", environment.system],
        ["Python", environment.python],
        ["GIL after all imports", ", ".join(f"{role} {_switch(on)}" for role, on in environment.gil.items())],
        ["switch interval", f"{environment.switch_interval_ms:g} ms"],
        ["packages", ", ".join(f"{name} {version}" for name, version in environment.packages.items())],
        ["threads", ", ".join(f"{name} {count}" for name, count in environment.threads.items())],
        ["source, model", f"{settings.source}, {settings.model}"],
        ["rates", f"capture {settings.capture_fps:g}, UI {settings.ui_fps:g}, queue {settings.queue_fps:g} FPS"],
    ]
    return Section("Environment", "", table=Table(("", ""), rows, name_columns=2))


def _switch(on: bool) -> str:
    return "on" if on else "off"
