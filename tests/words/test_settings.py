"""Settings: what is allowed, and what is said of everything else."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from csm_lib.errors import SettingError
from csm_lib.settings import Settings, load_settings, shipped


def write(workspace: Path, name: str, text: str) -> Path:
    path = workspace / "data" / "config" / f"{name}.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_an_empty_workspace_falls_back_to_the_shipped_settings(tmp_path: Path) -> None:
    settings = load_settings(tmp_path)
    assert settings.files["workbook"] == shipped("config", "workbook.toml")
    assert {row.indicator: row.value for row in settings.indicators.targets}["fcr"] == 0.85


def test_files_fall_back_one_by_one(tmp_path: Path) -> None:
    write(tmp_path, "workbook", 'time_zone = "Asia/Shanghai"')
    settings = load_settings(tmp_path)
    assert settings.workbook.time_zone == "Asia/Shanghai"
    assert settings.files["indicators"] == shipped("config", "indicators.toml")


def test_the_sample_settings_are_valid(tmp_path: Path) -> None:
    for path in shipped("sample", "config").glob("*.toml"):
        write(tmp_path, path.stem, path.read_text(encoding="utf-8"))
    settings = load_settings(tmp_path)
    assert settings.scope("hotline").channels == ("phone",)
    assert len(settings.objectives.objectives) == 5


BROKEN = [
    pytest.param(
        "workbook",
        "time_zon = 1",
        "time_zon must be a known key, got 'time_zon' ({path}). Did you mean 'time_zone'?",
        id="misspelt key",
    ),
    pytest.param(
        "workbook",
        "[scopes.hotline]\nchanels = []",
        "scopes.hotline.chanels must be a known key, got 'chanels' ({path}). Did you mean 'channels'?",
        id="misspelt key of a nested record",
    ),
    *[
        pytest.param(
            "workbook",
            f'[scopes."{given}"]',
            "every name in scopes must be valid: a name for a folder, without / \\ : * ? \" < > | and without a dot or "
            f"space at its ends, got {given!r} ({{path}}). Correct it.",
            id=f"scope that names no folder: {given}",
        )
        for given in ("/../../elsewhere", "sales/EMEA", "..", "east ", "")
    ],
    pytest.param(
        "workbook",
        'time_zone = "Asia/Shangai"',
        "time_zone must be valid: a zone name such as Asia/Shanghai, Asia/Khandyga, Asia/Dhaka, got 'Asia/Shangai' "
        "({path}). Correct it.",
        id="unknown zone",
    ),
    pytest.param(
        "workbook",
        "minimum_group_size = 0",
        "minimum_group_size must be valid: Input should be greater than or equal to 1, got 0 ({path}). Correct it.",
        id="out of range",
    ),
    pytest.param(
        "staffing",
        "shrinkage = 30",
        "shrinkage must be valid: Input should be less than 1, got 30 ({path}). Correct it.",
        id="a percentage where a share belongs",
    ),
    pytest.param(
        "staffing",
        'channel = "fone"',
        "channel must be valid: channel must be one of phone, chat, app, mini_programme, social, email, ticket, "
        "web_form, counter, other, got 'fone' ({path}). Correct it.",
        id="unknown word",
    ),
    pytest.param(
        "indicators",
        '[[targets]]\nindicator = "fcr"\nvalue = 85',
        "targets.0 must be valid: the figure of fcr must be a share from 0 to 1, such as 0.85 for 85 %, got "
        "{{'indicator': 'fcr', 'value': 85}} ({path}). Correct it.",
        id="a percentage as target of a share",
    ),
    pytest.param(
        "objectives",
        '[[objectives]]\nname = "Sooner"\nindicator = "frt"\ntarget = -5',
        "objectives.0 must be valid: the figure of frt must be seconds, got "
        "{{'name': 'Sooner', 'indicator': 'frt', 'target': -5}} ({path}). Correct it.",
        id="a negative time",
    ),
    pytest.param(
        "workbook",
        '[hours.default]\ndaily = "8-22"',
        'hours must be valid: hours.default.daily must be hours such as "08:00-22:00" or "08:00-12:00, 13:00-18:00" '
        "or \"closed\", got {{'default': {{'daily': '8-22'}}}} ({path}). Correct it.",
        id="hours that cannot be read",
    ),
    pytest.param(
        "workbook",
        'country = "XX"',
        "country must be valid: country must be a two-letter country code, got 'XX' ({path}). Correct it.",
        id="unknown country",
    ),
    pytest.param(
        "indicators",
        "[weights.mature]\nefficiency = 0.5",
        "indicators must be valid: weights.mature must add up to 1, got 0.5, got {{'weights': {{'mature': "
        "{{'efficiency': 0.5}}}}}} ({path}). Correct it.",
        id="weights that do not add up",
    ),
]


@pytest.mark.parametrize(("name", "text", "message"), BROKEN)
def test_a_wrong_setting_is_refused_in_words(tmp_path: Path, name: str, text: str, message: str) -> None:
    path = write(tmp_path, name, text)
    with pytest.raises(SettingError) as refused:
        load_settings(tmp_path)
    assert str(refused.value) == message.format(path=path)


@pytest.mark.parametrize("name", ["hotline", "东区", "sales & EMEA", "a.b", "e-mail_2"])
def test_a_scope_may_have_any_name_that_a_folder_may_have(tmp_path: Path, name: str) -> None:
    write(tmp_path, "workbook", f'[scopes."{name}"]\nchannels = ["phone"]')
    assert load_settings(tmp_path).scope(name).channels == ("phone",)


def test_what_is_no_toml_is_refused_with_the_line(tmp_path: Path) -> None:
    path = write(tmp_path, "staffing", "a = 1\nb = = 2")
    with pytest.raises(SettingError) as refused:
        load_settings(tmp_path)
    assert str(refused.value) == (
        f"staffing.toml must be TOML, got an error: Invalid value (at line 2, column 5) ({path}). Correct that line."
    )


def test_an_unknown_scope_is_refused_with_the_known_ones() -> None:
    with pytest.raises(SettingError) as refused:
        Settings().scope("hotlin")
    assert str(refused.value) == (
        "scope must be one of all, got 'hotlin'. Correct it, or add [scopes.hotlin] to data/config/workbook.toml."
    )


def test_holidays_close_and_make_up_days_open(tmp_path: Path) -> None:
    text = 'country = "CN"\ntime_zone = "Asia/Shanghai"\nclose_on_public_holidays = true\nclosures = [2024-03-01]\n'
    write(
        tmp_path,
        "workbook",
        text + '[hours.default]\ndaily = "09:00-18:00"\nsun = "closed"\n[make_up_days]\n2024-02-18 = "mon"',
    )
    hours = load_settings(tmp_path).workbook.opening_hours("phone", years=(2024,))
    assert hours is not None
    assert {date(2024, 2, 10), date(2024, 3, 1)} <= hours.closed_on
    assert len(hours.spans(date(2024, 2, 18), date(2024, 2, 18))) == 1
    assert len(hours.spans(date(2024, 2, 25), date(2024, 2, 25))) == 0
