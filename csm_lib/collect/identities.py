"""Identities: a customer who is known by a phone number, an e-mail address or a card is kept under a pseudonym.

The pseudonym is a keyed hash (HMAC-SHA256): the same number gives the same pseudonym in every export, however it is
written, so that contacts, orders and answers still meet; without the key nobody can go back by trying all numbers. The
key lies in `data/config/.key`, is made once and never leaves the machine: not in reports, not in the warehouse, not in
git. A warehouse remembers which key its pseudonyms were made with, by a fingerprint.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from pathlib import Path

import duckdb

from csm_lib.collect.entries import ColumnMap
from csm_lib.collect.privacy import let_sql, luhn_sql, mask_text_sql, plain_sql
from csm_lib.definitions import Column
from csm_lib.engine import quote_name
from csm_lib.errors import SettingError

__all__ = [
    "KEY_FILE",
    "PSEUDONYM",
    "guarded_sql",
    "has_personal_name",
    "key_fingerprint",
    "load_key",
    "pseudonym_sql",
    "shown_sql",
    "use_key",
]

KEY_FILE = Path("data") / "config" / ".key"
PSEUDONYM = "person_"

_BLOCK_BYTES = 64  # of SHA-256 (RFC 2104)
_PERSONAL_NAMES = re.compile(
    r"name$|^name|姓名|名字|称呼|昵称|手机|电话|号码$|mobile|phone|e-?mail|邮箱|身份证|证件|微信|wechat|openid|unionid",
    re.IGNORECASE,
)
# figures only, after signs and spaces are left out
_NUMBER_FORMS = "|".join(
    (
        "(?:(?:00)?86)?1[3-9][0-9]{9}",
        "(?:010|02[0-9]|0[3-9][0-9]{2})[1-9][0-9]{6,7}",
        "0[1-9][0-9]{8,9}",
        "[1-9][0-9]{5}(?:18|19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[0-9]{3}[0-9X]",
        "(?:1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5])[0-9]{6}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[0-9]{3}",
    )
)
# as people write them
_WRITTEN_FORMS = r"\+[0-9][0-9 ().-]{6,18}|(?:1[ .-])?\(?[0-9]{3}\)?[ .-]{1,2}[0-9]{3}[ .-][0-9]{4}"
_CARD_FORM = "(?:[3-6]|2[2-7])[0-9]{12,18}"


def has_personal_name(column: str) -> bool:
    """Tell whether a column's header says that it holds names, numbers or addresses of people.

    Examples
    --------
    >>> [has_personal_name(header) for header in ("客户手机", "CustomerName", "CustomerID", "caller_id")]
    [True, True, False, False]
    """
    return _PERSONAL_NAMES.search(column.strip()) is not None


def load_key(workspace: Path, *, expected: str = "") -> bytes:
    """Read the key of a workspace; make it where there is none yet and none is needed.

    Parameters
    ----------
    workspace : Path
    expected : str
        Fingerprint of the key that the warehouse was made with; empty before the first ingest.

    Returns
    -------
    bytes, 32

    Raises
    ------
    SettingError
        If the warehouse was made with a key and it is gone, or another one lies there.
    """
    path = workspace / KEY_FILE
    if not path.exists() and not expected:
        _make_key(path)
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except FileNotFoundError:
        raise SettingError(_wrong_key(path, "nothing there")) from None
    except ValueError:
        raise SettingError(_wrong_key(path, "something else")) from None
    if len(key) != 32 or (expected and key_fingerprint(key) != expected):
        raise SettingError(_wrong_key(path, "another one"))
    if os.name == "posix" and path.stat().st_mode & 0o077:
        path.chmod(0o600)
    return key


def _wrong_key(path: Path, got: str) -> str:
    return (
        f"{path} must hold the key that this warehouse's customers were masked with, got {got}. Put it back from a "
        "backup; if it is lost, move data/warehouse away and ingest again."
    )


def _make_key(path: Path) -> None:
    """Write a new key for its owner alone, whole or not at all, and tell git to leave it out."""
    path.parent.mkdir(parents=True, exist_ok=True)
    ignored = path.with_name(".gitignore")
    if not ignored.exists():
        ignored.write_text(f"{path.name}*\n", encoding="utf-8")
    beside = path.with_name(f"{path.name}.{os.getpid()}")
    with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as file:
        file.write(secrets.token_hex(32) + "\n")
        file.flush()
        os.fsync(file.fileno())
    os.replace(beside, path)


def key_fingerprint(key: bytes) -> str:
    """Give what the warehouse remembers of a key: enough to know it again, nothing to make it from."""
    return hashlib.sha256(b"fingerprint of a key of csm" + key).hexdigest()[:16]


def use_key(connection: duckdb.DuckDBPyConnection, key: bytes) -> None:
    """Give a connection the key, so that its queries can make pseudonyms without naming it."""
    padded = key.ljust(_BLOCK_BYTES, b"\0")
    for name, byte in (("csm_inner", 0x36), ("csm_outer", 0x5C)):
        connection.execute(f"SET VARIABLE {name} = from_hex('{bytes(b ^ byte for b in padded).hex()}')")


def pseudonym_sql(text: str, *, is_always: bool = False) -> str:
    """Give the SQL of a customer's identifier, with a pseudonym in place of what identifies a person.

    Parameters
    ----------
    text : str
        DuckDB expression of type text; null stays null.
    is_always : bool
        True where every value of the column is personal, a name for instance.

    Returns
    -------
    str
        DuckDB expression for a connection that was given the key (`use_key`); fails on the first personal value
        otherwise. Identifiers that are no phone number, e-mail address, identity or bank card stay.

    Notes
    -----
    HMAC-SHA256 after RFC 2104, its first 96 bits, written in letters so that it is never taken for a number. Before,
    the identifier is written one way: plain figures without signs, no +86 before a mobile number, small letters.

    Examples
    --------
    >>> with duckdb.connect() as connection:
    ...     use_key(connection, b"k" * 32)
    ...     names = connection.sql("SELECT " + ", ".join(map(pseudonym_sql, (
    ...         "'+86 138-1234-5678'", "'13812345678'", "'C0001234'")))).fetchall()[0]
    >>> names[0] == names[1], names[0][:7], names[2]
    (True, 'person_', 'C0001234')
    """
    plain = f"lower(trim({plain_sql(text)}))"
    digits = "regexp_replace(upper(p), '[^0-9X]', '', 'g')"
    is_card = f"CASE WHEN regexp_full_match(n, '{_CARD_FORM}') THEN {luhn_sql('n')} ELSE false END"
    is_number = f"(regexp_full_match(n, '{_NUMBER_FORMS}') OR regexp_full_match(p, '{_WRITTEN_FORMS}') OR {is_card})"
    one_way = "regexp_replace(n, '^(?:00)?86(1[3-9][0-9]{9})$', '\\1')"
    has_letters = "regexp_matches({}, '[A-WYZa-wyz\\p{{Han}}]')".format
    if is_always:
        other = f"CASE WHEN regexp_full_match({text}, '{PSEUDONYM}[a-t]{{24}}') THEN {text} ELSE {_hmac('p')} END"
        number = f"CASE WHEN {is_number} THEN {_hmac(one_way)} ELSE {_hmac('p')} END"
        chosen = f"CASE WHEN {has_letters('p')} THEN {other} ELSE {let_sql('n', digits, number)} END"
        return f"(CASE WHEN {text} IS NOT NULL THEN {let_sql('p', plain, chosen)} END)"
    number = let_sql("p", plain, let_sql("n", digits, f"CASE WHEN {is_number} THEN {_hmac(one_way)} ELSE {text} END"))
    # most identifiers have a letter or are short: they are passed on at the first look
    inside = f"regexp_matches({text}, '[0-9０-９][0-9０-９ -]{{9}}') AND {mask_text_sql(text)} <> {text}"
    return (
        f"(CASE WHEN contains({text}, '@') OR contains({text}, '＠') THEN {_hmac(plain)} "
        f"WHEN length({text}) < 7 OR regexp_full_match({text}, '[0-9]{{7,9}}') THEN {text} "
        f"WHEN {has_letters(text)} THEN CASE WHEN {inside} THEN {_hmac(plain)} ELSE {text} END "
        f"WHEN {text} IS NOT NULL THEN {number} END)"
    )


def _hmac(text: str) -> str:
    inner = f"sha256(getvariable('csm_inner') || encode({text}))"
    outer = f"sha256(getvariable('csm_outer') || from_hex({inner}))"
    letters = f"translate(substr({outer}, 1, 24), '0123456789abcdef', 'abcdefghkmnpqrst')"
    return f"coalesce('{PSEUDONYM}' || {letters}, error('no key was given for ' || length({text}) || ' letters'))"


def guarded_sql(text: str, column: Column, given: ColumnMap) -> str:
    """Give the SQL of a column's text without what identifies a person.

    Parameters
    ----------
    text : str
        DuckDB expression of type text.
    column : Column
        Says whether it identifies a customer, or was written by a person.
    given : ColumnMap
        May say that all its values are personal; so does a header such as "CustomerName" of a customer's identifier.
    """
    if given.personal or (column.is_person and given.from_ is not None and has_personal_name(given.from_)):
        return pseudonym_sql(text, is_always=True)
    if column.is_person:
        return pseudonym_sql(text)
    return mask_text_sql(text) if column.is_free_text else text


def shown_sql(column: str) -> str:
    """Give the SQL of what may be shown of a column of the file itself: nothing of one that holds names or numbers.

    Examples
    --------
    >>> shown_sql("CustomerName"), shown_sql("Topic")
    ("'[person]'", '"Topic"')
    """
    return "'[person]'" if has_personal_name(column) else quote_name(column)
