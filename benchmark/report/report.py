"""A report, written as one HTML file and as Markdown."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True)
class Table:
    """Rows of text: first `name_columns` names, then figures."""

    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    name_columns: int = 1


@dataclass(frozen=True)
class Chart:
    """An SVG; `name` is the name of its file beside report.md, without suffix."""

    name: str
    svg: str


@dataclass(frozen=True)
class Section:
    """`text` explains the chart and the table; `finding` states figures, and is absent from a quick look."""

    title: str
    text: str
    finding: str = ""
    chart: Chart | None = None
    table: Table | None = None


@dataclass(frozen=True)
class Report:
    """The report of one benchmark; `command` reproduces it."""

    title: str
    introduction: str
    command: str
    sections: Sequence[Section]


def write(report: Report, folder: Path) -> None:
    """Write report.md, report.html and the charts of report.md into `folder`."""
    (folder / "report.md").write_text(to_markdown(report), encoding="utf-8")
    (folder / "report.html").write_text(to_html(report), encoding="utf-8")
    for section in report.sections:
        if section.chart is not None:
            (folder / f"{section.chart.name}.svg").write_text(section.chart.svg, encoding="utf-8")


def to_html(report: Report) -> str:
    """Return a page that loads nothing else."""
    return TEMPLATES.get_template("report.html").render(report=report)


def to_markdown(report: Report) -> str:
    """Return Markdown in which each section repeats the command, so that it can be copied on its own."""
    parts = [f"# {report.title}", report.introduction]
    for section in report.sections:
        parts += [f"## {section.title}", section.text, section.finding]
        if section.chart is not None:
            parts.append(f"![{section.title}]({section.chart.name}.svg)")
        if section.table is not None:
            parts.append(_markdown_table(section.table))
        parts.append(f"Reproduce: `{report.command}`")
    return "\n\n".join(part for part in parts if part) + "\n"


def _markdown_table(table: Table) -> str:
    alignment = ["---"] * table.name_columns + ["---:"] * (len(table.header) - table.name_columns)
    return "\n".join(f"| {' | '.join(row)} |" for row in (table.header, alignment, *table.rows))
