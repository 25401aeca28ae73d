"""A small export in every kind of file that can be read, to be harmed by tests."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections.abc import Callable

import pyarrow as pa
import pyarrow.parquet as pq
import xlsxwriter
import xlwt

__all__ = ["MAKERS"]

HEADER = ["order_id", "customer_id", "ordered_at", "amount"]
ROWS = [[f"O{n}", f"C{n % 5}", f"2024-01-{1 + n % 28:02d} 10:00:00", f"{n}.5"] for n in range(1, 41)]


def csv_bytes() -> bytes:
    return "\r\n".join(",".join(row) for row in [HEADER, *ROWS]).encode()


def json_bytes() -> bytes:
    return "\n".join(json.dumps(dict(zip(HEADER, row, strict=True))) for row in ROWS).encode()


def zip_bytes() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("orders.csv", csv_bytes())
    return out.getvalue()


def xlsx_bytes() -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        sheet = book.add_worksheet()
        for place, row in enumerate([HEADER, *ROWS]):
            sheet.write_row(place, 0, row)
    return out.getvalue()


def xls_bytes() -> bytes:
    book, out = xlwt.Workbook(), io.BytesIO()
    sheet = book.add_sheet("S")
    for y, row in enumerate([HEADER, *ROWS]):
        for x, value in enumerate(row):
            sheet.write(y, x, value)
    book.save(out)
    return out.getvalue()


def ods_bytes() -> bytes:
    start, end = '<table:table-cell office:value-type="string"><text:p>', "</text:p></table:table-cell>"
    cells = ["".join(f"{start}{value}{end}" for value in row) for row in [HEADER, *ROWS]]
    kinds = ("office", "text", "table")
    names = "".join(f' xmlns:{kind}="urn:oasis:names:tc:opendocument:xmlns:{kind}:1.0"' for kind in kinds)
    rows = "".join(f"<table:table-row>{row}</table:table-row>" for row in cells)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("META-INF/manifest.xml", '<?xml version="1.0"?><manifest/>')
        archive.writestr(
            "content.xml",
            f'<?xml version="1.0"?><office:document-content{names}><office:body><office:spreadsheet>'
            f'<table:table table:name="S">{rows}</table:table></office:spreadsheet></office:body>'
            "</office:document-content>",
        )
    return out.getvalue()


def parquet_bytes() -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.table({name: [row[n] for row in ROWS] for n, name in enumerate(HEADER)}), out)
    return out.getvalue()


MAKERS: dict[str, Callable[[], bytes]] = {
    "orders.csv": csv_bytes,
    "orders.tsv": lambda: csv_bytes().replace(b",", b"\t"),
    "orders.csv.gz": lambda: gzip.compress(csv_bytes()),
    "orders.zip": zip_bytes,
    "orders.jsonl": json_bytes,
    "orders.xlsx": xlsx_bytes,
    "orders.xls": xls_bytes,
    "orders.ods": ods_bytes,
    "orders.parquet": parquet_bytes,
}
