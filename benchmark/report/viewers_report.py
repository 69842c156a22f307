"""The report of `bench viewers`: the rate of the slowest viewer, and the cost of all viewers to the server."""

from benchmark.cases import IMPLEMENTATION_LABELS, IMPLEMENTATIONS
from benchmark.report import charts
from benchmark.report.figures import CaseKey, summarise
from benchmark.report.report import Chart, Section
from benchmark.report.tables import table
from benchmark.results import ViewersResults

NAMES = ("implementation", "viewers", "never reading")


def sections(results: ViewersResults) -> list[Section]:
    """Return one section for the viewers and one for the server."""
    figures = summarise(results)

    def by_count(figure: str) -> dict[str, dict[str, float]]:
        return {
            IMPLEMENTATION_LABELS[name]: {
                f"{case[1]} viewers": values[figure] for case, values in figures.items() if case[0] == name
            }
            for name in IMPLEMENTATIONS
        }

    growth = {case: values["server MB end"] - values["server MB begin"] for case, values in figures.items()}
    slowest = min(figures, key=lambda case: figures[case]["slowest UI FPS"])
    grown = max(growth, key=growth.__getitem__)
    measuring = max(values["measuring CPU %"] for values in figures.values())
    ui_fps = results.settings.ui_fps
    rates = charts.bars(by_count("slowest UI FPS"), "frames per second", charts.COLOURS, ui_fps)
    return [
        Section(
            "The slowest reading viewer",
            "All viewers run in one process, whose CPU usage (measuring) is not available to the app.",
            f"Slowest: {figures[slowest]['slowest UI FPS']:.2f} of {ui_fps:g} FPS ({_name(slowest)}). The process of "
            f"the viewers used at most {measuring:.0f} % of a core.",
            Chart("slowest-viewer", rates),
            table(NAMES, figures, ("slowest UI FPS", "interval p99", "frame age p99", "measuring CPU %", "others %")),
        ),
        Section(
            "Cost to the server",
            "Memory of the server before the viewers connected, when all were connected, and at the end. With threads, "
            "the server is the process of all roles.",
            f"Largest growth while they watched: {growth[grown]:+.1f} MB ({_name(grown)}).",
            Chart("server-cpu", charts.bars(by_count("server CPU %"), "% of one core", charts.COLOURS)),
            table(NAMES, figures, ("server CPU %", "server MB before", "server MB begin", "server MB end")),
        ),
    ]


def _name(case: CaseKey) -> str:
    return f"{IMPLEMENTATION_LABELS[case[0]]}, {case[1]} viewers"
