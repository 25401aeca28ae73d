"""Containers: gzip and zip unpacked with a count, and refused where they hold something else than one export."""

from __future__ import annotations

import gzip
import zipfile
from pathlib import Path

import pytest

from csm_lib.collect.containers import as_file, chunks, inner_name
from csm_lib.errors import ContractError


def packed(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


@pytest.mark.parametrize("name", ["x.csv.zip", "x.csv.gz", "x.csv"])
def test_a_file_comes_out_as_it_went_in(tmp_path: Path, name: str) -> None:
    path, content = tmp_path / name, b"a,b\n1,2\n" * 10
    if name.endswith(".zip"):
        packed(path, {"export.csv": content, "__MACOSX/._export.csv": b"x", ".DS_Store": b"x"})
    else:
        path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    assert b"".join(chunks(path)) == content
    assert as_file(path, tmp_path).read_bytes() == content


@pytest.mark.parametrize(
    ("members", "sentence"),
    [
        pytest.param({}, "must hold one file, got 0. Unpack it and ingest the files.", id="an empty zip"),
        pytest.param(
            {"a.csv": b"", "b.csv": b""},
            "must hold one file, got 2 (a.csv, b.csv). Unpack it and ingest the files.",
            id="two files",
        ),
        pytest.param(
            {"../a.csv": b"x"},
            "must hold a file with a plain name, got '../a.csv', which would lie elsewhere. Do not trust it; have it "
            "exported again.",
            id="a name that climbs out",
        ),
        pytest.param(
            {"/etc/a.csv": b"x"},
            "must hold a file with a plain name, got '/etc/a.csv', which would lie elsewhere. Do not trust it; have it "
            "exported again.",
            id="a name from the root",
        ),
        pytest.param(
            {"a.zip": b"x"},
            "must hold an export, got 'a.zip', packed once more. Unpack it and ingest the file.",
            id="a zip in a zip",
        ),
    ],
)
def test_a_zip_that_is_not_one_export_is_refused(tmp_path: Path, members: dict[str, bytes], sentence: str) -> None:
    path = packed(tmp_path / "x.zip", members)
    with pytest.raises(ContractError) as caught:
        inner_name(path)
    assert str(caught.value) == f"{path} {sentence}"


def test_an_encrypted_zip_is_refused(tmp_path: Path) -> None:
    path = packed(tmp_path / "x.zip", {"a.csv": b"a,b\n1,2\n"})
    content = bytearray(path.read_bytes())
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(mark) + place] |= 1
    path.write_bytes(bytes(content))
    with pytest.raises(ContractError) as caught:
        inner_name(path)
    assert str(caught.value) == (
        f"{path} must not be encrypted, got a password asked for. Unpack it and ingest the file."
    )


@pytest.mark.parametrize("name", ["bomb.csv.zip", "bomb.csv.gz"])
def test_what_bursts_is_refused_before_it_fills_the_disk(tmp_path: Path, name: str) -> None:
    """80 MB of one line pack a thousandfold; real exports do not."""
    path, content = tmp_path / name, b"1,2\n" * 20_000_000
    if name.endswith(".zip"):
        packed(path, {"a.csv": content})
    else:
        path.write_bytes(gzip.compress(content))
    with pytest.raises(ContractError) as caught:
        for _ in chunks(path):
            pass
    size = path.stat().st_size
    assert str(caught.value).startswith(f"{path} must not unpack to more than 200 times its size or 64 GiB, got ")
    assert str(caught.value).endswith(f" bytes and more out of {size:,}. Unpack it yourself if you trust it.")


@pytest.mark.parametrize(
    "harm", [lambda all_: all_[:-9], lambda all_: all_[:20] + b"\xff" * 30], ids=["cut short", "overwritten"]
)
@pytest.mark.parametrize("name", ["x.csv.gz", "x.csv.zip"])
def test_a_broken_container_is_said(tmp_path: Path, name: str, harm: object) -> None:
    path, content = tmp_path / name, bytes(range(256)) * 40
    if name.endswith(".zip"):
        packed(path, {"a.csv": content})
    else:
        path.write_bytes(gzip.compress(content))
    path.write_bytes(harm(path.read_bytes()))  # type: ignore[operator]
    with pytest.raises(ContractError) as caught:
        b"".join(chunks(path))
    kind = name.rpartition(".")[2].replace("gz", "gzip")
    assert str(caught.value).startswith(f"{path} must be a whole {kind} file, got ")
    assert str(caught.value).endswith(". Copy or export it again.")
