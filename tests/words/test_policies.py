"""Policies: which promise holds for which clock."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from csm_lib.errors import SettingError
from csm_lib.settings import Policy, load_settings, policy_for

POLICIES = (
    Policy(kind="response", within_s=3600),
    Policy(kind="response", within_s=1800, valid_from=date(2024, 1, 1)),
    Policy(kind="response", within_s=600, priorities=("urgent",)),
    Policy(kind="response", within_s=300, priorities=("urgent", "high"), segments=("gold",)),
    Policy(kind="resolution", within_s=7200, channels=("email",)),
)


@pytest.mark.parametrize(
    ("kind", "day", "contact", "expected_s"),
    [
        pytest.param("response", date(2023, 12, 31), {}, 3600, id="the day before the new policy"),
        pytest.param("response", date(2024, 1, 1), {}, 1800, id="the first day of the new policy"),
        pytest.param("response", date(2024, 1, 1), {"priority": "urgent"}, 600, id="what names the priority wins"),
        pytest.param(
            "response",
            date(2024, 1, 1),
            {"priority": "urgent", "customer_segment": "gold"},
            300,
            id="what names most wins",
        ),
        pytest.param("resolution", date(2024, 1, 1), {"channel": "phone"}, None, id="no promise on that channel"),
        pytest.param("resolution", date(2024, 1, 1), {"channel": None}, None, id="an unknown channel fits none"),
        pytest.param("ola", date(2024, 1, 1), {}, None, id="no promise of that kind"),
    ],
)
def test_the_policy_in_force_when_the_clock_started_counts(
    kind: str, day: date, contact: dict[str, str | None], expected_s: float | None
) -> None:
    found = policy_for(POLICIES, kind=kind, started_on=day, contact=contact)
    assert (found and found.within_s) == expected_s


BROKEN = [
    pytest.param(
        '[[policies]]\nkind = "reply"\nwithin_s = 60',
        "policies.0.kind must be valid: Input should be 'response', 'next_response', 'resolution' or 'ola', got "
        "'reply' ({path}). Correct it.",
        id="unknown kind",
    ),
    pytest.param(
        '[[policies]]\nkind = "response"\nwithin_s = 0',
        "policies.0.within_s must be valid: Input should be greater than 0, got 0 ({path}). Correct it.",
        id="no time at all",
    ),
    pytest.param(
        '[[policies]]\nkind = "response"\nwithin_s = 60\npriorities = ["vip"]',
        "policies.0.priorities must be valid: priority must be one of low, normal, high, urgent, got ['vip'] ({path}). "
        "Correct it.",
        id="unknown priority",
    ),
    pytest.param(
        '[[policies]]\nkind = "response"\nwithin_s = 60\nchannels = ["fax"]',
        "policies.0.channels must be valid: channel must be one of phone, chat, app, mini_programme, social, email, "
        "ticket, web_form, counter, other, got ['fax'] ({path}). Correct it.",
        id="unknown channel",
    ),
    pytest.param(
        'csat_from = "mean"',
        "csat_from must be valid: Input should be 'items' or 'outcome', got 'mean' ({path}). Correct it.",
        id="unknown source of satisfaction",
    ),
]


@pytest.mark.parametrize(("text", "expected"), BROKEN)
def test_a_broken_promise_is_refused_in_words(tmp_path: Path, text: str, expected: str) -> None:
    path = tmp_path / "data" / "config" / "indicators.toml"
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SettingError) as refused:
        load_settings(tmp_path)
    assert str(refused.value) == expected.format(path=path)


def test_hours_of_a_team_win_over_those_of_its_channel(tmp_path: Path) -> None:
    path = tmp_path / "data" / "config" / "workbook.toml"
    path.parent.mkdir(parents=True)
    path.write_text('[hours.phone]\ndaily = "08:00-22:00"\n[team_hours.Night]\ndaily = "20:00-24:00"\n', "utf-8")
    workbook = load_settings(tmp_path).workbook
    opened = {
        team: hours.weekly[0] if (hours := workbook.opening_hours("phone", years=(2024,), team=team)) else None
        for team in ("Night", "Day", None)
    }
    assert opened == {"Night": ((72_000, 86_400),), "Day": ((28_800, 79_200),), None: ((28_800, 79_200),)}
    assert workbook.opening_hours("chat", years=(2024,), team="Day") is None


def test_hours_of_a_team_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "data" / "config" / "workbook.toml"
    path.parent.mkdir(parents=True)
    path.write_text('[team_hours.Night]\ndaily = "late"\n', "utf-8")
    with pytest.raises(SettingError) as refused:
        load_settings(tmp_path)
    assert str(refused.value) == (
        'team_hours must be valid: team_hours.Night.daily must be hours such as "08:00-22:00" or '
        "\"08:00-12:00, 13:00-18:00\" or \"closed\", got {'Night': {'daily': 'late'}} "
        f"({path}). Correct it."
    )
