"""A report: sections of a sentence, a chart and a table, written as HTML of one file and as Markdown."""

import html
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template

TEMPLATE = Path(__file__).parent / "report.html"


@dataclass(frozen=True)
class Table:
    """Text in rows: first the columns that name, then those that hold figures."""

    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    name_columns: int = 1


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


def write(report: Report, folder: Path) -> None:
    """Into `folder`: report.md, report.html, and the charts that report.md shows."""
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
    alignment = ["---"] * table.name_columns + ["---:"] * (len(table.header) - table.name_columns)
    return "\n".join(f"| {' | '.join(row)} |" for row in (table.header, alignment, *table.rows))


def _html_section(section: Section) -> str:
    parts = [f"<section><h2>{html.escape(section.title)}</h2>"]
    if section.text:
        parts.append(f"<p>{html.escape(section.text)}</p>")
    if section.chart is not None:
        parts.append(f'<figure role="img" aria-label="{html.escape(section.title)}">{section.chart.svg}</figure>')
    if section.table is not None:
        head = _html_row(section.table.header, "th", section.table.name_columns)
        rows = "".join(_html_row(row, "td", section.table.name_columns) for row in section.table.rows)
        parts.append(f'<div class="scroll"><table><thead>{head}</thead><tbody>{rows}</tbody></table></div>')
    return "\n".join([*parts, "</section>"])


def _html_row(cells: Sequence[str], tag: str, name_columns: int) -> str:
    kinds = [' class="name"'] * name_columns + [""] * (len(cells) - name_columns)
    row = (f"<{tag}{kind}>{html.escape(cell)}</{tag}>" for kind, cell in zip(kinds, cells, strict=True))
    return f"<tr>{''.join(row)}</tr>"
