"""The small tables that people of the sample organisation keep by hand: plans, whys, benchmarks, events and others.

They are written by hand here too: `csm_lib/shipped/sample/tables` holds them as the CSV files they become.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import astuple
from importlib.resources import files
from pathlib import Path

from csm_lib.collect.sample.official import OfficialFigure

__all__ = ["write_tables"]


def write_tables(folder: Path, *, official: Sequence[OfficialFigure] = ()) -> list[Path]:
    """Write each edited table as CSV (UTF-8, ISO dates, empty cell where nothing is known).

    Parameters
    ----------
    folder : Path
        Usually `data/tables`; made if absent, files of the same name are replaced.
    official : sequence of OfficialFigure
        Figures that the vendor counted on the sample at hand, put at the end of their table.

    Returns
    -------
    list of Path
        The files, by name; each is called like the table of `definitions.TABLES` that it holds.
    """
    folder.mkdir(parents=True, exist_ok=True)
    shipped = files("csm_lib") / "shipped" / "sample" / "tables"
    paths = []
    for source in sorted(shipped.iterdir(), key=lambda entry: entry.name):
        if source.name.endswith(".csv"):
            path = folder / source.name
            path.write_bytes(source.read_bytes())
            paths.append(path)
    with (folder / "official_figures.csv").open("a", encoding="utf-8", newline="") as out:
        csv.writer(out, lineterminator="\n").writerows(map(astuple, official))
    return paths
