"""Encodings: which one a text file is in, told from its bytes; where two fit, or none, the source must say.

UTF-8 proves itself. Chinese encodings share their bytes, so a reading counts only if nearly all of its characters are
in everyday use; a wrong reading scatters over rare ones. Western ones show as single foreign bytes between letters.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from csm_lib.collect.containers import chunks
from csm_lib.errors import ContractError

__all__ = ["decoded_copy", "detect_encoding", "marked_encoding", "require_decodable", "text_pieces"]

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_EVERYDAY = 0.9
_SAMPLE_BYTES = 1 << 20
_UTF8_LETTER = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_FOREIGN_RUN = re.compile(rb"[\xa0-\xff]+")
_FOREIGN = re.compile(rb"[\x80-\xff]")


def _is_everyday_gb(letter: str) -> bool:
    return bool(letter.encode("gb2312", errors="ignore"))


def _is_everyday_big5(letter: str) -> bool:
    """Tell whether Big5 counts a character among its symbols or the 5401 in frequent use (A440 to C67E)."""
    code = letter.encode("big5", errors="ignore")
    return b"\xa1\x40" <= code <= b"\xc6\x7e"


_CHINESE: tuple[tuple[str, Callable[[str], bool]], ...] = (
    ("gb18030", _is_everyday_gb),
    ("big5", _is_everyday_big5),
)


def marked_encoding(first_bytes: bytes) -> str | None:
    """Give the encoding that a file's first bytes state, None if they state none.

    Examples
    --------
    >>> marked_encoding("k1".encode("utf-16-le")), marked_encoding("k1".encode("utf-16"))
    (None, 'utf-16')
    """
    return next((name for mark, name in _BOMS if first_bytes.startswith(mark)), None)


def detect_encoding(path: Path) -> tuple[str, bool]:
    """Find the encoding of a text file, and tell whether that is a guess.

    Returns
    -------
    (str, bool)
        Codec name; True if the bytes made it likely but not certain.

    Raises
    ------
    ContractError
        If the bytes fit two encodings or none, are damaged, or are no text at all.
    """
    sample = b""
    is_utf8 = True
    decoder = codecs.getincrementaldecoder("utf-8")()
    for chunk in chunks(path):
        sample += chunk if len(sample) < _SAMPLE_BYTES else b""
        marked = marked_encoding(sample)
        if marked is not None:
            return marked, False
        _require_text(path, chunk)
        is_utf8 = is_utf8 and _is_decoded(decoder, chunk)
    if is_utf8 and _is_decoded(decoder, b"", final=True):
        return "utf-8", False
    if _is_damaged_utf8(sample):
        require_decodable(path, "utf-8")
    fitting = [name for name, is_everyday in _CHINESE if _everyday_share(sample, name, is_everyday) >= _EVERYDAY]
    if len(fitting) > 1:
        seen = " and ".join(f"{_first_foreign(sample, name)!r} in {name}" for name in fitting)
        raise ContractError(
            f"{path} must be readable in one encoding, got bytes that mean {seen}. State `encoding` in its source."
        )
    if fitting:
        require_decodable(path, fitting[0])
        return fitting[0], True
    western = _western(sample)
    if western is None or _wrong_byte(path, western) is not None:
        raise ContractError(
            f"{path} must be in an encoding that its bytes show, got none of utf-8, gb18030, big5, latin-1 that fits. "
            "State `encoding` in its source."
        )
    return western, True


def _is_decoded(decoder: codecs.IncrementalDecoder, chunk: bytes, *, final: bool = False) -> bool:
    try:
        decoder.decode(chunk, final=final)
    except UnicodeDecodeError:
        return False
    return True


def _require_text(path: Path, chunk: bytes) -> None:
    """Refuse zero bytes, which text has only in wide encodings."""
    if b"\0" not in chunk:
        return
    odd, even = chunk[1::2].count(0), chunk[::2].count(0)
    if max(odd, even) > 0.1 * len(chunk) and min(odd, even) < 0.25 * max(odd, even):
        name = "utf-16-le" if odd > even else "utf-16-be"
        raise ContractError(
            f"{path} must begin with a byte order mark where it is UTF-16, got none. "
            f'State `encoding = "{name}"` in its source if its text is readable so.'
        )
    raise ContractError(f"{path} must be a text file, got zero bytes in it. Export it as CSV.")


def _is_damaged_utf8(sample: bytes) -> bool:
    n_foreign = len(_FOREIGN.findall(sample))
    return sum(map(len, _UTF8_LETTER.findall(sample))) >= _EVERYDAY * n_foreign and n_foreign > 0


def _everyday_share(sample: bytes, encoding: str, is_everyday: Callable[[str], bool]) -> float:
    """Give the share of foreign characters in everyday use; what does not decode is not."""
    foreign = [letter for letter in sample.decode(encoding, errors="replace") if letter > "\x7f"]
    if foreign and foreign[-1] == "\ufffd" and len(sample) >= _SAMPLE_BYTES:
        foreign.pop()  # the sample's end may cut a character
    known: dict[str, bool] = {letter: is_everyday(letter) for letter in set(foreign)}
    return sum(known[letter] for letter in foreign) / len(foreign) if foreign else 0.0


def _first_foreign(sample: bytes, encoding: str) -> str:
    text = sample.decode(encoding, errors="replace")
    found = re.search(r"[^\x00-\x7f]{1,8}", text)
    return found.group() if found else ""


def _western(sample: bytes) -> str | None:
    """Give latin-1 or cp1252 if the foreign bytes stand singly, as accents and signs do; else None."""
    runs = _FOREIGN_RUN.findall(sample)
    if sum(len(run) == 1 for run in runs) < 0.8 * len(runs):
        return None
    return "cp1252" if re.search(rb"[\x80-\x9f]", sample) else "latin-1"


def _wrong_byte(path: Path, encoding: str) -> tuple[int, str] | None:
    """Give the lines before the first byte that an encoding does not know, and that byte; None if it knows all."""
    decoder = codecs.getincrementaldecoder(encoding)()
    n_lines = 0
    try:
        for chunk in chunks(path):
            n_lines += decoder.decode(chunk).count("\n")
        decoder.decode(b"", final=True)
    except UnicodeError as error:
        if isinstance(error, UnicodeDecodeError):
            n_lines += error.object[: error.start].count(b"\n")
            return n_lines, f"0x{error.object[error.start]:02x}"
        return n_lines, "sequence that no mark explains"
    return None


def require_decodable(path: Path, encoding: str) -> None:
    """Refuse a file that is not wholly in an encoding.

    Raises
    ------
    ContractError
        Names the first wrong byte and how many lines come before it.
    """
    wrong = _wrong_byte(path, encoding)
    if wrong is not None:
        raise ContractError(
            f"{path} must be readable as {encoding}, got the byte {wrong[1]} (line {wrong[0] + 1}). "
            "State the file's encoding in its source, or leave it out to have it detected."
        )


def text_pieces(path: Path, encoding: str) -> Iterator[str]:
    """Yield a file's text in pieces."""
    decoder = codecs.getincrementaldecoder(encoding)()
    for chunk in chunks(path):
        yield decoder.decode(chunk)
    yield decoder.decode(b"", final=True)


def decoded_copy(path: Path, encoding: str, scratch: Path) -> Path:
    """Write a UTF-8 copy, unpacked, piece by piece; give its path.

    Raises
    ------
    ContractError
        If a byte is not in that encoding.
    """
    copy = scratch / f"utf8-{abs(hash(str(path))):x}.csv"
    try:
        with copy.open("wb") as out:
            for text in text_pieces(path, encoding):
                out.write(text.encode("utf-8", errors="replace"))
    except UnicodeError:
        require_decodable(path, encoding)
    return copy
