"""The report of `bench nodes`: the cost of each kind of node, and of each further camera and viewer."""

from collections.abc import Mapping

import numpy as np

from benchmark.report.figures import NODE_COSTS, NODE_KINDS, CaseKey, Figures, summarise
from benchmark.report.report import Section, Table
from benchmark.report.tables import number, table
from benchmark.results import NodesResults

NAMES = ("cameras", "servers", "viewers")
COSTS = tuple(name for name, *_ in NODE_COSTS)


def sections(results: NodesResults) -> list[Section]:
    """Return a section for the viewers, one for each kind of node, and one for what a further unit costs."""
    figures = summarise(results)
    kinds = [
        Section(
            f"Nodes: {kind}",
            "CPU in % of one core and memory of the roles, and of the main process, which holds the link to the hub. "
            "Bytes are those of that link; the first server is the hub, and has none. Several servers are summed.",
            table=table(NAMES, figures, [f"{kind} {cost}" for cost in COSTS]),
        )
        for kind in NODE_KINDS
    ]
    viewers = Section(
        "Viewers",
        "The worst of all viewers, each of which watches one camera.",
        table=table(NAMES, figures, ("slowest UI FPS", "interval p99", "frame age p99", "results/s", "others %")),
    )
    return [viewers, *kinds, *_unit_costs(figures)]


def _unit_costs(figures: Mapping[CaseKey, Figures]) -> list[Section]:
    """Return a section with a plane fitted through the cases with one server; none with fewer than three of them."""
    cases = {case: values for case, values in figures.items() if case[1] == "1"}
    if len(cases) <= len(UNITS):
        return []
    sizes = np.array([[1.0, float(cameras), float(viewers)] for cameras, _, viewers in cases])
    rows = []
    for kind in NODE_KINDS:
        for cost in COSTS:
            column = f"{kind} {cost}"
            fitted = np.linalg.lstsq(sizes, np.array([values[column] for values in cases.values()]), rcond=None)[0]
            rows.append([column, *(number(float(value), "", 2) for value in fitted)])
    text = "Fitted by least squares through the cases with one server: node + cameras × camera + viewers × viewer."
    return [Section("A further camera, a further viewer", text, table=Table(("", *UNITS), rows))]


UNITS = ("node", "camera", "viewer")
