"""The queries of what comes counted or is kept by hand: interval counts, the improvement plan, costs of months.

Names in braces are settings, as in `fact_queries`; `contact_facts` is there when these run.
"""

from __future__ import annotations

__all__ = ["ACTION", "COST", "VOLUME"]

VOLUME = """
SELECT
    epoch(starts_at)::BIGINT || ' ' || COALESCE(channel, '') || ' ' || COALESCE(team, '') AS volume_id, channel, team,
    starts_at,
    (starts_at AT TIME ZONE '{zone}')::DATE AS local_date,
    hour(starts_at AT TIME ZONE '{zone}') AS local_hour,
    isodow(starts_at AT TIME ZONE '{zone}') AS weekday,
    interval_s, offered, answered, answered_in_time, abandoned, handle_s, staffed_agents
FROM volumes
"""

# what is due after the data end is not judged yet
ACTION = """
SELECT
    action_id, plan, indicator, root_cause, owner, strategy, NULL AS channel, NULL AS team,
    due_on, done_on, due_on AS local_date,
    NOT {has_days} OR due_on <= DATE '{cut_off}' AS is_due,
    done_on IS NOT NULL AS is_done,
    COALESCE(done_on <= due_on, FALSE) AS is_done_in_time
FROM actions
"""

# amounts of whole months only (rates per hour or contact are no costs of a month), and only of months that lie within
# the data; a team's cost falls on the contacts it handled, any other cost on all of them
COST = """
WITH monthly AS (
    SELECT date_trunc('month', month_on)::DATE AS month_on, team, sum(amount) AS amount
    FROM costs
    WHERE month_on IS NOT NULL AND COALESCE(unit, 'month') = 'month'
    GROUP BY ALL
),
handled AS (
    SELECT local_date, date_trunc('month', local_date)::DATE AS month_on, team, count(*) AS n_handled
    FROM contact_facts
    WHERE is_handled AND EXISTS (FROM monthly)
    GROUP BY ALL
),
counted AS (
    SELECT *,
        sum(n_handled) OVER (PARTITION BY month_on) AS n_month,
        sum(n_handled) OVER (PARTITION BY month_on, team) AS n_team
    FROM handled
),
shared AS (
    SELECT m.month_on, sum(m.amount) AS amount
    FROM monthly m
    WHERE m.team IS NULL OR NOT EXISTS (FROM handled h WHERE h.month_on = m.month_on AND h.team = m.team)
    GROUP BY ALL
)
SELECT
    local_date || ' ' || COALESCE(c.team, '') AS cost_day_id, NULL AS channel, c.team, c.local_date,
    COALESCE(o.amount * n_handled / n_team, 0) + COALESCE(s.amount * n_handled / n_month, 0) AS amount,
    n_handled
FROM counted c
LEFT JOIN monthly o ON o.month_on = c.month_on AND o.team = c.team
LEFT JOIN shared s ON s.month_on = c.month_on
WHERE c.month_on IN (SELECT month_on FROM monthly)
    AND c.month_on >= (SELECT min(local_date) FROM contact_facts) AND last_day(c.month_on) <= DATE '{cut_off}'
"""
