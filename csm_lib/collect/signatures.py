"""Signatures: what a file is by its first bytes, where its name says something else.

Systems save web pages as `.xls` and people rename files. A spreadsheet under the name of another kind is read as what
it is, which is said; anything else is refused with what it is and what to do.
"""

from __future__ import annotations

import re
from pathlib import Path

from csm_lib.collect.containers import open_bytes
from csm_lib.errors import ContractError

__all__ = ["require_kind", "shown_kind"]

_SPREADSHEETS = ("xlsx", "xls", "ods")
_ZIP, _OLE = b"PK\x03\x04", bytes.fromhex("D0CF11E0A1B11AE1")
_RENAME = "Rename it so that it ends with {}."
# first bytes, what they are, and what to do
_SIGNED = (
    (_ZIP, "a spreadsheet or zip file", _RENAME.format(".xlsx or .zip")),
    (_OLE, "an old spreadsheet", _RENAME.format(".xls")),
    (b"\x1f\x8b", "a gzip file", _RENAME.format(".gz")),
    (b"PAR1", "a Parquet file", _RENAME.format(".parquet")),
    (b"%PDF", "a PDF file", "Export it as CSV."),
)
_PAGE = re.compile(
    rb"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype html|html|head|body|meta|table)\b",
    re.IGNORECASE | re.DOTALL,
)
_HEAD_BYTES = 1 << 16
# the stream in which office programs keep a workbook that asks for a password
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")


def require_kind(path: Path, kind: str) -> None:
    """Refuse a file whose first bytes show another kind than it is to be read as.

    Parameters
    ----------
    path : Path
        Packed or not.
    kind : str
        csv, tsv, jsonl, xlsx, xls, ods or parquet.

    Raises
    ------
    ContractError
        Says what it is and what to do; a workbook that asks for a password is refused here too.
    """
    with open_bytes(path) as stream:
        head = stream.read(_HEAD_BYTES)
    is_sheet = kind in _SPREADSHEETS
    if is_sheet and head.startswith(_OLE) and _asks_for_password(path):
        raise ContractError(f"{path} must not be encrypted, got a password asked for. Save it without one.")
    if is_sheet and head.startswith((_ZIP, _OLE)):
        return
    found = _name_of(head, kind)
    if found is None:
        return
    wanted = {**dict.fromkeys(_SPREADSHEETS, "a spreadsheet"), "parquet": "a Parquet file"}.get(kind, "a text file")
    what, advice = found
    raise ContractError(f"{path} must be {wanted}, got {what} under that name. {advice}")


def shown_kind(path: Path) -> str | None:
    """Give the kind of spreadsheet that the first bytes of an unpacked file show; None if they show none."""
    with path.open("rb") as file:
        head = file.read(len(_OLE))
    return "xls" if head == _OLE else "xlsx" if head.startswith(_ZIP) else None


def _name_of(head: bytes, kind: str) -> tuple[str, str] | None:
    """Give what the first bytes show and what to do; None where they fit the kind."""
    for sign, what, advice in _SIGNED:
        if head.startswith(sign):
            return None if sign == b"PAR1" and kind == "parquet" else (what, advice)
    if _PAGE.match(head.removeprefix(b"\xef\xbb\xbf")):
        return "a web page", "Open it in a spreadsheet program and save it as XLSX."
    is_text = b"\0" not in head[:4096] or head.startswith((b"\xff\xfe", b"\xfe\xff"))
    if kind in (*_SPREADSHEETS, "parquet") and is_text:
        return "a text file", _RENAME.format(".csv")
    return None


def _asks_for_password(path: Path) -> bool:
    """Tell whether the container of an old spreadsheet holds an encrypted one; its directory may lie anywhere."""
    tail = b""
    with open_bytes(path) as stream:
        while chunk := stream.read(1 << 20):
            if _ENCRYPTED in tail + chunk:
                return True
            tail = chunk[-len(_ENCRYPTED) :]
    return False
