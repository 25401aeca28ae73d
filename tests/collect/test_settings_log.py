"""Settings as they were: written down when they change, found by moment, and today's rules where people are shown."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from csm_lib.collect import settings_log
from csm_lib.collect.ingest import ingest
from csm_lib.collect.settings_log import remember_settings, settings_on
from csm_lib.errors import UnavailableError
from csm_lib.settings import Settings, load_settings
from tests.collect.workspaces import put

TARGET = '[[targets]]\nindicator = "fcr"\nvalue = {}\n'


def on(monkeypatch: pytest.MonkeyPatch, day: int) -> None:
    monkeypatch.setattr(settings_log, "_now", lambda: datetime(2024, 3, day, tzinfo=UTC))


def fcr(settings: Settings) -> list[float]:
    return [row.value for row in settings.indicators.targets if row.indicator == "fcr"]


def test_settings_are_written_when_they_change_and_found_by_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, "config/indicators.toml", TARGET.format(0.8))
    days = 'closures = [2024-02-10]\n[make_up_days]\n2024-02-04 = "mon"\n'
    put(tmp_path, "config/workbook.toml", f"minimum_group_size = 3\n{days}")
    on(monkeypatch, 1)
    assert remember_settings(tmp_path, load_settings(tmp_path))
    on(monkeypatch, 2)
    assert not remember_settings(tmp_path, load_settings(tmp_path))
    put(tmp_path, "config/indicators.toml", TARGET.format(0.9))
    put(tmp_path, "config/workbook.toml", "minimum_group_size = 20\n")
    on(monkeypatch, 3)
    ingest(tmp_path)  # an ingest writes them down too
    today = load_settings(tmp_path)
    then, at = settings_on(tmp_path, datetime(2024, 3, 2, tzinfo=UTC), today=today)
    assert (fcr(then), at) == ([0.8], datetime(2024, 3, 1, tzinfo=UTC))
    assert then.workbook.closures == (date(2024, 2, 10),)
    assert then.workbook.make_up_days == {date(2024, 2, 4): "mon"}
    # small groups are shielded by today's rule
    assert then.workbook.minimum_group_size == 20
    assert fcr(settings_on(tmp_path, datetime(2024, 3, 3, tzinfo=UTC), today=today)[0]) == [0.9]
    assert settings_on(tmp_path, datetime(2024, 2, 1, tzinfo=UTC), today=today) == (today, None)


def test_a_damaged_record_of_settings_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    on(monkeypatch, 1)
    remember_settings(tmp_path, Settings())
    (path,) = (tmp_path / "data" / "warehouse" / "settings").glob("*.json")
    path.write_text("{}", encoding="utf-8")
    with pytest.raises(UnavailableError) as caught:
        settings_on(tmp_path, datetime(2024, 3, 2, tzinfo=UTC), today=Settings())
    assert str(caught.value) == (
        f"{path} must be settings written by this program, got \"'at'\". Delete it; reports of its time then take the "
        "settings before it."
    )
