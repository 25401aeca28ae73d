"""The canonical tables: what every export is turned into before anything is computed.

One row per column: its name, type, whether it is required, the words it may hold and the bounds it must respect. The
contract check, the sources that read files in our own column names, and the empty frames of absent tables all read
these rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

__all__ = ["STAFF_COLUMNS", "TABLES", "Column", "Table", "is_edited"]

# columns that say who of the staff it was: shown by alias, in every table that has them
STAFF_COLUMNS = ("agent_id", "reviewer_id", "actor")

ColumnType = Literal["text", "instant", "date", "number", "integer", "boolean"]


@dataclass(frozen=True)
class Column:
    """One column's promise.

    Attributes
    ----------
    name : str
    type : one of text, instant, date, number, integer, boolean
    is_required : bool
        True if every row must have a value.
    words : str or None
        Name of the closed word list the values must come from.
    minimum, maximum : float or None
        Bounds, included.
    is_free_text : bool
        Written by a person: masked by pattern at ingest.
    is_person : bool
        Says which customer: a phone number, e-mail address, identity or bank card becomes a pseudonym at ingest.
    """

    name: str
    type: ColumnType = "text"
    is_required: bool = False
    words: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    is_free_text: bool = False
    is_person: bool = False


@dataclass(frozen=True)
class Table:
    """A canonical table: its key, its columns and the order its times must keep.

    Attributes
    ----------
    name : str
    row : str
        What one row is.
    key : tuple of str
        Columns that together identify a row.
    columns : tuple of Column
    time_order : tuple of (str, str)
        Pairs of columns: the first must not lie after the second, where both are present.
    references : tuple of (str, str)
        Column and the table whose key it names; values that no row there has are reported, never set aside, for that
        row may come with a later export.
    fresh_within_days : float or None
        How far the table's newest row may lie before the newest row of any other that promises this too.
    is_edited : bool
        True for the small tables people keep in `data/tables`.
    """

    name: str
    row: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    time_order: tuple[tuple[str, str], ...] = ()
    references: tuple[tuple[str, str], ...] = ()
    fresh_within_days: float | None = None
    is_edited: bool = False

    def column(self, name: str) -> Column:
        """Give the column of that name; KeyError if there is none."""
        return {column.name: column for column in self.columns}[name]


def _text(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name) for name in names)


def _key(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name, is_required=True) for name in names)


def _instants(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name, "instant") for name in names)


def _seconds(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name, "number", minimum=0) for name in names)


def _flags(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name, "boolean") for name in names)


def _counts(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name, "integer", minimum=0) for name in names)


def _ratings(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name, "integer", minimum=1, maximum=5) for name in names)


_CUSTOMER = Column("customer_id", is_person=True)
_KNOWN_CUSTOMER = Column("customer_id", is_required=True, is_person=True)

_TABLES = (
    Table(
        "contacts",
        "attempt by a customer to reach us (call, chat, message, e-mail, ticket)",
        ("contact_id",),
        (
            *_key("contact_id"),
            Column("created_at", "instant", is_required=True),
            Column("channel", is_required=True, words="channel"),
            _CUSTOMER,
            *_text("customer_segment"),
            *_flags("is_returning"),
            *_text("team", "agent_id", "issue", "product"),
            Column("priority", words="priority"),
            Column("stage", words="stage"),
            *_instants("queue_entered_at", "answered_at", "abandoned_at", "first_response_at"),
            *_flags("bot_resolved"),
            *_instants("resolved_at", "closed_at", "withdrawn_at"),
            *_counts("reopen_count", "transfer_count"),
            *_seconds("talk_s", "hold_s", "wrap_s", "handle_s"),
            *_flags("is_escalated"),
            *_text("cause"),
            Column("cost", "number", minimum=0),
            Column("status", words="contact_status"),
            # as judged by the source system itself; where absent, clocks are held against the policy
            *_flags("met_response_sla", "met_resolution_sla"),
        ),
        time_order=(
            ("created_at", "queue_entered_at"),
            ("created_at", "answered_at"),
            ("created_at", "abandoned_at"),
            ("created_at", "first_response_at"),
            ("created_at", "resolved_at"),
            ("created_at", "closed_at"),
            ("created_at", "withdrawn_at"),
            ("queue_entered_at", "answered_at"),
            ("queue_entered_at", "abandoned_at"),
            ("answered_at", "closed_at"),
        ),
        references=(("agent_id", "agents"),),
        fresh_within_days=4,
    ),
    Table(
        "messages",
        "message in a text contact",
        ("contact_id", "sent_at", "sender"),
        (
            *_key("contact_id"),
            Column("sent_at", "instant", is_required=True),
            Column("sender", is_required=True, words="sender"),
        ),
        references=(("contact_id", "contacts"),),
        fresh_within_days=4,
    ),
    Table(
        "status_log",
        "change of a contact's status, owner or team",
        ("contact_id", "changed_at", "status", "actor"),
        (
            *_key("contact_id"),
            Column("changed_at", "instant", is_required=True),
            *_key("status"),
            *_text("team", "agent_id", "stage", "actor"),
            *_flags("is_approval"),
        ),
        references=(("contact_id", "contacts"),),
        fresh_within_days=4,
    ),
    Table(
        "orders",
        "order",
        ("order_id",),
        (
            *_key("order_id"),
            _KNOWN_CUSTOMER,
            Column("ordered_at", "instant", is_required=True),
            Column("amount", "number"),
        ),
    ),
    Table(
        "surveys",
        "questionnaire sent",
        ("survey_id",),
        (
            *_key("survey_id"),
            *_text("contact_id"),
            _CUSTOMER,
            *_instants("sent_at", "answered_at"),
            *_ratings("csat", "speed", "accuracy_rating", "attitude", "outcome"),
            Column("recommend", "integer", minimum=0, maximum=10),
            Column("would_recommend", words="would_recommend"),
            Column("comment", is_free_text=True),
            Column("weight", "number", minimum=0),
            *_instants("contacted_at", "resolved_at"),
        ),
        time_order=(("sent_at", "answered_at"),),
        references=(("contact_id", "contacts"),),
        fresh_within_days=10,
    ),
    Table(
        "reviews",
        "quality review of one contact by one reviewer",
        ("review_id",),
        (
            *_key("review_id", "contact_id", "reviewer_id"),
            Column("reviewed_at", "instant", is_required=True),
            Column("selection", words="selection"),
            Column("sampled_on", "date"),
            *_text("stratum"),
            *_flags("is_accurate", "follows_script", "is_complete"),
            Column("attitude", "integer", minimum=1, maximum=5),
            *_flags("is_adjudicated"),
        ),
        references=(("contact_id", "contacts"),),
        fresh_within_days=14,
    ),
    Table(
        "complaints",
        "complaint",
        ("complaint_id",),
        (
            *_key("complaint_id"),
            Column("received_at", "instant", is_required=True),
            *_text("contact_id"),
            _CUSTOMER,
            Column("source", words="complaint_source"),
            *_text("cause"),
            Column("channel", words="channel"),
            *_text("team"),
            *_instants("first_contact_at", "resolved_at", "followed_up_at"),
            *_flags("is_escalated"),
        ),
        time_order=(("received_at", "first_contact_at"), ("received_at", "resolved_at")),
        references=(("contact_id", "contacts"),),
    ),
    Table(
        "agents",
        "agent",
        ("agent_id",),
        (
            *_key("agent_id", "team"),
            *_text("level"),
            Column("hired_on", "date"),
            Column("left_on", "date"),
            *_text("alias"),
        ),
        time_order=(("hired_on", "left_on"),),
    ),
    Table(
        "shifts",
        "planned or worked shift",
        ("agent_id", "starts_at", "kind"),
        (
            *_key("agent_id"),
            Column("starts_at", "instant", is_required=True),
            Column("ends_at", "instant", is_required=True),
            *_text("team", "kind"),
            *_seconds("paid_break_s"),
        ),
        time_order=(("starts_at", "ends_at"),),
        references=(("agent_id", "agents"),),
    ),
    Table(
        "volumes",
        "interval of a queue, for centres that only have counts",
        ("starts_at", "channel", "team"),
        (
            Column("starts_at", "instant", is_required=True),
            Column("interval_s", "integer", is_required=True, minimum=1),
            Column("offered", "integer", is_required=True, minimum=0),
            Column("channel", words="channel"),
            *_text("team"),
            *_counts("answered", "answered_in_time", "abandoned"),
            *_seconds("handle_s"),
            Column("staffed_agents", "number", minimum=0),
        ),
        fresh_within_days=4,
    ),
    Table(
        "actions",
        "measure of the improvement plan",
        ("action_id",),
        (
            *_key("action_id"),
            *_text("plan", "indicator", "root_cause"),
            *_key("measure", "owner"),
            Column("due_on", "date", is_required=True),
            Column("done_on", "date"),
            *_text("resources", "verified_by", "strategy", "status_note"),
            Column("expected_benefit", "number"),
        ),
        is_edited=True,
    ),
    Table(
        "five_whys",
        "statement in a chain of whys",
        ("node_id",),
        (
            *_key("node_id"),
            *_text("parent_id", "tree", "indicator"),
            Column("level", "integer", is_required=True, minimum=0),
            *_key("statement"),
            Column("category", words="cause_category"),
            # evidence: a coded cause, or an indicator with a filter in words "column = value [within column = value]"
            *_text("cause", "evidence_indicator", "evidence_filter"),
            Column("expected_share", "number", minimum=0, maximum=1),
        ),
        is_edited=True,
    ),
    Table(
        "benchmarks",
        "figure of another organisation or an industry",
        ("indicator", "population", "as_of"),
        (
            *_key("indicator"),
            Column("value", "number", is_required=True),
            *_text("unit", "population", "source"),
            Column("as_of", "date"),
        ),
        is_edited=True,
    ),
    Table(
        "events",
        "dated event that may explain a change",
        ("event_id",),
        (
            *_key("event_id"),
            Column("starts_on", "date", is_required=True),
            Column("ends_on", "date"),
            *_text("kind", "title", "team", "channel"),
        ),
        is_edited=True,
    ),
    Table(
        "interviews",
        "customer asked for an in-depth talk",
        ("interview_id",),
        (
            *_key("interview_id"),
            _KNOWN_CUSTOMER,
            Column("drawn_on", "date"),
            Column("held_on", "date"),
            *_flags("has_opted_out"),
            Column("notes", is_free_text=True),
        ),
        is_edited=True,
    ),
    Table(
        "costs",
        "cost of a month or of a unit of work",
        ("cost_id",),
        (
            *_key("cost_id"),
            *_text("kind", "team", "unit"),
            Column("month_on", "date"),
            Column("amount", "number", is_required=True),
        ),
        is_edited=True,
    ),
    Table(
        "staff_surveys",
        "answer of somebody of the staff to the staff survey",
        ("answer_id",),
        (
            *_key("answer_id"),
            Column("answered_on", "date", is_required=True),
            *_text("team", "agent_id"),
            Column("satisfaction", "integer", is_required=True, minimum=1, maximum=5),
        ),
        is_edited=True,
    ),
    Table(
        "raci",
        "who answers for a process node",
        ("node",),
        (
            *_key("node"),
            *_text("responsible", "accountable", "consulted", "informed"),
            Column("standard_s", "number", minimum=0),  # longest time that the node should take, seconds
        ),
        is_edited=True,
    ),
    Table(
        "notes",
        "analyst's note or sign-off for a period",
        ("note_id",),
        (
            *_key("note_id", "period"),
            *_text("scope", "notebook", "author"),
            Column("written_on", "date"),
            Column("text", is_required=True, is_free_text=True),
            *_flags("is_sign_off"),
        ),
        is_edited=True,
    ),
    Table(
        "official_figures",
        "figure someone else published for the same period",
        ("indicator", "period", "source"),
        (
            *_key("indicator", "period"),
            Column("value", "number", is_required=True),
            *_text("source", "population", "window", "exclusions"),
        ),
        is_edited=True,
    ),
)

TABLES = MappingProxyType({table.name: table for table in _TABLES})


def is_edited(name: str) -> bool:
    """Tell whether a table is one that people keep by hand in `data/tables`.

    Examples
    --------
    >>> is_edited("actions"), is_edited("contacts")
    (True, False)
    """
    return TABLES[name].is_edited
