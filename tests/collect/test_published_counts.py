"""Public data sets count after an ingest as their publishers counted them."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from csm_lib.collect.ingest import ingest
from tests.collect.workspaces import put, rows


@pytest.mark.needs("realdata")
def test_the_bank_hotline_counts_as_published(workspace: Path, realdata: Path) -> None:
    """Calls per hour on an average Wednesday: Miller, Modeling Techniques in Predictive Analytics, chapter 6."""
    result = ingest(workspace, [realdata / "anonymous_bank" / "calls_1999_02.txt"], source="anonymous_bank")
    (file,) = result.files
    assert (file.read, file.kept) == (33344, 33043)
    assert dict(file.set_aside) == {"negative_duration": 23, "out_of_population": 278}
    query = """
        SELECT list(coalesce(n, 0) / 4 ORDER BY hour) FROM range(24) AS hours(hour) LEFT JOIN (
            SELECT hour(created_at AT TIME ZONE 'Asia/Jerusalem') AS hour, count(*) AS n FROM {}
            WHERE isodow(created_at AT TIME ZONE 'Asia/Jerusalem') = 3 GROUP BY 1) USING (hour)"""
    published = (
        "6.75 1.75 1.25 0 .5 .25 4.75 39.5 97.25 107.5 124 110.25 95.5 203.5 115.75 115.5 67.75 75 88.75 85.5 68 61.5 "
        "57.5 44.25"
    )
    assert rows(workspace, query, "contacts") == [([float(n) for n in published.split()],)]
    # every call waited and then was answered or gave up; a queue's length is the one the file states
    query = "SELECT count(queue_entered_at), count(answered_at) + count(abandoned_at) FROM {}"
    assert rows(workspace, query, "contacts") == [(33043, 33043)]


@pytest.mark.needs("realdata")
def test_the_service_desk_counts_as_published(workspace: Path, realdata: Path) -> None:
    """The figures of the data's README: incidents, and the share that kept its promise, overall and in 2016Q2."""
    path = realdata / "servicenow" / "incident_event_log.csv.gz"
    files = {file.table: file for file in ingest(workspace, [path]).files}
    assert (files["contacts"].read, files["contacts"].kept) == (141712, 24918)
    assert dict(files["contacts"].set_aside) == {"superseded": 141712 - 24918}
    assert files["status_log"].read == files["status_log"].kept + sum(files["status_log"].set_aside.values())
    query = """
        SELECT count(*), round(100 * avg(met_resolution_sla::INT), 2),
               count(*) FILTER (quarter(created_at) = 2 AND year(created_at) = 2016),
               round(100 * avg(met_resolution_sla::INT) FILTER (quarter(created_at) = 2 AND year(created_at) = 2016), 1)
        FROM {}"""
    assert rows(workspace, query, "contacts") == [(24918, 63.42, 15447, 77.1)]


@pytest.mark.needs("realdata")
def test_a_plain_copy_of_a_gzipped_export_is_read_by_the_same_source(workspace: Path, realdata: Path) -> None:
    packed = gzip.decompress((realdata / "servicenow" / "incident_event_log.csv.gz").read_bytes())
    put(workspace, "raw/incident_event_log.csv", b"\n".join(packed.split(b"\n")[:14]))
    files = {file.table: file for file in ingest(workspace).files}
    # the first incident has 4 updates, the second 9; two of those fall into one minute with another of theirs
    assert (files["contacts"].read, files["contacts"].kept) == (13, 2)
    assert files["status_log"].read == files["status_log"].kept + sum(files["status_log"].set_aside.values())
