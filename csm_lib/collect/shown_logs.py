"""What a report may show of the ingest's own logs: file names, rows set aside, rows missing upstream.

The logs are for the data's owner, who has the files anyway. A report goes further: in it a file's name is masked like
any text, what stood in a row once more, and a key that says who of the staff it was does so by no name.
"""

from __future__ import annotations

from csm_lib.collect.privacy import mask_text_sql
from csm_lib.definitions import STAFF_COLUMNS, TABLES
from csm_lib.engine import quote_text

__all__ = ["files_query", "missing_upstream_query", "set_aside_query"]

# reasons whose value is a key, not what a person wrote
_KEY_REASONS = ("superseded", "duplicate", "conflicting_key")


def files_query() -> str:
    """Give the query of the files read, their names masked."""
    return f"SELECT * REPLACE ({mask_text_sql('path')} AS path) FROM files"


def set_aside_query(*, show_staff: bool) -> str:
    """Give the query of the rows set aside, with `n_alike`: how many have their value in common, for the same reason.

    Parameters
    ----------
    show_staff : bool
        True if agents are shown by name.
    """
    keys = ", ".join(map(quote_text, _KEY_REASONS))
    value = f"CASE WHEN reason IN ({keys}) THEN {_key_sql('value', show_staff=show_staff)} ELSE value END"
    # a key is one row's own by its nature; nobody writes a name there
    n_alike = f'CASE WHEN reason NOT IN ({keys}) THEN count(*) OVER (PARTITION BY "table", "column", reason, value) END'
    masked = f"SELECT * REPLACE ({mask_text_sql('file')} AS file, {mask_text_sql('value')} AS value) FROM set_aside"
    return f"SELECT * REPLACE ({value} AS value), {n_alike} AS n_alike FROM ({masked})"


def missing_upstream_query(*, show_staff: bool) -> str:
    """Give the query of the rows that a later whole delivery lacks, as a report may show them."""
    key = mask_text_sql(_key_sql("key", show_staff=show_staff))
    return (
        f'SELECT source, "table", {key} AS key, spanned_at, {mask_text_sql("file")} AS file FROM deliveries '
        "WHERE is_missing ORDER BY ALL"
    )


def _key_sql(text: str, *, show_staff: bool) -> str:
    """Give the SQL of a joined key without the parts that name staff; where they cannot be told apart, without all."""
    if show_staff:
        return text
    cases = []
    for name, table in TABLES.items():
        places = [place for place, column in enumerate(table.key, start=1) if column in STAFF_COLUMNS]
        if places:
            parts = f"str_split({text}, ', ')"
            theirs = ", ".join(map(str, places))
            part = f"CASE WHEN place IN ({theirs}) THEN '[agent]' ELSE part END"
            hidden = f"list_transform({parts}, lambda part, place: {part})"
            whole = f"CASE WHEN len({parts}) = {len(table.key)} THEN array_to_string({hidden}, ', ') ELSE '[agent]' END"
            cases.append(f"WHEN {quote_text(name)} THEN {whole}")
    return f"(CASE \"table\" {' '.join(cases)} ELSE {text} END)"
