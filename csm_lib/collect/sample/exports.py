"""Writing the sample in the shapes that real systems export: encodings, delimiters, and their dirt.

Dirty rows are extra rows; the sound rows stay as they are, so that what survives the contract is what was planted.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

__all__ = ["DirtRow", "add_dirt", "flags", "numbers", "words", "write_csv"]

_MIN_ROWS_FOR_DIRT = 40
_DIRT_SHARE = {"duplicate": 0.002, "blank_row": 0.001, "time_order": 0.0008, "unknown_word": 0.0006}
DirtRow = Mapping[str, pa.Array]


def words(codes: np.ndarray, names: list[str] | tuple[str, ...]) -> pa.Array:
    """Write codes as words, null where the code is negative.

    Examples
    --------
    >>> words(np.array([1, -1]), ["no", "yes"]).to_pylist()
    ['yes', None]
    """
    return pc.take(pa.array(names, pa.string()), pa.array(codes, pa.int32(), mask=np.asarray(codes) < 0))


def numbers(values: np.ndarray, *, missing: np.ndarray | None = None) -> pa.Array:
    """Write numbers; null where `missing`, by default where negative."""
    return pa.array(values, mask=np.asarray(values) < 0 if missing is None else missing)


def flags(values: np.ndarray, *, yes: str, no: str, missing: np.ndarray | None = None) -> pa.Array:
    """Write booleans as a system's two words."""
    codes = np.where(missing, -1, np.asarray(values, dtype=bool)) if missing is not None else np.asarray(values, bool)
    return words(codes.astype(np.int32), (no, yes))


def add_dirt(
    rng: np.random.Generator,
    table: pa.Table,
    *,
    key: str,
    broken: Mapping[str, tuple[np.ndarray, Mapping[str, pa.Array]]],
) -> tuple[pa.Table, dict[str, int]]:
    """Mix duplicates, blank rows and broken rows into an export.

    Parameters
    ----------
    rng : Generator
    table : pyarrow.Table
    key : str
        Header of the key; broken rows get keys of their own.
    broken : mapping of str to (ndarray of int, mapping of str to Array)
        Reason to the rows that may be copied and, by header, what their cells become (whole columns of the table).

    Returns
    -------
    table : pyarrow.Table
    counts : dict of str to int
        Rows added, by reason.
    """
    n_rows = table.num_rows
    if n_rows < _MIN_ROWS_FOR_DIRT:
        return table, {}
    extra, reasons = [], ["duplicate", "blank_row", *broken]
    counts = {reason: max(1, round(_DIRT_SHARE[reason] * n_rows)) for reason in reasons}
    copies = rng.choice(n_rows, counts["duplicate"], replace=False)
    extra.append(table.take(pa.array(copies)))
    extra.append(pa.table({field.name: pa.nulls(counts["blank_row"], field.type) for field in table.schema}))
    for number, (reason, (allowed, changes)) in enumerate(broken.items()):
        rows = rng.choice(allowed, min(counts[reason], len(allowed)), replace=False)
        counts[reason] = len(rows)
        extra.append(_broken_rows(table, rows, key=key, suffix=f"X{number}", changes=changes))
    places = [copies + 0.5, *(rng.random(part.num_rows) * n_rows for part in extra[1:])]
    order = np.argsort(np.concatenate([np.arange(n_rows), *places]), kind="stable")
    return pa.concat_tables([table, *extra]).take(pa.array(order)), counts


def _broken_rows(
    table: pa.Table, rows: np.ndarray, *, key: str, suffix: str, changes: Mapping[str, pa.Array]
) -> pa.Table:
    picked = pa.array(rows)
    part = table.take(picked)
    for header, column in changes.items():
        part = part.set_column(part.column_names.index(header), header, column.take(picked))
    new_keys = pc.binary_join_element_wise(part[key], suffix, "")
    return part.set_column(part.column_names.index(key), key, new_keys)


def write_csv(path: Path, table: pa.Table, *, encoding: str = "utf-8", delimiter: str = ",") -> None:
    """Write a CSV file in an encoding; null is an empty cell, a row of nulls a line of delimiters."""
    path.parent.mkdir(parents=True, exist_ok=True)
    buffer = io.BytesIO()
    pa_csv.write_csv(table, buffer, pa_csv.WriteOptions(delimiter=delimiter))
    raw = buffer.getvalue()
    path.write_bytes(raw if encoding == "utf-8" else raw.decode("utf-8").encode(encoding))
