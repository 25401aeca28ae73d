"""The queries that turn canonical tables into facts, one per grain, read from top to bottom like a page.

Names in braces are settings (`facts.build_facts` fills them in). The business clock is `opening_steps`: one row per
calendar (a channel, or a team with hours of its own) and step of time, with the open stretch before the step and the
one that opens inside it, if any; a calendar without rows there is always open. A step is looked up by its number, and a
repeat is looked for over a few columns only: sorting whole rows, as a search for the last stretch would, does not fit
into memory for ten million of them.
"""

from __future__ import annotations

from types import MappingProxyType

__all__ = ["COMPLAINT", "CONTACT", "CONTACT_TIES", "REVIEW", "SURVEY"]


def _clock(instant: str, span: str) -> str:
    """Give the reading of the business clock at an instant, from the last stretch that opened before it."""
    opens, closes, clock = (_in_force(instant, span, column) for column in ("opens_s", "closes_s", "clock_s"))
    return (
        f"CASE WHEN {instant} IS NULL THEN NULL WHEN NOT has_hours THEN epoch({instant}) WHEN {opens} IS NULL "
        f"THEN 0 ELSE {clock} + least(epoch({instant}), {closes}) - {opens} END"
    )


def _in_force(instant: str, span: str, column: str) -> str:
    """Give a column of the last stretch that opened before an instant."""
    return f"(CASE WHEN epoch({instant}) >= {span}.opens_s THEN {span}.{column} ELSE {span}.before_{column} END)"


def _span_join(instant: str, span: str) -> str:
    return (
        f"LEFT JOIN opening_steps {span} ON t.calendar = {span}.calendar "
        f"AND CAST(floor(epoch(t.{instant}) / {{step_s}}) AS BIGINT) = {span}.step"
    )


_TIMED = """
times AS NOT MATERIALIZED (
    SELECT
        c.*,
        (created_at AT TIME ZONE '{zone}') AS local_at,
        channel IN ({live}) AS is_live,
        COALESCE(queue_entered_at, created_at) AS asked_at,
        COALESCE(first_response_at, CASE WHEN channel IN ({live}) THEN answered_at END) AS replied_at,
        COALESCE(answered_at, CASE WHEN channel IN ({live}) THEN first_response_at END) AS taken_at,
        COALESCE(c.handle_s, CASE WHEN COALESCE(talk_s, hold_s, wrap_s) IS NOT NULL
            THEN COALESCE(talk_s, 0) + COALESCE(hold_s, 0) + COALESCE(wrap_s, 0) END) AS effort_s,
        {calendar} AS calendar,
        {calendar} IN (SELECT calendar FROM opening_steps) AS has_hours
    FROM contacts c
    WHERE {part}
),
ended AS NOT MATERIALIZED (
    SELECT
        *,
        CASE WHEN taken_at IS NULL THEN abandoned_at END AS left_at,
        COALESCE(taken_at, abandoned_at) AS wait_ended_at,
        COALESCE(resolved_at, closed_at, CASE WHEN is_live THEN taken_at + to_seconds(COALESCE(effort_s, 0)) END)
            AS finished_at
    FROM times
)
"""

_OPEN = (
    """
clocked AS (
    SELECT
        t.*,
        NOT has_hours OR COALESCE(epoch(asked_at) < """
    + _in_force("asked_at", "asked", "closes_s")
    + """, FALSE) AS asked_in_hours,
        """
    + _clock("asked_at", "asked")
    + """ AS asked_clock,
        """
    + _clock("created_at", "created")
    + """ AS created_clock,
        """
    + _clock("replied_at", "replied")
    + """ AS replied_clock,
        """
    + _clock("wait_ended_at", "waited")
    + """ AS waited_clock,
        """
    + _clock("resolved_at", "resolved")
    + """ AS resolved_clock
    FROM ended t
    """
    + "\n    ".join(
        _span_join(instant, span)
        for instant, span in (
            ("asked_at", "asked"),
            ("created_at", "created"),
            ("replied_at", "replied"),
            ("wait_ended_at", "waited"),
            ("resolved_at", "resolved"),
        )
    )
    + """
)
"""
)

# a human worked on a contact if one answered it, spent time on it, or owns one that is over and was not abandoned;
# an outcome is known where the row tells one, or where its channel tells of others: silence then means "not resolved"
_FLAGS = """
flagged AS (
    SELECT
        *,
        replied_at IS NOT NULL OR taken_at IS NOT NULL AS is_answered,
        left_at IS NOT NULL AS is_abandoned,
        taken_at IS NOT NULL OR replied_at IS NOT NULL OR COALESCE(effort_s, 0) > 0
            OR (agent_id IS NOT NULL AND COALESCE(resolved_at, closed_at) IS NOT NULL AND left_at IS NULL
                AND NOT COALESCE(bot_resolved, FALSE)) AS is_handled,
        CASE WHEN resolved_at IS NOT NULL OR status = 'resolved' THEN TRUE
            WHEN COALESCE(status, CAST(withdrawn_at AS VARCHAR)) IS NOT NULL OR reopen_count > 0 THEN FALSE
            WHEN channel IN (SELECT channel FROM contacts WHERE resolved_at IS NOT NULL OR status IS NOT NULL)
                THEN FALSE
        END AS is_resolved,
        COALESCE(finished_at, withdrawn_at, CASE WHEN taken_at IS NULL THEN left_at END) IS NOT NULL
            OR ((created_at + INTERVAL '{maturity_days} days') AT TIME ZONE '{zone}')::DATE <= DATE '{cut_off}'
            AS is_closed,
        is_live AND asked_in_hours AND (
            taken_at IS NOT NULL OR left_at IS NOT NULL
            OR (NOT COALESCE(bot_resolved, FALSE)
                AND (queue_entered_at IS NOT NULL OR (closed_at IS NULL AND withdrawn_at IS NULL)))
        ) AS is_offered
    FROM clocked
)
"""

# windows are left out by date, never by outcome: the day it was finished (or became too old to be called open) plus
# the whole repeat window must lie within the data
_WINDOWS = """
windowed AS (
    SELECT
        *,
        COALESCE(finished_at, created_at + INTERVAL '{maturity_days} days') AS window_opens_at,
        is_handled AND customer_id IS NOT NULL AND issue IS NOT NULL
            AND (COALESCE(finished_at, created_at + INTERVAL '{maturity_days} days') AT TIME ZONE '{zone}')::DATE
                + {window_days} <= DATE '{cut_off}' AS has_whole_window
    FROM flagged
),
followed AS (
    SELECT w.*, n.next_at
    FROM windowed w LEFT JOIN (SELECT * FROM contact_nexts WHERE {part}) n ON n.contact_id = w.contact_id
)
"""

_NEXTS = """
SELECT w.contact_id, n.created_at AS next_at
FROM (SELECT contact_id, customer_id, issue,
    COALESCE(finished_at, created_at + INTERVAL '{maturity_days} days') AS window_opens_at FROM ended) w
ASOF JOIN (SELECT customer_id, issue, created_at FROM contacts
    WHERE customer_id IS NOT NULL AND issue IS NOT NULL) n
    ON w.customer_id = n.customer_id AND w.issue = n.issue AND w.window_opens_at < n.created_at
"""

# the next order of the same customer: an enquiry is won by what is bought after it
_ORDERS = """
SELECT e.contact_id, o.ordered_at AS next_order_at
FROM (SELECT contact_id, customer_id, created_at FROM ended
    WHERE stage = 'pre-sales' AND customer_id IS NOT NULL AND EXISTS (FROM orders)) e
ASOF JOIN (SELECT customer_id, ordered_at FROM orders) o
    ON e.customer_id = o.customer_id AND e.created_at < o.ordered_at
"""

# open live contacts of the same agent at the moment this one is taken, itself included: what was taken until then less
# what was over by then
_LOAD = """
turns AS (
    SELECT contact_id, agent_id, taken_at AS turned_at, 1 AS step FROM ended
    WHERE is_live AND agent_id IS NOT NULL AND taken_at IS NOT NULL
    UNION ALL
    SELECT NULL, agent_id, COALESCE(closed_at, resolved_at, taken_at + to_seconds(COALESCE(effort_s, 0))), -1
    FROM ended
    WHERE is_live AND agent_id IS NOT NULL AND taken_at IS NOT NULL
)
SELECT contact_id, agent_load_at_start
FROM (
    SELECT contact_id, step, sum(step) OVER (PARTITION BY agent_id ORDER BY turned_at) AS agent_load_at_start
    FROM turns
)
WHERE step = 1
"""

_ANSWERS = """
answers AS (
    SELECT contact_id, csat, speed, accuracy_rating, attitude, outcome, recommend, would_recommend
    FROM surveys
    WHERE contact_id IS NOT NULL AND answered_at IS NOT NULL AND {part}
    QUALIFY row_number() OVER (PARTITION BY contact_id ORDER BY answered_at DESC, survey_id) = 1
)
"""

# what a contact owes to other contacts, narrow and once for all: the next attempt, the agent's load
CONTACT_TIES = MappingProxyType(
    {
        "contact_nexts": f"WITH {_TIMED.strip()} {_NEXTS}",
        "contact_orders": f"WITH {_TIMED.strip()} {_ORDERS}",
        "contact_loads": f"WITH {_TIMED.strip()}, {_LOAD.strip()}",
    }
)

# how each wait ended and when, in a word and seconds: what has not ended is cut off at the end of the data, and what
# ended otherwise (withdrawn, merged into another, closed unsolved) is told apart, for neither is a slow success
_END = "((DATE '{cut_off}' + 1)::TIMESTAMP AT TIME ZONE '{zone}')"
_OTHERWISE = """WHEN status = 'merged' THEN 'merged'
        WHEN withdrawn_at IS NOT NULL OR status = 'withdrawn' THEN 'withdrawn'
        WHEN closed_at IS NOT NULL OR status = 'closed' THEN 'closed'"""
_WANTS_REPLY = "(is_offered OR (NOT is_live AND NOT COALESCE(bot_resolved, FALSE)))"
_WANTS_SOLUTION = "(is_handled OR (NOT is_live AND NOT COALESCE(bot_resolved, FALSE)))"
_OUTCOMES = f"""CASE WHEN NOT is_offered THEN NULL WHEN taken_at IS NOT NULL THEN 'answered'
        WHEN left_at IS NOT NULL THEN 'abandoned' {_OTHERWISE} ELSE 'waiting' END AS wait_outcome,
    CASE WHEN is_offered THEN greatest(epoch(COALESCE(taken_at, left_at, withdrawn_at, closed_at, {_END}))
        - epoch(asked_at), 0) END AS wait_ended_s,
    CASE WHEN NOT {_WANTS_REPLY} THEN NULL WHEN replied_at IS NOT NULL THEN 'answered'
        WHEN left_at IS NOT NULL THEN 'abandoned' {_OTHERWISE} ELSE 'open' END AS response_outcome,
    CASE WHEN {_WANTS_REPLY} THEN greatest(epoch(COALESCE(replied_at, left_at, withdrawn_at, closed_at, {_END}))
        - epoch(asked_at), 0) END AS response_ended_s,
    CASE WHEN is_resolved IS NULL OR NOT {_WANTS_SOLUTION} THEN NULL WHEN is_resolved THEN 'resolved'
        {_OTHERWISE} ELSE 'open' END AS resolution_outcome,
    CASE WHEN is_resolved IS NOT NULL AND {_WANTS_SOLUTION} THEN
        CASE WHEN is_resolved THEN epoch(COALESCE(resolved_at, closed_at))
            ELSE epoch(COALESCE(withdrawn_at, closed_at, {_END})) END - epoch(created_at) END AS resolution_ended_s"""

# made part by part where there are many: {part} is a range of contact ids
CONTACT = (
    "WITH "
    + ", ".join(part.strip() for part in (_TIMED, _OPEN, _FLAGS, _WINDOWS, _ANSWERS))
    + """
SELECT
    f.* EXCLUDE (first_response_at, handle_s),
    a.csat, a.speed, a.accuracy_rating, a.attitude, a.outcome, a.recommend, a.would_recommend,
    replied_at AS first_response_at,
    CASE WHEN replied_at >= asked_at THEN epoch(replied_at) - epoch(asked_at) END AS first_response_s,
    epoch(replied_at) - epoch(created_at) AS first_response_from_start_s,
    CASE WHEN is_live AND wait_ended_at >= asked_at THEN epoch(wait_ended_at) - epoch(asked_at) END AS wait_s,
    effort_s AS handle_s,
    epoch(resolved_at) - epoch(created_at) AS resolution_s,
    CASE WHEN replied_at >= asked_at THEN replied_clock - asked_clock END AS first_response_business_s,
    CASE WHEN is_live AND wait_ended_at >= asked_at THEN waited_clock - asked_clock END AS wait_business_s,
    effort_s AS handle_business_s,
    resolved_clock - created_clock AS resolution_business_s,
    CASE WHEN is_handled AND is_closed AND is_resolved IS NOT NULL THEN
        is_resolved AND COALESCE(reopen_count, 0) = 0 END AS is_resolved_as_coded,
    CASE WHEN is_handled AND is_closed AND is_resolved IS NOT NULL AND transfer_count IS NOT NULL THEN
        is_resolved AND COALESCE(reopen_count, 0) = 0 AND transfer_count = 0 END AS is_resolved_in_one_touch,
    CASE WHEN {has_orders} AND stage = 'pre-sales' AND is_handled AND customer_id IS NOT NULL
            AND local_at::DATE + {conversion_days} <= DATE '{cut_off}' THEN
        COALESCE(o.next_order_at <= created_at + INTERVAL '{conversion_days} days', FALSE) END AS is_converted,
    is_live AND COALESCE(epoch(wait_ended_at) - epoch(asked_at) BETWEEN 0 AND {threshold_s}, FALSE) AS is_ended_in_time,
    """
    + _OUTCOMES
    + """,
    is_abandoned AND wait_ended_at >= asked_at AND epoch(wait_ended_at) - epoch(asked_at) < {short_abandon_s}
        AS is_short_abandon,
    is_live AND COALESCE(epoch(taken_at) - epoch(asked_at) BETWEEN 0 AND {threshold_s}, FALSE) AS is_in_time,
    CASE WHEN {has_bot} THEN COALESCE(bot_resolved, FALSE) AND NOT is_handled END AS is_self_service,
    CASE WHEN has_whole_window THEN
        COALESCE(next_at <= window_opens_at + INTERVAL '{window_days} days', FALSE) END AS is_repeat,
    CASE WHEN has_whole_window AND is_resolved IS NOT NULL THEN
        is_resolved AND COALESCE(reopen_count, 0) = 0
            AND NOT COALESCE(next_at <= window_opens_at + INTERVAL '{window_days} days', FALSE)
        END AS is_first_contact_resolved,
    f.contact_id IN (SELECT contact_id FROM complaints WHERE contact_id IS NOT NULL) AS is_complaint,
    l.agent_load_at_start,
    local_at::DATE AS local_date,
    hour(local_at) AS local_hour,
    isodow(local_at) AS weekday,
    time_bucket(INTERVAL '30 minutes', created_at) AS interval_start,
    local_at::DATE - g.hired_on AS agent_tenure_days
FROM followed f
LEFT JOIN (SELECT * FROM contact_loads WHERE {part}) l ON l.contact_id = f.contact_id
LEFT JOIN (SELECT * FROM contact_orders WHERE {part}) o ON o.contact_id = f.contact_id
LEFT JOIN answers a ON a.contact_id = f.contact_id
LEFT JOIN (SELECT agent_id, hired_on FROM agents) g ON g.agent_id = f.agent_id
"""
)

SURVEY = """
SELECT
    s.survey_id, s.contact_id, COALESCE(s.customer_id, c.customer_id) AS customer_id, s.sent_at, s.answered_at,
    (COALESCE(s.answered_at, s.sent_at, c.created_at) AT TIME ZONE '{zone}')::DATE AS local_date,
    c.channel, c.team, c.agent_id, c.issue, c.product, c.customer_segment,
    s.csat, s.speed, s.accuracy_rating, s.attitude, s.outcome, s.recommend, s.would_recommend, s.comment, s.weight,
    CASE WHEN {is_rated_by_outcome} THEN s.outcome END AS outcome_rating,
    epoch(s.sent_at) - epoch(COALESCE(c.closed_at, c.resolved_at)) AS sent_delay_s,
    s.answered_at IS NOT NULL AS is_answered
FROM surveys s
LEFT JOIN contacts c USING (contact_id)
"""

# a random review stands for N ÷ n contacts: N handled contacts of its stratum and week, n random reviews among them
# that judged the item; a review of a contact that is not in the data stands for nobody
REVIEW = """
WITH handled AS (
    SELECT c.contact_id, c.channel, c.team, c.agent_id, c.issue, c.product,
        COALESCE(c.{stratum}, '') AS stratum_value,
        f.local_date, date_trunc('week', f.local_date)::DATE AS week_on, f.is_handled
    FROM contacts c JOIN contact_facts f USING (contact_id)
    WHERE EXISTS (FROM reviews)
),
frame AS (SELECT stratum_value, week_on, count(*) FILTER (is_handled) AS n_contacts FROM handled GROUP BY ALL),
judged AS (
    SELECT r.*, h.* EXCLUDE (contact_id),
        h.contact_id IS NOT NULL AND COALESCE(r.selection = 'random', FALSE) AND row_number() OVER (
            PARTITION BY r.contact_id, r.selection = 'random'
            ORDER BY COALESCE(r.is_adjudicated, FALSE) DESC, r.reviewed_at, r.review_id
        ) = 1 AS is_counted
    FROM reviews r
    LEFT JOIN handled h ON h.contact_id = r.contact_id
),
counted AS (
    SELECT stratum_value, week_on, count(is_accurate) AS n_accurate, count(follows_script) AS n_script,
        count(is_complete) AS n_complete
    FROM judged WHERE is_counted GROUP BY ALL
)
SELECT
    review_id, contact_id, reviewer_id, reviewed_at,
    COALESCE(j.local_date, (reviewed_at AT TIME ZONE '{zone}')::DATE) AS local_date,
    j.week_on, channel, team, agent_id, issue, product, selection,
    COALESCE(stratum, j.stratum_value) AS stratum,
    is_accurate, follows_script, is_complete, attitude, is_adjudicated, is_counted,
    CASE WHEN is_counted AND is_accurate IS NOT NULL THEN greatest(f.n_contacts, n.n_accurate) / n.n_accurate END
        AS review_weight,
    CASE WHEN is_counted AND follows_script IS NOT NULL THEN greatest(f.n_contacts, n.n_script) / n.n_script END
        AS script_weight,
    CASE WHEN is_counted AND is_complete IS NOT NULL THEN greatest(f.n_contacts, n.n_complete) / n.n_complete END
        AS completeness_weight
FROM judged j
LEFT JOIN frame f ON f.stratum_value = j.stratum_value AND f.week_on = j.week_on
LEFT JOIN counted n ON n.stratum_value = j.stratum_value AND n.week_on = j.week_on
"""

# reported again: of the same contact, or of the same customer for the same cause within the window where one of the two
# names no contact
COMPLAINT = """
WITH told AS (
    SELECT p.* EXCLUDE (channel, team, customer_id),
        COALESCE(p.customer_id, c.customer_id) AS customer_id,
        COALESCE(p.channel, c.channel) AS channel, COALESCE(p.team, c.team) AS team, c.agent_id, c.issue, c.product,
        COALESCE(p.cause, c.issue) AS matter
    FROM complaints p
    LEFT JOIN contacts c USING (contact_id)
),
ordered AS (
    SELECT *,
        CASE WHEN contact_id IS NOT NULL THEN row_number() OVER (
            PARTITION BY contact_id ORDER BY received_at, complaint_id) > 1 ELSE FALSE END AS is_of_same_contact,
        lag(received_at) OVER matters AS before_at,
        lag(COALESCE(contact_id, '')) OVER matters AS before_contact
    FROM told
    WINDOW matters AS (PARTITION BY customer_id, matter ORDER BY received_at, complaint_id)
)
SELECT
    complaint_id, contact_id, customer_id, received_at,
    (received_at AT TIME ZONE '{zone}')::DATE AS local_date,
    channel, team, agent_id, issue, product, source, cause,
    NOT (is_of_same_contact OR (customer_id IS NOT NULL AND matter IS NOT NULL
        AND COALESCE(received_at - before_at <= INTERVAL '{complaint_repeat_days} days', FALSE)
        AND (contact_id IS NULL OR before_contact = ''))) AS is_counted,
    COALESCE(is_escalated, CASE
        WHEN resolved_at IS NOT NULL THEN resolved_at > received_at + INTERVAL '{escalation_h} hours'
        WHEN received_at + INTERVAL '{escalation_h} hours'
            < ((DATE '{cut_off}' + 1)::TIMESTAMP AT TIME ZONE '{zone}') THEN TRUE
    END) AS is_escalated,
    CASE WHEN is_escalated IS NOT NULL THEN 'as coded' ELSE 'unresolved after {escalation_h} h' END
        AS escalation_basis,
    epoch(first_contact_at) - epoch(received_at) AS first_contact_s,
    epoch(resolved_at) - epoch(received_at) AS resolution_s
FROM ordered
"""
