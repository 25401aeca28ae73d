"""How well scenarios foretell what the sample's generator produces when it is really run with the change.

Usage: python tests/benchmarks/scenarios.py [--seeds 50] [--contacts 30000]

For every seed the generator plans its hotline and plays the phone calls of one quarter event by event, first as it is.
From these contacts and shifts alone the staffing room predicts what the planted number of agents from 17:00 to 21:00
would do to the answer rate from 17:00 to 19:00, and what a bot would do that takes 60 % of the most frequent issue.
Then the generator plays the same quarter with the agents, and with the bot. It knows none of the queue formulas.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass

import numpy as np
import pandas as pd

from csm_lib.collect.sample.clock import HOUR_S, day_weights, quarter_of
from csm_lib.collect.sample.contacts import PHONE, channel_counts
from csm_lib.collect.sample.organisation import ISSUES
from csm_lib.collect.sample.phone import CLOSE_S, EVENING, PhonePlan, draw_calls, phone_blocks, plan_phone, scaled
from csm_lib.collect.sample.queue_events import Calls, serve
from csm_lib.periods import parse_period
from csm_lib.settings import Settings
from csm_lib.staff.answers import trust_in_model, what_if
from csm_lib.staff.desk import Desk, desk_of
from csm_lib.staff.prediction import Scenario, divert

PERIOD = parse_period("2024-01-01..2024-03-31")
SETTINGS = Settings.model_validate({"workbook": {"time_zone": "Asia/Shanghai"}})
BOT_SHARE, LAST_QUARTER = 0.6, 8


@dataclass(frozen=True)
class Quarter:
    """Calls of one quarter before anybody answers them."""

    plan: PhonePlan
    calls: Calls
    issue: np.ndarray
    is_taken_by_bot: np.ndarray


def quarter_of_seed(seed: int, contacts_per_quarter: int) -> Quarter:
    """Draw the calls of 2024Q1 as the generator does, and the plan for them."""
    rng = np.random.default_rng(seed)
    weights = day_weights(rng)
    of_quarter = quarter_of(np.arange(len(weights), dtype=np.int64) * 24 * HOUR_S) == LAST_QUARTER
    share = weights[of_quarter] / weights[of_quarter].sum()
    expected = share * channel_counts(contacts_per_quarter)[PHONE]
    plan = plan_phone(rng, expected)
    calls = draw_calls(rng, rng.poisson(expected))
    live = np.array([issue.live_share for issue in ISSUES])
    issue = rng.choice(len(ISSUES), len(calls.day), p=live / live.sum())
    return Quarter(plan, calls, issue, (issue == live.argmax()) & (rng.random(len(issue)) < BOT_SHARE))


def played(quarter: Quarter, *, added: int = 0, has_bot: bool = False) -> pd.DataFrame:
    """Play the quarter and give its contacts as facts."""
    kept = ~quarter.is_taken_by_bot if has_bot else np.ones(len(quarter.issue), dtype=bool)
    calls = scaled(quarter.calls, quarter.plan)
    calls = Calls(calls.day[kept], calls.queue_s[kept], calls.handle_s[kept], calls.patience_s[kept])
    answer_s, _ = serve(calls, phone_blocks(quarter.plan, added=added)[0], close_s=CLOSE_S)
    is_answered = np.isfinite(answer_s)
    wait_s = np.where(is_answered, answer_s, np.minimum(calls.queue_s + calls.patience_s, CLOSE_S)) - calls.queue_s
    day = pd.Timestamp(PERIOD.start_on) + pd.to_timedelta(calls.day, unit="D")
    at = (day + pd.to_timedelta(np.floor(calls.queue_s), unit="s")).tz_localize("Asia/Shanghai").tz_convert("UTC")
    return pd.DataFrame({
        "contact_id": np.arange(len(day)).astype(str), "created_at": at, "channel": "phone", "local_date": day.date,
        "local_hour": (calls.queue_s // HOUR_S).astype(int), "weekday": day.day_of_week + 1,
        "issue": np.array([issue.code for issue in ISSUES])[quarter.issue[kept]], "is_offered": True,
        "is_answered": is_answered, "is_abandoned": ~is_answered, "is_in_time": is_answered & (wait_s <= 20.0),
        "wait_s": wait_s, "handle_s": np.where(is_answered, calls.handle_s, np.nan),
    })  # fmt: skip


def desk_today(quarter: Quarter, contacts: pd.DataFrame) -> Desk:
    """What the staffing room may know: the contacts as they went, and the shifts."""
    blocks, _ = phone_blocks(quarter.plan)
    midnights = pd.date_range(PERIOD.start_on, PERIOD.end_on, inclusive="left", tz="Asia/Shanghai")
    shifts = pd.concat([
        pd.DataFrame({"agent_id": f"a{number}", "starts_at": midnights + pd.Timedelta(seconds=start),
                      "ends_at": midnights + pd.Timedelta(seconds=end), "kind": "phone_day"})
        for number, (start, end) in enumerate(zip(blocks.start_s, blocks.end_s, strict=True))
    ], ignore_index=True)  # fmt: skip
    return desk_of({"contact": contacts}, shifts, settings=SETTINGS, period=PERIOD)


def foretold_and_real(seed: int, *, contacts_per_quarter: int) -> dict[str, float]:
    """Answer rates from 17:00 to 19:00 of one seed: today, foretold and real with the agents and with the bot."""
    quarter = quarter_of_seed(seed, contacts_per_quarter)
    today = played(quarter)
    desk = desk_today(quarter, today)
    more = Scenario("more", extra_agents=quarter.plan.added, from_hour=17, to_hour=21)
    bot = divert(today, issue=max(ISSUES, key=lambda issue: issue.live_share).code, share=BOT_SHARE, name="bot")
    table = what_if(desk, [more, bot], from_hour=EVENING[0], to_hour=EVENING[1])
    foretold, low, high = (table[f"answer_rate_{name}share"] for name in ("", "low_", "high_"))
    trust = trust_in_model(desk)
    inside = trust[trust["local_hour"].between(EVENING[0], EVENING[1] - 1)]
    real = [played(quarter, added=quarter.plan.added), played(quarter, has_bot=True)]
    return {
        "today": _evening(today), "model_today": foretold[0],
        "agents_foretold": foretold[1], "agents_real": _evening(real[0]),
        "bot_foretold": foretold[2], "bot_real": _evening(real[1]),
        "agents_low": low[1], "agents_high": high[1], "bot_low": low[2], "bot_high": high[2],
        "stated_error": float(inside["answer_rate_difference_share"].abs().max()),
    }  # fmt: skip


def _evening(contacts: pd.DataFrame) -> float:
    return float(contacts.loc[contacts["local_hour"].between(EVENING[0], EVENING[1] - 1), "is_answered"].mean())


def main() -> None:
    """Print how far the predictions were off."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=50)
    parser.add_argument("--contacts", type=int, default=30_000)
    options = parser.parse_args()
    rows = [foretold_and_real(seed, contacts_per_quarter=options.contacts) for seed in range(options.seeds)]
    found = pd.DataFrame(rows)
    sys.stdout.write(f"{len(found)} seeds, {options.contacts:,} contacts a quarter; answer rate 17:00 to 19:00\n")
    sys.stdout.write(f"today: {found['today'].mean():.1%} (model {found['model_today'].mean():.1%})\n")
    for name in ("agents", "bot"):
        real = found[f"{name}_real"]
        held = ((found[f"{name}_low"] <= real) & (real <= found[f"{name}_high"])).mean()
        width = (found[f"{name}_high"] - found[f"{name}_low"]).mean()
        miss = found[f"{name}_foretold"] - real
        sys.stdout.write(
            f"{name}: foretold {found[f'{name}_foretold'].mean():.1%}, real {real.mean():.1%}; miss "
            f"on average {miss.mean():+.2%} (standard error {miss.std() / np.sqrt(len(miss)):.2%}), without sign "
            f"{miss.abs().mean():.2%}, largest {miss.abs().max():.2%}; real inside the "
            f"bounds stated in {held:.0%}, their distance {width:.1%}\n"
        )
    sys.stdout.write(f"error that the page states, on average: {found['stated_error'].mean():.2%}\n")


if __name__ == "__main__":
    main()
