"""Prices: which contacts were avoidable, worked by hand, and what they cost."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t

from csm_lib.errors import SettingError, UsageError
from csm_lib.explain.prices import cost_rates, follow_ups, prices

COLUMNS = ("contact_id", "customer_id", "issue", "channel", "hour", "resolved", "abandoned", "handle_s")
# hours since the start; the kinds stand beside
CONTACTS = [
    ("1", "a", "fee", "phone", 0, 1, None, 600.0),
    ("2", "a", "fee", "phone", 30, 31, None, 360.0),  # repeat of 1
    ("3", "a", "login", "chat", 40, None, None, 360.0),  # another matter
    ("4", "a", "login", "chat", 50, 51, None, 720.0),  # chaser of 3
    ("5", "b", None, "phone", 0, None, 0.1, 0.0),
    ("6", "b", "fee", "phone", 2, 3, None, 1800.0),  # retry of 5
    ("7", "c", "fee", "email", 0, 1, None, 60.0),
    ("8", "c", "fee", "email", 24 * 8 + 2, 300, None, 60.0),  # too late for a repeat
    ("9", None, "fee", "email", 5, 6, None, 60.0),
    ("10", "d", "fee", "phone", 0, None, 0.1, 0.0),
    ("11", "d", "fee", "phone", 30, None, None, 60.0),  # gave up more than a day before
]


def contacts() -> pd.DataFrame:
    rows = pd.DataFrame(CONTACTS, columns=list(COLUMNS))
    start = pd.Timestamp("2024-01-01T00:00Z")
    for name, source in (("created_at", "hour"), ("resolved_at", "resolved"), ("abandoned_at", "abandoned")):
        rows[name] = start + pd.to_timedelta(rows.pop(source).astype(float), unit="h")
    return rows.assign(cost=None)


def test_each_avoidable_contact_is_counted_once_with_the_one_before() -> None:
    found = follow_ups(contacts())
    assert sorted(found[["contact_id", "earlier_id", "kind"]].values.tolist()) == [
        ["2", "1", "repeat"], ["4", "3", "chaser"], ["6", "5", "retry"],
    ]  # fmt: skip
    assert follow_ups(contacts().head(0)).empty


def test_longer_windows_find_more() -> None:
    found = follow_ups(contacts(), window_days=9, retry_within_h=48)
    assert sorted(found["contact_id"]) == ["11", "2", "4", "6", "8"]


def test_prices_by_an_agent_s_hour_as_worked_by_hand() -> None:
    found = prices(
        contacts(), {"fees": "issue = fee", "gave up": "abandoned_at is not missing"}, rates={"agent_hour": 60}
    )
    by_name = found.set_index("problem")
    # fee: 8 contacts with 360 s after them; given up: 2 contacts with 1,800 s after them
    assert by_name.loc["fees", ["n_contacts", "n", "n_repeat"]].tolist() == [8, 1.0, 1]
    assert by_name.loc["fees", ["hours", "money"]].tolist() == pytest.approx([0.1, 6.0])
    assert by_name.loc["gave up", ["n_retry", "hours", "money"]].tolist() == pytest.approx([1, 0.5, 30.0])
    assert found["problem"].tolist() == ["gave up", "fees"]
    assert found[["money_low", "n_low"]].isna().all().all()  # fewer than 8 customers
    assert (found.attrs["n_follow_ups"], found.attrs["n_without_customer"]) == (3, 1)


@pytest.mark.parametrize(
    ("rates", "cost", "money", "method"),
    [
        pytest.param({"contact_phone": 10.0, "contact_text": 4.0}, None, 24.0, "contacts × cost of a contact of their "
                     "channel", id="by channel"),
        pytest.param({}, 7.0, 21.0, "cost noted on the contacts", id="as noted"),
        pytest.param({}, None, math.nan, "no money: no cost is known", id="unknown"),
    ],
)  # fmt: skip
def test_money_by_what_is_known(rates: dict[str, float], cost: float | None, money: float, method: str) -> None:
    row = prices(contacts().assign(cost=cost), {"all": "contact_id is not missing"}, rates=rates).iloc[0]
    assert row["method"] == method
    assert row["money"] == pytest.approx(money, nan_ok=True)


def many() -> pd.DataFrame:
    """Forty customers with two contacts each; those of the first ten came twice because of a fee."""
    rows = []
    for i in range(40):
        rows.append((f"{i}x", f"k{i}", "fee" if i < 10 else "login", "phone", 0, 1, None, 600.0))
        rows.append((f"{i}y", f"k{i}", "fee" if i < 10 else "other", "phone", 20, 21, None, 360.0))
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    start = pd.Timestamp("2024-01-01T00:00Z")
    for name, source in (("created_at", "hour"), ("resolved_at", "resolved"), ("abandoned_at", "abandoned")):
        table[name] = start + pd.to_timedelta(table.pop(source).astype(float), unit="h")
    return table.assign(cost=None)


def test_the_interval_of_a_total_is_that_of_its_customers() -> None:
    table = many().assign(local=lambda rows: (rows["customer_id"].str[1:].astype(int) < 20).astype(int))
    found = prices(table, {"first": "local = 1"}, rates={"agent_hour": 50}).iloc[0]
    # 20 customers, of whom 10 spent 0.1 h again
    values = np.array([0.1] * 10 + [0.0] * 10)
    reach = t.ppf(0.975, 19) * math.sqrt(20 * values.var(ddof=1))
    assert found["hours"] == pytest.approx(1.0)
    assert [found["hours_low"], found["hours_high"]] == pytest.approx([1.0 - reach, 1.0 + reach])
    assert found["excess"] == pytest.approx(1.0 * 50)  # nothing followed the others
    assert found["excess_low"] < 50 < found["excess_high"]


def test_rates_are_the_newest_of_the_table() -> None:
    costs = pd.DataFrame({"kind": ["agent_hour", "agent_hour", "staff", "contact_phone"], "amount": [60.0, 62, 5e4, 11],
                          "month_on": pd.to_datetime(["2024-02-01", "2024-01-01", None, None])})  # fmt: skip
    assert cost_rates(costs) == {"contact_phone": 11.0, "agent_hour": 60.0}
    assert cost_rates(costs.head(0)) == {}


def test_nothing_to_price_says_why() -> None:
    nobody = contacts().assign(customer_id=None)
    assert prices(nobody, {"fees": "issue = fee"}).attrs["reason"] == "no contact says who the customer is"
    alone = contacts().head(1)
    assert prices(alone, {"fees": "issue = fee"}).attrs["reason"] == (
        "no contact is known to follow another of the same customer"
    )
    assert prices(contacts(), {}).empty


def test_a_problem_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(UsageError) as told:
        prices(contacts(), {"odd": "shoe = 42"})
    assert str(told.value) == (
        "problem 'odd' must name columns of the facts, got 'shoe' (in 'shoe = 42'). Choose from abandoned_at, channel, "
        "contact_id, cost, created_at, customer_id, handle_s, issue, resolved_at."
    )
    with pytest.raises(SettingError):
        prices(contacts(), {}, level=2)
