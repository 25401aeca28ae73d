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
    """

    grain: str
    table: str
    key: str
    dated_by: str
    columns: MappingProxyType[str, str]


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
            ("BOOLEAN", "is_handled is_resolved is_self_service"),
            ("BOOLEAN", "is_first_contact_resolved is_repeat is_complaint"),
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
)

FACTS = MappingProxyType({fact.grain: fact for fact in _FACTS})
