"""A published data set through the whole chain: survey file, shipped source, report."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest

from csm_lib.settings import shipped

NPS_TARGET = '\n[[targets]]\nindicator = "nps"\nvalue = 0.3\n'


def csm(*arguments: object) -> dict[str, object]:
    command = [sys.executable, "-m", "csm_lib", *map(str, arguments), "--json"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, encoding="utf-8")
    result = json.loads(ended.stdout)
    assert ended.returncode == 0, result
    return result


@pytest.mark.needs("realdata")
def test_a_report_of_the_airport_survey_shows_the_published_figures(tmp_path: Path, realdata: Path) -> None:
    """SFO 2017: n 2,688, mean 4.06436, top two 82.068 %, net promoter score 39.84."""
    config = tmp_path / "data" / "config"
    config.mkdir(parents=True)
    text = shipped("config", "indicators.toml").read_text(encoding="utf-8")
    (config / "indicators.toml").write_text(text + NPS_TARGET, encoding="utf-8")
    (survey,) = (realdata / "sfo").glob("2017_SFO_Customer_Survey.csv*")
    csm("ingest", survey, "--workspace", tmp_path)
    report = Path(str(csm("run", "2017", "--only", "04_gap_analysis", "--workspace", tmp_path)["report"]))
    with (report.parent / "tables" / "04_scorecard.csv").open(encoding="utf-8-sig", newline="") as file:
        found = {row["key"]: row for row in csv.DictReader(file)}
    assert (found["csat"]["n"], round(100 * float(found["csat"]["value"]), 3)) == ("2688", 82.068)
    assert (found["csat_mean"]["n"], round(float(found["csat_mean"]["value"]), 5)) == ("2688", 4.06436)
    assert (found["nps"]["n"], round(100 * float(found["nps"]["value"]), 2)) == ("2746", 39.84)
    record = json.loads((report.parent / "run.json").read_text(encoding="utf-8"))
    assert [Path(each["path"]).name for each in record["inputs"]] == [survey.name]
