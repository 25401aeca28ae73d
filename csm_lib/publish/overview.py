"""The page over all periods: which reports there are, and how the headline indicators moved."""

from __future__ import annotations

import base64
import os
import re
from datetime import date
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import nbformat

from csm_lib.definitions import INDICATORS
from csm_lib.publish.editions import UNFINISHED_PAGE
from csm_lib.publish.export import Link, PageFrame, page, word
from csm_lib.publish.standing import read_record
from csm_lib.show.format import NOT_MEASURED, name_indicator, write_value
from csm_lib.show.messages import say
from csm_lib.show.sketches import sketch
from csm_lib.show.translation import translated

__all__ = ["link_neighbours", "near_periods", "write_overview"]

_PERIODS = re.compile(r'(<nav class="periods"[^>]*>\s*<ul>).*?(\s*</ul>)', re.DOTALL)
_SIGNS = {"met": "✓", "missed": "✗", "too_close": "≈", "no_target": "·", "not_measured": NOT_MEASURED}


def write_overview(reports: Path, *, organisation: str, language: str) -> Path:
    """Write the page over all published reports, from their records, in one step.

    Parameters
    ----------
    reports : Path
    organisation : str
    language : str

    Returns
    -------
    Path
    """
    shown = _published(reports)
    title = say("overview_reports", language)
    cells = [nbformat.v4.new_markdown_cell(f"# {title}")]
    table = nbformat.v4.new_code_cell("")
    parts = [_table(shown, language), _courses(shown, language)]
    table.outputs = [nbformat.v4.new_output("display_data", data={"text/html": part}) for part in parts if part]
    frame = PageFrame(translated(organisation, language), language, has_code=False)
    html = page(nbformat.v4.new_notebook(cells=[*cells, table]), frame)
    _replace(reports / "index.html", html)
    return reports / "index.html"


def link_neighbours(reports: Path, name: str, *, language: str) -> None:
    """Let the published reports before and after one lead to it, which were published before it was there.

    Parameters
    ----------
    reports : Path
    name : str
        Folder of the report that was published.
    language : str
        Of the links where a report has none yet.
    """
    published = dict(_published(reports))
    record = published.get(name)
    if record is None:
        return
    for link in near_periods(reports, record, language=language)[1:]:
        other = unquote(Path(link.href).parts[1])
        there = published[other]["parameters"].get("language", language)
        links = near_periods(reports, published[other], language=there)
        items = "".join(f'\n<li><a href="{escape(each.href)}">{escape(each.title)}</a></li>' for each in links)
        whole = rf"\g<1>{items.replace(chr(92), chr(92) * 2)}\g<2>"
        for page_of in (reports / other).glob("*.html"):
            html = page_of.read_text(encoding="utf-8")
            linked = _PERIODS.sub(whole, html, count=1)
            if linked != html:
                _replace(page_of, linked)


def _replace(page_of: Path, html: str) -> None:
    """Write a page in one step."""
    beside = page_of.parent / f"{UNFINISHED_PAGE}{os.getpid()}.html"
    beside.write_text(html, encoding="utf-8")
    os.replace(beside, page_of)


def near_periods(reports: Path, record: dict[str, Any], *, language: str) -> list[Link]:
    """Lead from a report to the page over all periods, and to the published reports before and after it.

    Parameters
    ----------
    reports : Path
    record : dict
        Record of the report, published or not; `parameters` and `period` are read.
    language : str

    Returns
    -------
    list of Link
        Of the same scope and about the same length only.
    """
    links = [Link("../index.html", word("all_periods", language))]
    others = [(name, other) for name, other in reversed(_published(reports)) if _is_alike(other, record)]
    start_on, end_on = record["period"]["start_on"], record["period"]["end_on"]
    before = [name for name, other in others if other["period"]["end_on"] <= start_on]
    after = [name for name, other in others if other["period"]["start_on"] >= end_on]
    links += [Link(f"../{quote(name)}/index.html", f"← {name}") for name in before[-1:]]
    return links + [Link(f"../{quote(name)}/index.html", f"{name} →") for name in after[:1]]


def _published(reports: Path) -> list[tuple[str, dict[str, Any]]]:
    """Read the records of all published reports, the latest period first."""
    records = {path.parent.name: read_record(path.parent) for path in reports.glob("[!.]*/run.json")}
    return sorted(
        ((name, record) for name, record in records.items() if record.get("period")),
        key=lambda item: (item[1]["period"]["start_on"], item[1]["period"]["end_on"], item[0]),
        reverse=True,
    )


def _is_alike(record: dict[str, Any], other: dict[str, Any]) -> bool:
    """Quarters are compared with quarters of the same scope, in the present state of the data."""
    lengths = [
        (date.fromisoformat(each["period"]["end_on"]) - date.fromisoformat(each["period"]["start_on"])).days
        for each in (record, other)
    ]
    said = [(each["parameters"]["scope"], each["parameters"].get("as_of")) for each in (record, other)]
    return said[0] == said[1] and 0.85 < lengths[0] / lengths[1] < 1.18


def _courses(shown: list[tuple[str, dict[str, Any]]], language: str) -> str:
    """Draw how each headline indicator moved over the periods that compare with the latest; empty with one period."""
    alike = [record for _, record in reversed(shown) if _is_alike(record, shown[0][1])]
    keys = _columns([row for record in alike for row in record["headline"]])
    found = [_course(key, alike, language) for key in keys] if len(alike) > 1 else []
    lines = "".join(line for line in found if line)
    caption = say("overview_courses", language)
    heads = [say(key, language) for key in ("indicator", "overview_course", "overview_first", "overview_latest")]
    heading = "".join(f'<th scope="col">{escape(text)}</th>' for text in heads)
    body = f"<thead><tr>{heading}</tr></thead><tbody>{lines}</tbody>"
    return f"<table><caption>{caption}</caption>{body}</table>" if lines else ""


def _course(key: str, records: list[dict[str, Any]], language: str) -> str:
    rows = [{row["key"]: row for row in record["headline"]}.get(key, {}) for record in records]
    known = [(record, row) for record, row in zip(records, rows, strict=True) if row.get("value") is not None]
    if len(known) < 2:
        return ""
    drawing = sketch([row.get("value") for row in rows], target=known[-1][1]["target"])
    ends = [
        f"{write_value(row['value'], row['unit'], language=language)} ({record['parameters']['period']})"
        for record, row in (known[0], known[-1])
    ]
    name = name_indicator(key, language=language)
    encoded = base64.b64encode(drawing.encode()).decode()
    image = f'<img src="data:image/svg+xml;base64,{encoded}" alt="{escape(f"{name}: {ends[0]} → {ends[1]}")}">'
    cells = "".join(f"<td>{escape(text)}</td>" for text in ends)
    return f'<tr><th scope="row">{escape(name)}</th><td>{image}</td>{cells}</tr>'


def _table(shown: list[tuple[str, dict[str, Any]]], language: str) -> str:
    named = ("period", "scope", "caption", "everything")
    period, scope, caption, everything = (say(f"overview_{key}", language) for key in named)
    keys = _columns([row for _, record in shown for row in record["headline"]])
    names = [name_indicator(key, language=language) for key in keys]
    heading = "".join(f'<th scope="col">{escape(text)}</th>' for text in (period, scope, *names))
    lines = []
    for name, record in shown:
        rows = {row["key"]: row for row in record["headline"]}
        period_name, as_of = record["parameters"]["period"], record["parameters"].get("as_of")
        said = f"{period_name} · {word('as_of', language)} {as_of}" if as_of else period_name
        said += f" · {say('edition', language, n=name)}" if name.isdecimal() else ""
        link = f'<a href="./{quote(name)}/index.html">{escape(said)}</a>'
        chosen = record["parameters"]["scope"]
        first = f'<th scope="row">{link}</th><td>{escape(everything if chosen == "all" else chosen)}</td>'
        lines.append(f"<tr>{first}{''.join(_cell(rows.get(key), language) for key in keys)}</tr>")
    body = "".join(lines)
    return f"<table><caption>{caption}</caption><thead><tr>{heading}</tr></thead><tbody>{body}</tbody></table>"


def _columns(rows: list[dict[str, Any]]) -> list[str]:
    """Choose the indicators worth a column: those with a target; where none has one, the first few measured."""
    judged = {row["key"] for row in rows if row["target"] is not None}
    measured = {row["key"] for row in rows if row["verdict"] != "not_measured"}
    return [key for key in INDICATORS if key in judged & measured] or [key for key in INDICATORS if key in measured][:6]


def _cell(row: dict[str, Any] | None, language: str) -> str:
    if row is None:
        return f"<td>{NOT_MEASURED}</td>"
    verdict = row["verdict"]
    judged = say(f"verdict_{verdict}", language)
    said = write_value(row["value"], row["unit"], language=language)
    return f"<td>{escape(said)}<br>{_SIGNS[verdict]} {judged}</td>"
