"""The report of `bench viewers`: what the slowest of many gets, and what all of them cost the server."""

from benchmark.cases import IMPLEMENTATIONS, PEOPLE_SAY
from benchmark.report import charts
from benchmark.report.figures import summarise
from benchmark.report.report import Chart, Section
from benchmark.report.tables import table
from benchmark.results import ViewersResults

NAMES = ("implementation", "viewers", "that never read")


def sections(results: ViewersResults) -> list[Section]:
    """One for each question."""
    figures = summarise(results)

    def by_count(figure: str) -> dict[str, dict[str, float]]:
        return {
            PEOPLE_SAY[name]: {
                f"{cell[1]} viewers": values[figure] for cell, values in figures.items() if cell[0] == name
            }
            for name in IMPLEMENTATIONS
        }

    rates, growth = by_count("slowest UI FPS"), {cell: values["server MB end"] for cell, values in figures.items()}
    slowest = min(figures, key=lambda cell: figures[cell]["slowest UI FPS"])
    grown = max(figures, key=lambda cell: growth[cell] - figures[cell]["server MB begin"])
    measuring = max(values["measuring CPU %"] for values in figures.values())
    asked = results.settings.ui_fps
    return [
        Section(
            "The slowest viewer that reads",
            f"The slowest of all got {figures[slowest]['slowest UI FPS']:.2f} of {asked:g} FPS "
            f"({PEOPLE_SAY[slowest[0]]}, {slowest[1]} viewers). The viewers themselves, in a process of "
            f"their own, took up to {measuring:.0f} % of a core: on a small machine that is taken from the app.",
            Chart("slowest-viewer", charts.bars(rates, "frames a second", charts.COLOURS, asked)),
            table(NAMES, figures, ("slowest UI FPS", "interval p99", "frame age p99", "measuring CPU %", "others %")),
        ),
        Section(
            "What they cost the server",
            f"While they watched, memory changed by {growth[grown] - figures[grown]['server MB begin']:+.1f} MB at the "
            f"most ({PEOPLE_SAY[grown[0]]}, {grown[1]} viewers). With threads, server is the process of all roles.",
            Chart("server-cpu", charts.bars(by_count("server CPU %"), "% of one core", charts.COLOURS)),
            table(NAMES, figures, ("server CPU %", "server MB before", "server MB begin", "server MB end")),
        ),
    ]
