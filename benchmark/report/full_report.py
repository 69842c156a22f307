"""The whole report of any kind of benchmark: its sections, the comparison with an earlier run, the machine."""

from benchmark.report import pipeline_report, transport_report, viewers_report
from benchmark.report.against import against
from benchmark.report.report import Report, Section
from benchmark.report.tables import introduction, machine_section
from benchmark.results import AnyResults, PipelineResults, TransportResults


def report_of(results: AnyResults, earlier: AnyResults | None = None) -> Report:
    """The report of `results`, compared with `earlier` where there is such a run."""
    title, sections = _title_and_sections(results)
    if earlier is not None:
        sections.insert(0, against(results, earlier))
    return Report(title, introduction(results), results.settings.command, [*sections, machine_section(results)])


def _title_and_sections(results: AnyResults) -> tuple[str, list[Section]]:
    match results:
        case PipelineResults():
            return "Processes and threads, measured as a viewer sees them", pipeline_report.sections(results)
        case TransportResults():
            return "The latest queue alone", transport_report.sections(results)
        case _:
            return "Many viewers", viewers_report.sections(results)
