"""Short columns, an issue or a team: where a number or an address was typed into one, it is masked like free text.

Few values repeat over many rows, so each is looked at once; rows are only written where one had something to hide.
"""

from __future__ import annotations

import duckdb

from csm_lib.collect.entries import AnyEntry
from csm_lib.collect.privacy import mask_text_sql
from csm_lib.definitions import STAFF_COLUMNS, Column, Table
from csm_lib.engine import quote_name

__all__ = ["is_short_text", "mask_short_texts", "short_text_sql"]

# what names another row, an agent or a period is no text that people type
_NAMES_ANOTHER = ("_id", "indicator", "period", "_filter")
# a retail article number: 13 figures that end in their check digit (GS1 General Specifications, 7.9)
_ARTICLE = "[0-9]{13}"


def is_short_text(column: Column) -> bool:
    """Tell whether a column holds short text of people's own choice.

    Examples
    --------
    >>> [is_short_text(Column(name)) for name in ("issue", "contact_id", "agent_id")]
    [True, False, False]
    """
    is_code = column.name in STAFF_COLUMNS or column.name.endswith(_NAMES_ANOTHER)
    return column.type == "text" and not (is_code or column.words or column.is_person or column.is_free_text)


def short_text_sql(text: str) -> str:
    """Give the SQL that masks a short text; an article number stays, even where it looks like a card.

    Examples
    --------
    >>> with duckdb.connect() as connection:
    ...     query = "SELECT " + ", ".join(map(short_text_sql, ("'4006381333931'", "'call 13812345678'")))
    ...     connection.sql(query).fetchall()
    [('4006381333931', 'call [phone]')]
    """
    figures = f"list_transform(range(1, 14), lambda i: CAST(({text})[i] AS INTEGER) * (1 + 2 * ((i + 1) % 2)))"
    is_article = (
        f"CASE WHEN regexp_full_match({text}, '{_ARTICLE}') THEN list_sum({figures}) % 10 = 0 ELSE false END"
    )
    return f"(CASE WHEN {is_article} THEN {text} ELSE {mask_text_sql(text)} END)"


def mask_short_texts(connection: duckdb.DuckDBPyConnection, table: Table, entry: AnyEntry, *, stage: str) -> None:
    """Mask the short texts of a table of typed rows, in place.

    Parameters
    ----------
    table : Table
    entry : FileEntry or QueryEntry
        Which columns were read.
    stage : str
        DuckDB table with the columns as `v_…`.
    """
    short = [column.name for column in table.columns if column.name in entry.columns and is_short_text(column)]
    for name in short:
        if entry.columns[name].personal:
            continue
        value = quote_name(f"v_{name}")
        masked = (
            f"SELECT value, masked FROM (SELECT value, {short_text_sql('value')} AS masked "
            f"FROM (SELECT DISTINCT {value} AS value FROM {stage})) WHERE masked <> value"
        )
        found = connection.sql(masked).to_arrow_table()
        if len(found):
            connection.register("short_texts_found", found)
            connection.execute(
                f"UPDATE {stage} SET {value} = found.masked FROM short_texts_found AS found WHERE {value} = found.value"
            )
            connection.unregister("short_texts_found")
