"""What a report rests on, written beside it: `run.json`.

The record names parameters, table versions, input files with their hashes, libraries, notebooks and the headline, so
that a number can be traced back and two runs can be compared.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from csm_lib.errors import RunError
from csm_lib.publish.fingerprints import code_fingerprint, definition_fingerprints, packages, setting_fingerprints
from csm_lib.publish.markup import loads
from csm_lib.publish.runner import NotebookRun

__all__ = ["asked_of", "check_report", "record_of", "write_record"]

_LARGEST_PAGE = 2_000_000


def record_of(
    book: Any,
    runs: Sequence[NotebookRun],
    *,
    given: Mapping[str, Mapping[str, Any]],
    prints: Mapping[str, str],
    kept: Path,
) -> dict[str, Any]:
    """Collect what a report rests on.

    Parameters
    ----------
    book : Workbook
    runs : sequence of NotebookRun
    given : mapping of str to mapping of str to object
        Parameters that the user set, by notebook.
    prints : mapping of str to str
        Fingerprint of each notebook's inputs.
    kept : Path
        Folder with one folder per notebook, where the headline may lie.

    Returns
    -------
    dict
        As DESIGN §8 of the report has it; nothing in it is NaN.
    """
    headline = _headline(kept)
    files = book.files
    return {
        **asked_of(book, given),
        "tables": dict(sorted(book.data.versions.items())),
        "inputs": _inputs(files),
        "packages": packages(),
        "settings": setting_fingerprints(book.settings),
        "definitions": definition_fingerprints([row["key"] for row in headline]),
        "code": code_fingerprint(),
        "notebooks": [
            {"name": run.name, "status": run.status, "seconds": run.seconds, "fingerprint": prints[run.name]}
            for run in runs
        ],
        "headline": headline,
    }


def asked_of(book: Any, given: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Say what a run is about, which is known before it starts: its parameters and the days of its period.

    Parameters
    ----------
    book : Workbook
    given : mapping of str to mapping of str to object
        Parameters that the user set, by notebook.

    Returns
    -------
    dict
        `parameters` and `period` of the record.
    """
    own = {f"{notebook}.{name}": value for notebook, values in given.items() for name, value in values.items()}
    as_of = {"as_of": book.as_of} if book.as_of else {}
    common = {"period": book.period.name, "scope": book.scope_name, "language": book.language}
    days = {"start_on": book.period.start_on.isoformat(), "end_on": book.period.end_on.isoformat()}
    return {"parameters": {**common, **as_of, **own}, "period": days}


def write_record(report: Path, record: Mapping[str, Any]) -> None:
    """Write the record of a report; not-a-number is refused."""
    text = json.dumps(record, ensure_ascii=False, allow_nan=False, indent=1)
    (report / "run.json").write_text(text, encoding="utf-8")


def check_report(report: Path, notebooks: Sequence[str]) -> None:
    """Check an assembled report before it is published.

    Parameters
    ----------
    report : Path
    notebooks : sequence of str
        Names whose pages must be there.

    Raises
    ------
    RunError
        With everything that is wrong.
    """
    broken = []
    for name in ["index", *notebooks]:
        path = report / f"{name}.html"
        if not path.exists():
            broken.append(f"{path.name} must exist, got no such page.")
            continue
        html = path.read_text(encoding="utf-8")
        if len(html.encode()) > _LARGEST_PAGE:
            broken.append(f"{path.name} must be under 2 MB, got {len(html.encode()) / 1e6:.1f} MB. Show less in it.")
        if html.count("<h1") != 1:
            broken.append(f"{path.name} must have one h1, got {html.count('<h1')}.")
        if found := loads(html):
            broken.append(f"{path.name} must load nothing from elsewhere, got {found[0]!r}.")
    for path in sorted((report / "tables").glob("*.csv")):
        try:
            pd.read_csv(path, encoding="utf-8-sig", dtype=str)
        except pd.errors.EmptyDataError:
            broken.append(f"{path.name} must have columns, got none.")
        except (ValueError, pd.errors.ParserError) as error:
            broken.append(f"{path.name} must be readable, got {error}.")
    if broken:
        raise RunError("report must pass its checks before it is published, got:\n" + "\n".join(broken))


def _inputs(files: pd.DataFrame) -> list[dict[str, str]]:
    """List the ingested files once each."""
    if files.empty:
        return []
    once = files[["path", "sha256"]].astype(str).drop_duplicates().sort_values(["path", "sha256"])
    return [{"path": row["path"], "sha256": row["sha256"]} for row in once.to_dict("records")]


def _headline(kept: Path) -> list[dict[str, Any]]:
    for path in sorted(kept.glob("*/headline.json")):
        found = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(found, list):
            return found
    return []
