"""The page over all periods: which reports there are, and how the headline indicators moved."""

from __future__ import annotations

import os
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote

import nbformat

from csm_lib.definitions import INDICATORS
from csm_lib.publish.export import PageFrame, page, word
from csm_lib.publish.standing import read_record
from csm_lib.show.format import NOT_MEASURED, write_value

__all__ = ["write_overview"]

_WORDS = {
    "en": ("Reports", "Period", "Scope", "All periods", "Headline indicators by period", "everything", {
        "met": "met", "missed": "missed", "too_close": "too close to call", "no_target": "no target",
        "not_measured": "not measured"}),
    "zh": ("报告", "期间", "范围", "全部期间", "各期间核心指标", "全部", {
        "met": "达标", "missed": "未达标", "too_close": "难以判定", "no_target": "无目标", "not_measured": "未测量"}),
}  # fmt: skip
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
    records = {path.parent.name: read_record(path.parent) for path in reports.glob("[!.]*/run.json")}
    shown = sorted(
        ((name, record) for name, record in records.items() if record.get("period")),
        key=lambda item: (item[1]["period"]["start_on"], item[1]["period"]["end_on"], item[0]),
        reverse=True,
    )
    title, *_ = _WORDS[language]
    cells = [nbformat.v4.new_markdown_cell(f"# {title}")]
    table = nbformat.v4.new_code_cell("")
    table.outputs = [nbformat.v4.new_output("display_data", data={"text/html": _table(shown, language)})]
    html = page(nbformat.v4.new_notebook(cells=[*cells, table]), PageFrame(organisation, language, has_code=False))
    beside = reports / f".index-{os.getpid()}.html"
    beside.write_text(html, encoding="utf-8")
    os.replace(beside, reports / "index.html")
    return reports / "index.html"


def _table(shown: list[tuple[str, dict[str, Any]]], language: str) -> str:
    _, period, scope, _, caption, everything, _ = _WORDS[language]
    keys = _columns([row for _, record in shown for row in record["headline"]])
    names = [INDICATORS[key].name_zh if language == "zh" else INDICATORS[key].name_en for key in keys]
    heading = "".join(f'<th scope="col">{escape(text)}</th>' for text in (period, scope, *names))
    lines = []
    for name, record in shown:
        rows = {row["key"]: row for row in record["headline"]}
        period_name, as_of = record["parameters"]["period"], record["parameters"].get("as_of")
        said = f"{period_name} · {word('as_of', language)} {as_of}" if as_of else period_name
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
    said = write_value(row["value"], row["unit"], language=language)
    return f"<td>{escape(said)}<br>{_SIGNS[verdict]} {_WORDS[language][-1][verdict]}</td>"
