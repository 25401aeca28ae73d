"""Published data sets through the whole chain, file to report: the figures are those of their publishers."""

from __future__ import annotations

import csv
import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest

from csm_lib.settings import shipped

pytestmark = pytest.mark.needs("realdata")
TARGETS = "".join(
    f'\n[[targets]]\nindicator = "{key}"\nvalue = {value}\n' for key, value in (("nps", 0.3), ("sla_resolution", 0.9))
)
# Miller, Modeling Techniques in Predictive Analytics, chapter 6: calls per hour on an average Wednesday, hour 0 to 23
WEDNESDAY = (
    "6.75 1.75 1.25 0 .5 .25 4.75 39.5 97.25 107.5 124 110.25 95.5 203.5 115.75 115.5 67.75 75 88.75 85.5 68 61.5 57.5 "
    "44.25"
)


def csm(*arguments: object) -> dict[str, object]:
    command = [sys.executable, "-m", "csm_lib", *map(str, arguments), "--json"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, encoding="utf-8")
    result = json.loads(ended.stdout)
    assert ended.returncode == 0, result
    return result


def published(report: Path, name: str) -> list[dict[str, str]]:
    """Read a table that a report published, the numbers unrounded."""
    with (report / "tables" / f"{name}.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def reported(workspace: Path, path: Path, period: str, *only: str) -> Path:
    """Ingest a file, run notebooks for a period and give the folder of the report."""
    config = workspace / "data" / "config"
    config.mkdir(parents=True)
    text = shipped("config", "indicators.toml").read_text(encoding="utf-8")
    (config / "indicators.toml").write_text(text + TARGETS, encoding="utf-8")
    csm("ingest", path, "--workspace", workspace)
    named = [part for name in only for part in ("--only", name)]
    report = Path(str(csm("run", period, *named, "--workspace", workspace)["report"])).parent
    record = json.loads((report / "run.json").read_text(encoding="utf-8"))
    assert [Path(each["path"]).name for each in record["inputs"]] == [path.name]
    return report


def accounts(report: Path) -> list[tuple[str, int, int, int]]:
    """Give what the page says of each file: table, rows read, kept, and set aside for whichever reason."""
    rows = published(report, "03_files")
    reasons = [name for name in rows[0] if name not in ("path", "source", "table", "read", "kept", "balance")]
    assert all(row["balance"] == "0" for row in rows)
    return [
        (row["table"], int(row["read"]), int(row["kept"]), sum(int(row[name] or 0) for name in reasons)) for row in rows
    ]


def test_a_report_of_the_airport_survey_of_2017_shows_the_published_figures(tmp_path: Path, realdata: Path) -> None:
    """SFO 2017: n 2,688, mean 4.06436, top two 82.068 %, net promoter score 39.84 of 1,436, 968 and 342 answers."""
    (survey,) = (realdata / "sfo").glob("2017_SFO_Customer_Survey.csv*")
    report = reported(tmp_path, survey, "2017", "03_data_collection", "04_gap_analysis")
    found = {row["key"]: row for row in published(report, "04_scorecard")}
    assert (found["csat"]["n"], round(100 * float(found["csat"]["value"]), 3)) == ("2688", 82.068)
    assert (found["csat_mean"]["n"], round(float(found["csat_mean"]["value"]), 5)) == ("2688", 4.06436)
    assert (found["nps"]["n"], round(100 * float(found["nps"]["value"]), 2)) == (str(1436 + 968 + 342), 39.84)
    assert accounts(report) == [("surveys", 2831, 2831, 0)]


def test_a_report_of_the_airport_survey_of_2016_shows_what_the_file_holds(tmp_path: Path, realdata: Path) -> None:
    """Nobody published the figures of 2016: they are counted here from the file, by its data dictionary."""
    (survey,) = (realdata / "sfo").glob("2016_SFO_Customer_Survey.csv*")
    packed = survey.suffix == ".gz"
    content = gzip.decompress(survey.read_bytes()) if packed else survey.read_bytes()
    rows = list(csv.DictReader(content.decode("utf-8", errors="replace").splitlines(keepends=True)))
    ratings = [int(row["Q7ALL"]) for row in rows if row["Q7ALL"].strip() in {"1", "2", "3", "4", "5"}]
    report = reported(tmp_path, survey, "2016", "03_data_collection", "04_gap_analysis")
    found = {row["key"]: row for row in published(report, "04_scorecard")}
    assert found["csat"]["n"] == found["csat_mean"]["n"] == str(len(ratings))
    assert float(found["csat"]["value"]) == pytest.approx(sum(each >= 4 for each in ratings) / len(ratings), rel=1e-12)
    assert float(found["csat_mean"]["value"]) == pytest.approx(sum(ratings) / len(ratings), rel=1e-12)
    assert accounts(report) == [("surveys", len(rows), len(rows), 0)]


def test_a_report_of_the_bank_hotline_shows_the_published_calls_per_hour(tmp_path: Path, realdata: Path) -> None:
    (calls,) = (realdata / "anonymous_bank").glob("calls_1999_02.txt*")
    report = reported(tmp_path, calls, "1999-02", "03_data_collection", "04_gap_analysis", "07_staffing")
    need = [row for row in published(report, "07_need") if row["weekday"] == "3"]
    # arrivals of a half hour: a desk plans by those
    assert [2 * float(row["arrivals"]) for row in need] == [float(each) for each in WEDNESDAY.split()]
    # PHANTOM calls and a negative time in the voice computer are left out, as in the published counts
    assert accounts(report) == [("contacts", 33344, 33043, 301)]
    found = {row["key"]: row for row in published(report, "04_scorecard")}
    assert found["answer_rate"]["n"] == "33043"


def test_a_report_of_the_service_desk_shows_the_published_incidents(tmp_path: Path, realdata: Path) -> None:
    """141,712 events of 24,918 incidents, 63.42 % of which kept their promise."""
    (events,) = (realdata / "servicenow").glob("incident_event_log.csv*")
    report = reported(tmp_path, events, "2016-01-01..2017-12-31", "03_data_collection", "04_gap_analysis")
    found = {row["key"]: row for row in published(report, "04_scorecard")}
    kept = found["sla_resolution"]
    assert (kept["n"], round(100 * float(kept["value"]), 2)) == ("24918", 63.42)
    assert accounts(report) == [("contacts", 141712, 24918, 116794), ("status_log", 141712, 135242, 6470)]


def test_a_report_of_calls_per_five_minutes_is_published_whole(tmp_path: Path, realdata: Path) -> None:
    """164 weekdays of 169 intervals; a centre that only has counts gets a report, and nothing is measured as zero."""
    (counts,) = (realdata / "bank_calls").glob("bank_calls.csv*")
    report = reported(tmp_path, counts, "2003-05")
    assert accounts(report) == [("volumes", 164 * 169, 27716, 0)]
    record = json.loads((report / "run.json").read_text(encoding="utf-8"))
    assert {row["verdict"] for row in record["headline"]} == {"not_measured"}
    assert (report.name, (report / "index.html").is_file()) == ("2003-05", True)
