"""Find out that a published report still stands: nothing that it rests on has changed since.

What a scheduler calls twice must not do the work twice. This is asked before anything heavy is loaded, so the answer
takes as long as opening the workbook.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from csm_lib.collect.locks import exclusive
from csm_lib.publish.fingerprints import fingerprint_of
from csm_lib.publish.parameters import parameters_for
from csm_lib.workspaces import notebooks_folder

__all__ = ["LOCKED", "Standing", "folder_name", "is_announced", "read_record", "report_name", "standing_report"]

LOCKED = "reports must be written by one run at a time"


@dataclass(frozen=True)
class Standing:
    """A published report that needs no new run.

    Attributes
    ----------
    report : Path
        The page to open.
    period : str
    record : dict
        Its `run.json`.
    """

    report: Path
    period: str
    record: dict[str, Any] = field(repr=False)

    def as_json(self) -> dict[str, Any]:
        """Give the machine-readable result, as that of a run that reused every notebook."""
        names = [entry["name"] for entry in self.record["notebooks"]]
        return {
            "report": str(self.report),
            "period": self.period,
            "notebooks": [{"name": name, "status": "reused", "seconds": 0.0} for name in names],
            "edition": self.record.get("edition", 1),
            "is_unchanged": True,
            "restatements": [],
        }


def standing_report(
    book: Any,
    *,
    notebooks: Sequence[Path] | None = None,
    parameters: Mapping[str, Mapping[str, Any]] | None = None,
) -> Standing | None:
    """Give the published report of a period if a new run could only repeat it.

    Parameters
    ----------
    book : Workbook
    notebooks : sequence of Path, optional
        All notebooks of the report; the shipped ones unless given.
    parameters : mapping of str to mapping of str to object, optional
        Notebook to name to value, as for a run.

    Returns
    -------
    Standing or None
        None if the report is absent or incomplete, or anything it rests on has changed.

    Raises
    ------
    SettingError
        If a parameter does not exist or has the wrong type.
    UnavailableError
        If a run works in this workspace.
    """
    chosen = sorted(notebooks_folder().glob("*.ipynb")) if notebooks is None else list(notebooks)
    common = {"period": book.period.name, "scope": book.scope_name, "language": book.language}
    given = parameters_for(chosen, common=common, own=parameters or {})
    reports = book.workspace / "reports"
    report = reports / folder_name(book)
    if not (report / "run.json").exists():
        return None
    with exclusive(reports / ".lock", what=LOCKED):
        record = read_record(report)
        former = {entry["name"]: entry for entry in record.get("notebooks", [])}
        is_whole = list(former) == [path.stem for path in chosen] and _is_complete(report, list(former))
        if not is_whole or any(entry["status"] == "failed" for entry in former.values()):
            return None
        if any(former[path.stem]["fingerprint"] != fingerprint_of(path, given[path.stem], book) for path in chosen):
            return None
    return Standing(report / "index.html", book.period.name, record)


def folder_name(book: Any) -> str:
    """Name a report's folder; one of a former state of the data stands beside that of the present one.

    Parameters
    ----------
    book : Workbook

    Returns
    -------
    str
    """
    return report_name(book.period.name, scope=book.scope_name, as_of=book.as_of)


def report_name(period: str, *, scope: str = "all", as_of: str = "") -> str:
    """Name the folder of a report of a period, a scope and a day of the data.

    Parameters
    ----------
    period, scope : str
    as_of : str
        Empty for the present state of the data.

    Returns
    -------
    str

    Examples
    --------
    >>> report_name("2024Q1"), report_name("2024Q1", scope="hotline", as_of="2024-05-31")
    ('2024Q1', '2024Q1@hotline~as-of-2024-05-31')
    """
    limited = "" if scope == "all" else f"@{scope}"
    dated = f"~as-of-{as_of.replace(':', '-')}" if as_of else ""
    return f"{period}{limited}{dated}"


def read_record(report: Path) -> dict[str, Any]:
    """Read the record of a report.

    Parameters
    ----------
    report : Path

    Returns
    -------
    dict
        Empty where there is none that can be read.
    """
    try:
        found = json.loads((report / "run.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _is_complete(report: Path, names: Sequence[str]) -> bool:
    """Tell whether all pages are there, and the run that wrote them came to its end (it may have been killed)."""
    pages = [report / f"{name}.html" for name in ("index", *names)]
    return all(path.exists() for path in (*pages, report / "tables" / "tables.xlsx")) and is_announced(report)


def is_announced(report: Path) -> bool:
    """Tell whether the page over all periods was written after a report: the last thing that a run does.

    Parameters
    ----------
    report : Path

    Returns
    -------
    bool
        True also where there is no report.
    """
    record, overview = report / "run.json", report.parent / "index.html"
    if not record.exists():
        return True
    return overview.exists() and overview.stat().st_mtime_ns >= record.stat().st_mtime_ns
