"""The report of any suite: introduction, sections, comparison with an earlier run, environment."""

from dataclasses import replace

from benchmark.report import cameras_report, nodes_report, pipeline_report, transport_report, viewers_report
from benchmark.report.against import against
from benchmark.report.report import Report, Section
from benchmark.report.tables import environment_section, introduction
from benchmark.results import AnyResults, CamerasResults, NodesResults, PipelineResults, TransportResults

QUICK = "A quick look, not a measurement: too few samples for conclusions; run it without --quick for figures."


def report_of(results: AnyResults, earlier: AnyResults | None = None) -> Report:
    """Return the report of `results`, compared with `earlier` if given. A quick report states no findings."""
    title, sections = _title_and_sections(results)
    opening = introduction(results)
    if results.settings.quick:
        sections = [replace(section, finding="") for section in sections]
        opening = f"{QUICK} {opening}"
    if earlier is not None:
        sections.insert(0, against(results, earlier))
    return Report(title, opening, results.settings.command, [*sections, environment_section(results)])


def _title_and_sections(results: AnyResults) -> tuple[str, list[Section]]:
    match results:
        case PipelineResults():
            return "Processes and threads, measured at a viewer", pipeline_report.sections(results)
        case TransportResults():
            return "The latest queue in isolation", transport_report.sections(results)
        case CamerasResults():
            return "Cameras that processes and threads hold", cameras_report.sections(results)
        case NodesResults():
            return "Costs of nodes", nodes_report.sections(results)
        case _:
            return "Many viewers", viewers_report.sections(results)
