"""Masking: what customers write about themselves in free text never gets further than the ingest."""

from __future__ import annotations

__all__ = ["mask_text_sql"]

# order matters: an ID number is also a run of digits, a bank card also looks like a long phone number
_PATTERNS = (
    (r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", "[e-mail]"),
    (r"\b[1-9]\d{5}(19|20)\d{2}(0[1-9]|1[0-2])([0-2]\d|3[01])\d{3}[0-9Xx]\b", "[id]"),
    (r"\b\d([ -]?\d){12,18}\b", "[card]"),
    (r"\+\d[\d ()-]{6,16}\d", "[phone]"),
    (r"\b1[3-9]\d[ -]?\d{4}[ -]?\d{4}\b", "[phone]"),
    (r"\b0\d{2,3}[ -]?\d{7,8}\b", "[phone]"),
    (r"\(?\b\d{3}\)?[ -]\d{3}[ -]\d{4}\b", "[phone]"),
)


def mask_text_sql(expression: str) -> str:
    """Give the SQL that masks e-mail addresses, ID, card and phone numbers in a text expression.

    Parameters
    ----------
    expression : str
        DuckDB expression of type text; null stays null.

    Returns
    -------
    str
        DuckDB expression of type text, each find replaced by `[e-mail]`, `[id]`, `[card]` or `[phone]`.

    Notes
    -----
    Chinese resident ID: GB 11643-1999 (6 digits area, 8 birth date, 3 order, 1 check). Cards: 13 to 19 digits
    (ISO/IEC 7812-1). Phones: Chinese mobile (11 digits from 13 to 19), landline with area code, international
    with a plus sign, North American.

    Examples
    --------
    >>> import duckdb
    >>> duckdb.sql("SELECT " + mask_text_sql("'请打13812345678 or mail a.b@c.cn'")).fetchall()
    [('请打[phone] or mail [e-mail]',)]
    """
    for pattern, mark in _PATTERNS:
        expression = f"regexp_replace({expression}, '{pattern}', '{mark}', 'g')"
    return expression
