"""The fact tables: one per grain, holding everything the indicators of that grain read.

Each row says which columns a grain has and what puts a row in a period (`local_date` in every grain). Types are DuckDB's.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

__all__ = ["FACTS", "Fact"]


@dataclass(frozen=True)
class Fact:
    """One grain.

    Attributes
    ----------
    grain : str
    table : str
        Name of the warehouse table.
    key : str
        Column that identifies a row; tells the grain of a frame that nobody labelled.
    dated_by : str
        What `local_date` is the local date of.
    columns : mapping of str to str
        Column name to DuckDB type.
    gives_periods : bool
        True if a row makes its day one that there is data of; a plan, a promise or a month on the staff list does not.
    """

    grain: str
    table: str
    key: str
    dated_by: str
    columns: MappingProxyType[str, str]
    gives_periods: bool = True


_INSTANT = "TIMESTAMP WITH TIME ZONE"


def _typed(*groups: tuple[str, str]) -> MappingProxyType[str, str]:
    """Spread (type, names) pairs into one mapping, in the order given."""
    return MappingProxyType({name: kind for kind, names in groups for name in names.split()})


_ANSWERS = (
    ("INTEGER", "csat speed accuracy_rating attitude outcome recommend"),
    ("VARCHAR", "would_recommend"),
)

_FACTS = (
    Fact(
        "contact",
        "contact_facts",
        "contact_id",
        "created_at",
        _typed(
            ("VARCHAR", "contact_id customer_id customer_segment"),
            ("BOOLEAN", "is_returning"),
            ("VARCHAR", "channel team agent_id issue product priority stage status cause"),
            ("DOUBLE", "cost"),
            (_INSTANT, "created_at queue_entered_at answered_at abandoned_at first_response_at"),
            (_INSTANT, "resolved_at closed_at withdrawn_at"),
            ("INTEGER", "reopen_count transfer_count"),
            ("BOOLEAN", "is_escalated bot_resolved"),
            ("DOUBLE", "talk_s hold_s wrap_s"),
            ("DOUBLE", "first_response_s first_response_from_start_s wait_s handle_s resolution_s"),
            ("DOUBLE", "first_response_business_s wait_business_s handle_business_s resolution_business_s"),
            ("BOOLEAN", "is_live is_offered is_answered is_abandoned is_short_abandon is_in_time"),
            ("BOOLEAN", "is_ended_in_time is_handled is_resolved is_closed is_self_service"),
            ("BOOLEAN", "is_first_contact_resolved is_resolved_as_coded is_resolved_in_one_touch"),
            ("BOOLEAN", "is_repeat is_converted is_complaint"),
            # how each clock ended and when: at an event, or at the data's cut-off where none came (open, waiting)
            ("VARCHAR", "response_outcome wait_outcome resolution_outcome"),
            ("DOUBLE", "response_ended_s wait_ended_s resolution_ended_s"),
            ("BOOLEAN", "met_response_sla met_resolution_sla"),
            ("INTEGER", "agent_load_at_start"),
            ("DATE", "local_date"),
            ("INTEGER", "local_hour weekday"),
            (_INSTANT, "interval_start"),
            ("INTEGER", "agent_tenure_days"),
            *_ANSWERS,
        ),
    ),
    Fact(
        "survey",
        "survey_facts",
        "survey_id",
        "answered_at, else sent_at",
        _typed(
            ("VARCHAR", "survey_id contact_id customer_id"),
            (_INSTANT, "sent_at answered_at"),
            ("DATE", "local_date"),
            ("VARCHAR", "channel team agent_id issue product customer_segment"),
            *_ANSWERS,
            ("INTEGER", "outcome_rating"),
            ("VARCHAR", "comment"),
            ("DOUBLE", "weight sent_delay_s"),
            ("BOOLEAN", "is_answered"),
        ),
    ),
    Fact(
        "review",
        "review_facts",
        "review_id",
        "the reviewed contact's created_at",
        _typed(
            ("VARCHAR", "review_id contact_id reviewer_id"),
            (_INSTANT, "reviewed_at"),
            ("DATE", "local_date week_on"),
            ("VARCHAR", "channel team agent_id issue product selection stratum"),
            ("BOOLEAN", "is_accurate follows_script is_complete"),
            ("INTEGER", "attitude"),
            ("BOOLEAN", "is_adjudicated is_counted"),
            ("DOUBLE", "review_weight script_weight completeness_weight"),
        ),
    ),
    Fact(
        "complaint",
        "complaint_facts",
        "complaint_id",
        "received_at",
        _typed(
            ("VARCHAR", "complaint_id contact_id customer_id"),
            (_INSTANT, "received_at"),
            ("DATE", "local_date"),
            ("VARCHAR", "channel team agent_id issue product source cause"),
            ("BOOLEAN", "is_counted is_escalated"),
            ("VARCHAR", "escalation_basis"),
            ("DOUBLE", "first_contact_s resolution_s"),
        ),
    ),
    Fact(
        "message_pair",
        "message_pair_facts",
        "pair_id",
        "the customer's message's sent_at",
        _typed(
            ("VARCHAR", "pair_id contact_id customer_id customer_segment"),
            ("VARCHAR", "channel team agent_id issue product"),
            ("BOOLEAN", "is_live is_first is_answered"),
            (_INSTANT, "sent_at replied_at"),
            ("DOUBLE", "response_s"),
            ("DATE", "local_date"),
            ("INTEGER", "local_hour weekday"),
        ),
        gives_periods=False,
    ),
    Fact(
        "clock",
        "clock_facts",
        "clock_id",
        "due_at, else of the contact's created_at",
        _typed(
            ("VARCHAR", "clock_id kind contact_id subject_id customer_id customer_segment"),
            ("VARCHAR", "channel team agent_id issue product priority"),
            (_INSTANT, "started_at due_at stopped_at"),
            ("DATE", "local_date"),
            ("DOUBLE", "within_s elapsed_s paused_s"),
            ("VARCHAR", "runs_in policy verdict_from"),
            ("BOOLEAN", "is_open is_met"),
        ),
        gives_periods=False,
    ),
    Fact(
        "agent_interval",
        "agent_interval_facts",
        "agent_interval_id",
        "starts_at",
        _typed(
            ("VARCHAR", "agent_interval_id agent_id team channel kind"),
            (_INSTANT, "starts_at"),
            ("DATE", "local_date"),
            ("INTEGER", "local_hour weekday"),
            ("DOUBLE", "worked_s staffed_s busy_s contact_s"),
        ),
        gives_periods=False,
    ),
    Fact(
        "agent_month",
        "agent_month_facts",
        "agent_month_id",
        "the month's first day",
        _typed(
            ("VARCHAR", "agent_month_id agent_id team channel level"),
            ("DATE", "local_date"),
            ("DOUBLE", "headcount"),
            ("BOOLEAN", "is_leaver"),
            ("DOUBLE", "satisfaction"),
        ),
        gives_periods=False,
    ),
    Fact(
        "action",
        "action_facts",
        "action_id",
        "due_on",
        _typed(
            ("VARCHAR", "action_id plan indicator root_cause owner strategy channel team"),
            ("DATE", "due_on done_on local_date"),
            ("BOOLEAN", "is_due is_done is_done_in_time"),
        ),
        gives_periods=False,
    ),
    Fact(
        "volume",
        "volume_facts",
        "volume_id",
        "starts_at",
        _typed(
            ("VARCHAR", "volume_id channel team"),
            (_INSTANT, "starts_at"),
            ("DATE", "local_date"),
            ("INTEGER", "local_hour weekday interval_s offered answered answered_in_time abandoned"),
            ("DOUBLE", "handle_s staffed_agents"),
        ),
    ),
    Fact(
        "cost",
        "cost_facts",
        "cost_day_id",
        "the day that its part of the month's cost falls on",
        _typed(
            ("VARCHAR", "cost_day_id channel team"),
            ("DATE", "local_date"),
            ("DOUBLE", "amount"),
            ("INTEGER", "n_handled"),
        ),
        gives_periods=False,
    ),
)

FACTS = MappingProxyType({fact.grain: fact for fact in _FACTS})
