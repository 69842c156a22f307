"""A report: sections of a sentence, a chart and a table, written as HTML of one file and as Markdown."""

import html
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template

TEMPLATE = Path(__file__).parent / "report.html"


@dataclass(frozen=True)
class Table:
    """Text in rows. The first column names, the others hold figures."""

    header: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Chart:
    """An SVG; `name` is that of its file beside report.md."""

    name: str
    svg: str


@dataclass(frozen=True)
class Section:
    """One question and its answer."""

    title: str
    text: str
    chart: Chart | None = None
    table: Table | None = None


@dataclass(frozen=True)
class Report:
    """All of one benchmark. `command` is what reproduces it, and stands under every section."""

    title: str
    introduction: str
    command: str
    sections: Sequence[Section]


def write(report: Report, results_json: str, folder: Path) -> None:
    """Everything into `folder`: results.json, report.md, report.html, and the charts that report.md shows."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "results.json").write_text(results_json, encoding="utf-8")
    (folder / "report.md").write_text(to_markdown(report), encoding="utf-8")
    (folder / "report.html").write_text(to_html(report), encoding="utf-8")
    for section in report.sections:
        if section.chart is not None:
            (folder / f"{section.chart.name}.svg").write_text(section.chart.svg, encoding="utf-8")


def to_markdown(report: Report) -> str:
    """Sections that can be pasted elsewhere one by one: each says how to reproduce it."""
    parts = [f"# {report.title}", report.introduction]
    for section in report.sections:
        parts += [f"## {section.title}", section.text]
        if section.chart is not None:
            parts.append(f"![{section.title}]({section.chart.name}.svg)")
        if section.table is not None:
            parts.append(_markdown_table(section.table))
        parts.append(f"Reproduce: `{report.command}`")
    return "\n\n".join(part for part in parts if part) + "\n"


def to_html(report: Report) -> str:
    """A page that needs nothing else."""
    return Template(TEMPLATE.read_text(encoding="utf-8")).substitute(
        title=html.escape(report.title),
        introduction=html.escape(report.introduction),
        command=html.escape(report.command),
        sections="\n".join(_html_section(section) for section in report.sections),
    )


def _markdown_table(table: Table) -> str:
    alignment = ["---", *["---:"] * (len(table.header) - 1)]
    return "\n".join(f"| {' | '.join(row)} |" for row in (table.header, alignment, *table.rows))


def _html_section(section: Section) -> str:
    parts = [f"<section><h2>{html.escape(section.title)}</h2>"]
    if section.text:
        parts.append(f"<p>{html.escape(section.text)}</p>")
    if section.chart is not None:
        parts.append(f'<figure role="img" aria-label="{html.escape(section.title)}">{section.chart.svg}</figure>')
    if section.table is not None:
        head = "".join(f"<th>{html.escape(cell)}</th>" for cell in section.table.header)
        rows = "".join(
            "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in section.table.rows
        )
        parts.append(f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>')
    return "\n".join([*parts, "</section>"])
