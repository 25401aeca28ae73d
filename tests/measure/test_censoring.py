"""Spells, tables with the unfinished in them, and the backlog: small worlds counted by hand."""

import math
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from numpy.testing import assert_allclose

from csm_lib.errors import SettingError
from csm_lib.measure.backlog import backlog, backlog_trend
from csm_lib.measure.censoring import answered_within, durations_table, solved_by
from csm_lib.measure.spells import first_reply_spells, resolution_spells, seen_until, wait_spells

UNTIL = datetime.fromisoformat("2024-01-10T00:00Z")
TIMES = ("created_at", "queue_entered_at", "abandoned_at", "resolved_at", "closed_at", "withdrawn_at")


def contacts(*rows):
    """Contacts with what is said of them; times as day and hour of January 2024."""
    table = pd.DataFrame(
        [{"channel": "email", "is_live": False, "is_handled": True, "is_resolved": False} | row for row in rows]
    )
    for name in TIMES:
        given = table[name] if name in table else pd.Series(None, index=table.index, dtype=object)
        table[name] = pd.to_datetime(["2024-01-" + text if isinstance(text, str) else None for text in given], utc=True)
    return table


EMAILS = contacts(
    {"created_at": "01T00:00", "resolved_at": "01T02:00", "is_resolved": True, "status": "resolved"},
    {"created_at": "01T00:00", "withdrawn_at": "01T05:00", "status": "withdrawn"},
    {"created_at": "01T00:00", "closed_at": "01T06:00", "status": "merged"},
    {"created_at": "01T00:00", "closed_at": "01T07:00", "status": "closed"},
    {"created_at": "09T00:00", "status": "open"},
    {"created_at": "09T00:00", "resolved_at": "11T00:00", "is_resolved": True, "status": "resolved"},
    {"created_at": "01T00:00", "status": "closed"},
    {"created_at": "01T00:00", "is_resolved": None, "status": None},
    {"created_at": "12T00:00", "status": "open"},
    {"created_at": "01T00:00", "is_handled": False, "is_self_service": True, "resolved_at": "01T00:01"},
    {"created_at": "01T00:00", "is_live": True, "is_handled": False, "abandoned_at": "01T00:01"},
)


def test_every_way_to_end_has_its_name_and_what_ends_later_is_still_open():
    made = resolution_spells(EMAILS, until=UNTIL)
    hours = (made["duration_s"] / 3600).tolist()
    assert list(zip(hours, made["cause"].fillna("open"), strict=True)) == [
        (2, "resolved"), (5, "withdrawn"), (6, "merged"), (7, "closed_unsolved"), (24, "open"), (24, "open"),
    ]  # fmt: skip
    assert made.attrs["left_out"] == {"time_unknown": 1, "outcome_unknown": 1}


def test_a_reply_ends_the_wait_for_it_and_so_does_leaving():
    table = contacts(
        {"created_at": "01T00:00", "first_response_s": 90.0, "is_answered": True},
        {"created_at": "01T00:00", "closed_at": "02T00:00", "status": "closed"},
        {"created_at": "01T00:00", "is_live": True, "is_offered": True, "is_abandoned": True, "wait_s": 30.0},
        {"created_at": "08T00:00"},
        {"created_at": "01T00:00", "is_live": True, "is_offered": False},
    )
    made = first_reply_spells(table, until=UNTIL)
    assert made["duration_s"].tolist() == [90, 86400, 30, 172800]
    assert made["cause"].fillna("waiting").tolist() == ["answered", "closed_unanswered", "abandoned", "waiting"]


def test_a_customer_still_in_the_queue_is_censored_at_the_last_look():
    table = contacts(
        {
            "created_at": "09T23:00",
            "queue_entered_at": "09T23:30",
            "is_offered": True,
            "is_answered": False,
            "is_abandoned": False,
        },
    )
    made = wait_spells(table, until=UNTIL, by=[])
    assert made["duration_s"].tolist() == [1800]
    assert made["cause"].isna().all()


def test_the_table_sets_the_mean_of_the_finished_beside_the_quantiles_of_all():
    made = durations_table(EMAILS, until=UNTIL).set_index("what").loc["resolution"]
    assert made[["n", "n_finished", "n_otherwise", "n_open"]].tolist() == [6, 1, 3, 2]
    assert made["mean"] == 7200
    assert math.isnan(made["median"]) and made["median_beyond"] == 86400  # one of six solved: half is never reached


def test_after_some_hours_the_shares_add_up():
    made = solved_by(EMAILS, until=UNTIL, at_h=[2, 6, 24])
    assert_allclose(made["value"], [1 / 6] * 3)
    assert_allclose(made["withdrawn_share"], [0, 1 / 6, 1 / 6])
    assert_allclose(made["merged_share"], [0, 1 / 6, 1 / 6])
    assert_allclose(made["closed_unsolved_share"], [0, 0, 1 / 6])
    assert_allclose(made["open_share"], [5 / 6, 1 / 2, 1 / 3])
    assert made.attrs["left_out"] == {"time_unknown": 1, "outcome_unknown": 1}


def test_the_share_in_time_is_of_all_due():
    table = contacts(
        {"created_at": "01T00:00", "first_response_s": 3600.0, "is_answered": True},
        {"created_at": "01T00:00", "first_response_s": 90000.0, "is_answered": True},
        {"created_at": "01T00:00", "withdrawn_at": "01T01:00", "status": "withdrawn"},
        {"created_at": "05T00:00"},  # unanswered for five days: due, and not in time
        {"created_at": "09T12:00"},  # unanswered for twelve hours: not due yet
    ).assign(local_date=date(2024, 1, 1))
    made = answered_within(table, until=UNTIL, promises_s={"live": 20, "other": 86400})
    assert made[["what", "n", "n_in_time", "n_not_yet_due"]].values.tolist() == [["other", 4, 1, 1]]


def test_the_backlog_is_what_asked_for_a_human_and_has_not_ended():
    made = backlog(EMAILS, at=UNTIL, by=["channel"])
    assert made["n_open"].tolist() == [3]  # of 9 January two, and one of the 1st with no status at all
    assert made[["n_below_24h", "n_below_72h", "n_below_168h", "n_below_720h", "n_from_720h"]].values.tolist() == [
        [0, 2, 0, 1, 0]
    ]
    assert made["oldest_age_s"].tolist() == [9 * 86400]
    assert made.attrs == {"n_open": 3, "n_without_end": 1, "reason": None}


def test_the_trend_of_the_backlog_reconciles():
    made = backlog_trend(EMAILS, last=UNTIL, looks=10, step_days=1)
    assert made["n_open"].tolist() == [0, *[1] * 7, 1, 3]
    assert (made["n_open"].diff().dropna() == (made["n_came"] - made["n_ended"]).iloc[1:]).all()
    groups = [name for name in made if name.startswith(("n_below", "n_from"))]
    assert (made[groups].sum(axis=1) == made["n_open"]).all()


def test_where_no_end_is_ever_noted_nothing_is_called_open():
    calls = contacts(
        {"created_at": "01T00:00", "channel": "phone", "is_live": True, "is_offered": True, "is_resolved": None}
    )
    made = backlog(calls, at=UNTIL)
    assert len(made) == 0
    assert made.attrs["reason"] == "the data do not say when a contact ended"
    assert backlog_trend(calls, last=UNTIL).attrs["reason"] == "the data do not say when a contact ended"
    solved = solved_by(calls, until=UNTIL)
    assert (len(solved), solved.attrs["reason"]) == (0, "the data do not say when a contact was solved")
    assert (
        durations_table(calls.assign(is_offered=False), until=UNTIL).attrs["reason"]
        == "no contact was served at a known time"
    )
    assert answered_within(calls.iloc[:0].assign(local_date=None), until=UNTIL, promises_s={"live": 20}).attrs[
        "reason"
    ] == ("no contact was due an answer")


def test_the_last_look_is_the_end_of_the_local_day():
    assert seen_until(date(2024, 3, 31), ZoneInfo("Europe/Berlin")).isoformat() == "2024-04-01T00:00:00+02:00"
    assert seen_until(None, ZoneInfo("UTC")) is None


@pytest.mark.parametrize(
    ("call", "message"),
    [
        pytest.param(
            lambda: resolution_spells(EMAILS, until=datetime(2024, 1, 1)),
            "until must have a time zone, got '2024-01-01T00:00:00'. Give the last look with its zone.",
            id="look without zone",
        ),
        pytest.param(
            lambda: backlog(EMAILS, at=datetime(2024, 1, 1)),
            "at must have a time zone, got '2024-01-01T00:00:00'. Give the instant with its zone.",
            id="instant without zone",
        ),
        pytest.param(
            lambda: backlog(EMAILS, at=UNTIL, ages_h=[24, 24]),
            "ages_h must rise from above 0, got [24, 24]. Give the bounds in hours, in order.",
            id="ages",
        ),
    ],
)
def test_wrong_calls_are_refused_in_words(call, message):
    with pytest.raises(SettingError) as refusal:
        call()
    assert str(refusal.value) == message
