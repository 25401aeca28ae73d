"""The queries of work and those who do it: replies to messages, agents by half hour and by month.

Names in braces are settings, as in `fact_queries`; `contact_facts` is there when these run. Keys hold no agent's name,
which is hidden where facts are opened.
"""

from __future__ import annotations

__all__ = ["AGENT_INTERVAL", "AGENT_MONTH", "MESSAGE_PAIR"]

# a customer's message and the next human one; a message of the same second counts as its answer
MESSAGE_PAIR = """
WITH said AS (
    SELECT
        contact_id, sent_at, sender,
        min(CASE WHEN sender = 'agent' THEN sent_at END) OVER (
            {turn} ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS replied_at,
        lag(sender) OVER ({turn}) AS former,
        row_number() OVER ({turn}) AS number
    FROM messages
    WHERE sender <> 'bot'
)
SELECT
    s.contact_id || '#' || s.number AS pair_id, s.contact_id, c.customer_id, c.customer_segment,
    c.channel, c.team, c.agent_id, c.issue, c.product, c.is_live,
    COALESCE(former <> 'customer', TRUE) AS is_first,
    s.replied_at IS NOT NULL AS is_answered,
    s.sent_at, s.replied_at,
    epoch(s.replied_at) - epoch(s.sent_at) AS response_s,
    (s.sent_at AT TIME ZONE '{zone}')::DATE AS local_date,
    hour(s.sent_at AT TIME ZONE '{zone}') AS local_hour,
    isodow(s.sent_at AT TIME ZONE '{zone}') AS weekday
FROM said s
LEFT JOIN contact_facts c ON c.contact_id = s.contact_id
WHERE s.sender = 'customer'
""".replace("{turn}", "PARTITION BY contact_id ORDER BY sent_at, CASE WHEN sender = 'customer' THEN 0 ELSE 1 END")

# the channel in which an agent takes most contacts: shifts do not say
_MAIN_CHANNEL = """
main_channels AS (
    SELECT agent_id, arg_max(channel, (n, channel)) AS channel
    FROM (
        SELECT agent_id, channel, count(*) AS n FROM contact_facts
        WHERE is_handled AND agent_id IS NOT NULL GROUP BY ALL
    )
    GROUP BY agent_id
)
"""

# a call is in hand for talk, hold and wrap-up, a chat until it is closed; written work without an end of its own is
# laid behind the first reply. Several contacts at once are joined into stretches: busy time is never counted twice
_HELD = """
held AS (
    SELECT agent_id, started_at, least(ended_at, started_at + INTERVAL '1 day') AS ended_at
    FROM (
        SELECT
            agent_id,
            COALESCE(answered_at, first_response_at) AS started_at,
            CASE WHEN is_live AND COALESCE(talk_s, hold_s, wrap_s) IS NULL
                THEN COALESCE(closed_at, resolved_at, answered_at + to_seconds(handle_s))
                ELSE COALESCE(answered_at, first_response_at) + to_seconds(handle_s) END AS ended_at
        FROM contact_facts
        WHERE is_handled AND agent_id IN (SELECT agent_id FROM shifts)
    )
    WHERE ended_at > started_at
),
busy AS (
    SELECT agent_id, min(started_at) AS started_at, max(ended_at) AS ended_at
    FROM (
        SELECT *, sum(is_new) OVER (PARTITION BY agent_id ORDER BY started_at, ended_at ROWS UNBOUNDED PRECEDING)
            AS stretch
        FROM (
            SELECT *, CASE WHEN started_at <= max(ended_at) OVER (PARTITION BY agent_id ORDER BY started_at, ended_at
                ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) THEN 0 ELSE 1 END AS is_new
            FROM held
        )
    )
    GROUP BY agent_id, stretch
)
"""

# where worked shifts are known, planned ones do not count; shifts that overlap are one presence
_PRESENT = """
meant AS (
    SELECT agent_id, team, kind, starts_at, COALESCE(paid_break_s, 0) AS break_s,
        least(ends_at, (DATE '{cut_off}' + 1)::TIMESTAMP AT TIME ZONE '{zone}') AS ends_at
    FROM shifts
    WHERE (kind = 'worked' OR NOT EXISTS (FROM shifts WHERE kind = 'worked')) AND EXISTS (FROM held)
        AND starts_at < (DATE '{cut_off}' + 1)::TIMESTAMP AT TIME ZONE '{zone}' AND ends_at > starts_at
        AND ends_at > (SELECT min(started_at) FROM held)
),
present AS (
    SELECT agent_id, stretch, min(team) AS team, min(kind) AS kind, min(starts_at) AS started_at,
        max(ends_at) AS ended_at, sum(break_s) AS break_s
    FROM (
        SELECT *, sum(is_new) OVER (PARTITION BY agent_id ORDER BY starts_at, ends_at ROWS UNBOUNDED PRECEDING)
            AS stretch
        FROM (
            SELECT *, CASE WHEN starts_at < max(ends_at) OVER (PARTITION BY agent_id ORDER BY starts_at, ends_at
                ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) THEN 0 ELSE 1 END AS is_new
            FROM meant
        )
    )
    GROUP BY agent_id, stretch
)
"""


def _by_half_hour(name: str, rows: str, columns: str) -> str:
    """Cut stretches at every half hour: `starts_at` of the interval, and what of the stretch lies inside it."""
    return f"""
{name} AS (
    SELECT {columns}, starts_at, greatest(started_at, starts_at) AS from_at,
        least(ended_at, starts_at + INTERVAL '30 minutes') AS to_at
    FROM (
        SELECT *, unnest(generate_series(time_bucket(INTERVAL '30 minutes', started_at),
            ended_at - INTERVAL '1 microsecond', INTERVAL '30 minutes')) AS starts_at
        FROM {rows}
    )
)
"""


def _inside(name: str, pieces: str, column: str) -> str:
    """Add up what of other stretches of the agent lies within the presence, by piece of it."""
    return f"""
{name} AS (
    SELECT p.agent_id, p.stretch, p.starts_at,
        sum(greatest(epoch(least(p.to_at, b.to_at)) - epoch(greatest(p.from_at, b.from_at)), 0)) AS {column}
    FROM worked p JOIN {pieces} b ON b.agent_id = p.agent_id AND b.starts_at = p.starts_at
    GROUP BY ALL
)
"""


# breaks are laid into the time without a contact, whose hour is known, as far as it goes: then busy time is never more
# than staffed time, and a shift's staffed time is its length less its breaks
AGENT_INTERVAL = (
    "WITH "
    + ", ".join(
        part.strip()
        for part in (
            _MAIN_CHANNEL,
            _HELD,
            _PRESENT,
            _by_half_hour("worked", "present", "agent_id, stretch, team, kind, break_s"),
            _by_half_hour("busy_pieces", "busy", "agent_id"),
            _by_half_hour("held_pieces", "held", "agent_id"),
            _inside("busy_inside", "busy_pieces", "busy_s"),
            _inside("held_inside", "held_pieces", "contact_s"),
        )
    )
    + """,
pieces AS (
    SELECT w.agent_id, w.stretch, w.team, w.kind, w.starts_at, w.break_s,
        epoch(w.to_at) - epoch(w.from_at) AS worked_s,
        COALESCE(b.busy_s, 0) AS busy_s,
        COALESCE(h.contact_s, 0) AS contact_s,
        sum(epoch(w.to_at) - epoch(w.from_at)) OVER shift AS shift_s,
        sum(COALESCE(b.busy_s, 0)) OVER shift AS shift_busy_s
    FROM worked w
    LEFT JOIN busy_inside b ON b.agent_id = w.agent_id AND b.stretch = w.stretch AND b.starts_at = w.starts_at
    LEFT JOIN held_inside h ON h.agent_id = w.agent_id AND h.stretch = w.stretch AND h.starts_at = w.starts_at
    WINDOW shift AS (PARTITION BY w.agent_id, w.stretch)
),
staffed AS (
    SELECT *,
        CASE WHEN shift_s - shift_busy_s >= break_s
            THEN worked_s - CASE WHEN shift_s > shift_busy_s
                THEN break_s * (worked_s - busy_s) / (shift_s - shift_busy_s) ELSE 0 END
            ELSE busy_s * greatest(shift_s - break_s, 0) / shift_busy_s END AS staffed_s,
        CASE WHEN shift_s - shift_busy_s >= break_s THEN 1
            ELSE greatest(shift_s - break_s, 0) / shift_busy_s END AS kept
    FROM pieces
)
SELECT
    md5(s.agent_id) || ' ' || epoch(s.starts_at)::BIGINT AS agent_interval_id,
    s.agent_id, COALESCE(min(s.team), min(a.team)) AS team, min(m.channel) AS channel, min(s.kind) AS kind, s.starts_at,
    min((s.starts_at AT TIME ZONE '{zone}')::DATE) AS local_date,
    min(hour(s.starts_at AT TIME ZONE '{zone}')) AS local_hour,
    min(isodow(s.starts_at AT TIME ZONE '{zone}')) AS weekday,
    sum(worked_s) AS worked_s, sum(staffed_s) AS staffed_s, sum(busy_s * kept) AS busy_s,
    sum(contact_s * kept) AS contact_s
FROM staffed s
LEFT JOIN main_channels m ON m.agent_id = s.agent_id
LEFT JOIN (SELECT agent_id, team FROM agents) a ON a.agent_id = s.agent_id
GROUP BY s.agent_id, s.starts_at
"""
)

# a month counts for the share of its days on the staff list, the last day included; the months are those of the data
AGENT_MONTH = (
    "WITH "
    + _MAIN_CHANNEL.strip()
    + """,
spanned AS (
    SELECT
        COALESCE((SELECT min((created_at AT TIME ZONE '{zone}')::DATE) FROM contacts),
            (SELECT min((starts_at AT TIME ZONE '{zone}')::DATE) FROM volumes),
            (SELECT min(left_on) FROM agents), (SELECT min(answered_on) FROM staff_surveys)) AS first_on,
        CASE WHEN {has_days} THEN DATE '{cut_off}'
            ELSE COALESCE((SELECT max(left_on) FROM agents), (SELECT max(answered_on) FROM staff_surveys)) END
            AS last_on
),
months AS (
    SELECT month_on, last_day(month_on) AS month_ends_on, last_on
    FROM (
        SELECT unnest(generate_series(date_trunc('month', first_on), last_on, INTERVAL '1 month'))::DATE AS month_on,
            last_on
        FROM spanned
    )
),
listed AS (
    SELECT a.agent_id, a.team, a.level, m.month_on, a.left_on,
        CASE WHEN EXISTS (FROM agents WHERE hired_on IS NOT NULL OR left_on IS NOT NULL) THEN
            (least(month_ends_on, COALESCE(left_on, month_ends_on), last_on)
                - greatest(month_on, COALESCE(hired_on, month_on)) + 1) / day(month_ends_on)::DOUBLE END AS headcount,
        COALESCE(left_on BETWEEN month_on AND least(month_ends_on, last_on), FALSE) AS is_leaver
    FROM agents a
    JOIN months m ON COALESCE(a.hired_on, month_on) <= least(month_ends_on, last_on)
        AND COALESCE(a.left_on, month_on) >= month_on
),
answers AS (
    SELECT s.*, l.month_on, l.month_on IS NOT NULL AS is_listed
    FROM staff_surveys s
    LEFT JOIN listed l ON l.agent_id = s.agent_id AND l.month_on = date_trunc('month', s.answered_on)::DATE
),
rated AS (
    SELECT agent_id, month_on, avg(satisfaction) AS satisfaction FROM answers WHERE is_listed GROUP BY ALL
)
SELECT
    md5(l.agent_id) || ' ' || strftime(l.month_on, '%Y-%m') AS agent_month_id, l.agent_id, l.team, m.channel, l.level,
    l.month_on AS local_date, l.headcount, CASE WHEN l.headcount IS NOT NULL THEN l.is_leaver END AS is_leaver,
    r.satisfaction
FROM listed l
LEFT JOIN main_channels m ON m.agent_id = l.agent_id
LEFT JOIN rated r ON r.agent_id = l.agent_id AND r.month_on = l.month_on
UNION ALL
SELECT 'answer ' || answer_id, agent_id, team, NULL, NULL, answered_on, NULL, NULL, satisfaction::DOUBLE
FROM answers WHERE NOT is_listed
"""
)
