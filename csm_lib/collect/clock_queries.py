"""The queries that start clocks: one row per promise that a contact, a hand-over or an unhappy customer sets running.

Each row says when the clock started, what stopped it, what ended it otherwise (the customer left or withdrew), and what
the source system said of it. When it is due and whether that was kept is worked out in `clocks`.
"""

from __future__ import annotations

from types import MappingProxyType

__all__ = ["CLOCK_STARTS", "LOOP_STARTS"]

_WHO = "f.contact_id, f.customer_id, f.customer_segment, f.channel, f.team, f.agent_id, f.issue, f.product, f.priority"

# whoever left or withdrew is no longer waited for; what is closed unsolved will not be solved in time any more
CLOCK_STARTS = MappingProxyType(
    {
        "response": f"""
SELECT {_WHO}, NULL AS subject_id,
    COALESCE(f.queue_entered_at, f.created_at) AS started_at,
    f.first_response_at AS stopped_at,
    CASE WHEN f.first_response_at IS NULL THEN COALESCE(f.abandoned_at, f.withdrawn_at, f.closed_at) END AS ended_at,
    FALSE AS is_failed,
    f.met_response_sla AS is_met_by_source
FROM contact_facts f
WHERE {{part}} AND (f.met_response_sla IS NOT NULL OR f.is_offered
    OR (NOT f.is_live AND NOT COALESCE(f.bot_resolved, FALSE)))
""",
        "resolution": f"""
SELECT {_WHO}, NULL AS subject_id,
    f.created_at AS started_at,
    COALESCE(f.resolved_at, CASE WHEN f.is_resolved THEN f.closed_at END) AS stopped_at,
    CASE WHEN NOT f.is_resolved THEN COALESCE(f.withdrawn_at,
        CASE WHEN f.status IN ('merged', 'withdrawn') THEN f.closed_at END) END AS ended_at,
    NOT f.is_resolved AND f.closed_at IS NOT NULL AND f.withdrawn_at IS NULL
        AND COALESCE(f.status NOT IN ('merged', 'withdrawn'), TRUE) AS is_failed,
    f.met_resolution_sla AS is_met_by_source
FROM contact_facts f
WHERE {{part}} AND (f.met_resolution_sla IS NOT NULL
    OR (f.is_resolved IS NOT NULL AND (f.is_handled OR (NOT f.is_live AND NOT COALESCE(f.bot_resolved, FALSE)))))
""",
        "next_response": f"""
SELECT {_WHO}, p.pair_id AS subject_id,
    p.sent_at AS started_at, p.replied_at AS stopped_at,
    CASE WHEN p.replied_at IS NULL AND f.closed_at >= p.sent_at THEN f.closed_at END AS ended_at,
    FALSE AS is_failed, CAST(NULL AS BOOLEAN) AS is_met_by_source
FROM message_pair_facts p JOIN contact_facts f ON f.contact_id = p.contact_id
WHERE {{part}} AND p.is_first AND p.sent_at > COALESCE(f.first_response_at, f.answered_at)
""",
        # a team's part runs from the hand-over to the next one, else to the contact's end
        "ola": f"""
SELECT {_WHO.replace("f.team", "m.team").replace("f.agent_id", "m.agent_id")},
    f.contact_id || '>' || m.number AS subject_id,
    m.changed_at AS started_at,
    COALESCE(m.left_at, f.resolved_at, f.closed_at) AS stopped_at,
    CASE WHEN m.left_at IS NULL AND f.resolved_at IS NULL THEN f.withdrawn_at END AS ended_at,
    FALSE AS is_failed, CAST(NULL AS BOOLEAN) AS is_met_by_source
FROM (
    SELECT contact_id, team, agent_id, changed_at, number,
        lead(changed_at) OVER (PARTITION BY contact_id ORDER BY number) AS left_at
    FROM (
        SELECT *, lag(team) OVER (PARTITION BY contact_id ORDER BY changed_at, number) AS former
        FROM (SELECT *, row_number() OVER (PARTITION BY contact_id ORDER BY changed_at, status) AS number
            FROM status_log WHERE team IS NOT NULL)
    )
    WHERE former IS NULL OR former <> team
) m
JOIN contact_facts f ON f.contact_id = m.contact_id
WHERE {{part}} AND m.number > 1
""",
    }
)

_COMPLAINT = """
    p.contact_id, p.customer_id, c.customer_segment, p.channel, p.team, p.agent_id, p.issue, p.product, c.priority,
    p.complaint_id AS subject_id, p.received_at AS started_at"""
_SURVEY = """
    s.contact_id, s.customer_id, s.customer_segment, s.channel, s.team, s.agent_id, s.issue, s.product,
    NULL AS priority, s.survey_id AS subject_id, s.answered_at AS started_at"""
_REST = "CAST(NULL AS TIMESTAMPTZ) AS ended_at, FALSE AS is_failed, CAST(NULL AS BOOLEAN) AS is_met_by_source"
_COMPLAINTS = """
FROM complaint_facts p
JOIN complaints t ON t.complaint_id = p.complaint_id
LEFT JOIN contact_facts c ON c.contact_id = p.contact_id
WHERE p.is_counted AND EXISTS (FROM complaints WHERE {column} IS NOT NULL)"""
_SURVEYS = """
FROM survey_facts s JOIN surveys t ON t.survey_id = s.survey_id
WHERE s.answered_at IS NOT NULL AND COALESCE(s.csat, s.outcome) <= 2
    AND EXISTS (FROM surveys WHERE {column} IS NOT NULL)"""

# unhappy customers: a complaint, or a rating of 1 or 2. Where nobody writes down who was contacted, nothing is due
LOOP_STARTS = MappingProxyType(
    {
        "complaint_response": f"SELECT {_COMPLAINT}, t.first_contact_at AS stopped_at, {_REST} "
        + _COMPLAINTS.format(column="first_contact_at"),
        "closed_loop_contact": f"SELECT {_COMPLAINT}, t.first_contact_at AS stopped_at, {_REST} "
        + _COMPLAINTS.format(column="first_contact_at")
        + f" UNION ALL SELECT {_SURVEY}, t.contacted_at AS stopped_at, {_REST} "
        + _SURVEYS.format(column="contacted_at"),
        "closed_loop_resolution": f"SELECT {_COMPLAINT}, CASE WHEN t.resolved_at IS NOT NULL AND t.followed_up_at "
        f"IS NOT NULL THEN greatest(t.resolved_at, t.followed_up_at) END AS stopped_at, {_REST} "
        + _COMPLAINTS.format(column="followed_up_at")
        + f" UNION ALL SELECT {_SURVEY}, CASE WHEN t.resolved_at IS NOT NULL AND t.contacted_at IS NOT NULL "
        f"THEN greatest(t.resolved_at, t.contacted_at) END AS stopped_at, {_REST} "
        + _SURVEYS.format(column="resolved_at"),
    }
)
