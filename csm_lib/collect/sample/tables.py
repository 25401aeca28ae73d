"""The small tables that people of the sample organisation keep by hand: plans, whys, benchmarks, events and others.

They are written by hand here too: `csm_lib/shipped/sample/tables` holds them as the CSV files they become.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

__all__ = ["write_tables"]


def write_tables(folder: Path) -> list[Path]:
    """Write each edited table as CSV (UTF-8, ISO dates, empty cell where nothing is known).

    Parameters
    ----------
    folder : Path
        Usually `data/tables`; made if absent, files of the same name are replaced.

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
    return paths
