"""Encodings: told from bytes, stated, or refused; never silently the wrong one."""

from __future__ import annotations

from pathlib import Path

import pytest

from csm_lib.collect.encodings import decoded_copy, detect_encoding
from csm_lib.errors import ContractError

SENTENCE = "服务态度很好,问题已经解决\n退货,物流查询\n"
TRADITIONAL = "服務態度很好,請問什麼時候可以退貨\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "x.csv"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(b"a,b\n1,2\n", ("utf-8", False), id="ASCII"),
        pytest.param(SENTENCE.encode(), ("utf-8", False), id="UTF-8"),
        pytest.param(SENTENCE.encode("utf-8-sig"), ("utf-8-sig", False), id="UTF-8 with a mark"),
        pytest.param(SENTENCE.encode("utf-16"), ("utf-16", False), id="UTF-16 with a mark"),
        pytest.param(SENTENCE.encode("utf-32"), ("utf-32", False), id="UTF-32 with a mark"),
        pytest.param(SENTENCE.encode("gb18030"), ("gb18030", True), id="GB18030"),
        pytest.param(SENTENCE.encode("gbk"), ("gb18030", True), id="GBK, a part of GB18030"),
        pytest.param(TRADITIONAL.encode("big5"), ("big5", True), id="Big5"),
        pytest.param("café,à côté\n".encode("latin-1"), ("latin-1", True), id="Latin-1"),
        pytest.param("10 €,l’été\n".encode("cp1252"), ("cp1252", True), id="Latin-1 with Windows signs"),
    ],
)
def test_an_encoding_is_told_from_its_bytes(path: Path, content: bytes, expected: tuple[str, bool]) -> None:
    path.write_bytes(content)
    assert detect_encoding(path) == expected


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        pytest.param(
            "男,女\n".encode("gb18030"),
            "must be readable in one encoding, got bytes that mean '男' in gb18030 and '鹹' in big5. State "
            "`encoding` in its source.",
            id="two Chinese readings",
        ),
        pytest.param(
            "привет,как дела\n".encode("cp1251"),
            "must be in an encoding that its bytes show, got none of utf-8, gb18030, big5, latin-1 that fits. "
            "State `encoding` in its source.",
            id="a reading we do not know",
        ),
        pytest.param(
            "a,b\n退货服务,好的呢\n".encode() + b"1,\xff\n",
            "must be readable as utf-8, got the byte 0xff (line 3). State the file's encoding in its source, or "
            "leave it out to have it detected.",
            id="UTF-8 with a broken byte",
        ),
        pytest.param(
            SENTENCE.encode("gb18030")[:-2],
            "must be readable as gb18030, got the byte 0xd1 (line 2). State the file's encoding in its source, or "
            "leave it out to have it detected.",
            id="GB18030 cut within a character",
        ),
        pytest.param(
            "a,b\n1,退货\n2,换货\n".encode("utf-16-le"),
            "must begin with a byte order mark where it is UTF-16, got none. State `encoding = \"utf-16-le\"` in its "
            "source if its text is readable so.",
            id="UTF-16 without a mark",
        ),
        pytest.param(
            b"a,b\n" + bytes(range(256)) * 4,
            "must be a text file, got zero bytes in it. Export it as CSV.",
            id="no text at all",
        ),
    ],
)
def test_what_bytes_do_not_settle_is_refused(path: Path, content: bytes, sentence: str) -> None:
    path.write_bytes(content)
    with pytest.raises(ContractError) as caught:
        detect_encoding(path)
    assert str(caught.value) == f"{path} {sentence}"


def test_a_copy_in_utf8_says_the_same(path: Path, tmp_path: Path) -> None:
    path.write_bytes(SENTENCE.encode("gb18030"))
    assert decoded_copy(path, "gb18030", tmp_path).read_text(encoding="utf-8") == SENTENCE


def test_an_encoding_stated_wrongly_is_said_with_the_byte(path: Path, tmp_path: Path) -> None:
    path.write_bytes(b"a\nb\n\xc3(\n")
    with pytest.raises(ContractError) as caught:
        decoded_copy(path, "utf-8", tmp_path)
    assert str(caught.value) == (
        f"{path} must be readable as utf-8, got the byte 0xc3 (line 3). State the file's encoding in its source, or "
        "leave it out to have it detected."
    )
