"""Promises about time: how fast a contact is answered, answered again, resolved, or worked on after a hand-over.

A policy says for whom it holds and from which day. For each clock the policy in force when it started counts: of those
that fit, the one that names most about the contact; among equals the newest; then the one further down in the file.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Annotated, Literal

from pydantic import Field, field_validator

from csm_lib.definitions import words_of
from csm_lib.settings.records import Channels, Record, known

__all__ = ["POLICY_LIMITS", "Policy", "in_order", "policy_for"]

# what a policy may be limited to, and the fact column that it is held against
POLICY_LIMITS = {"priorities": "priority", "channels": "channel", "segments": "customer_segment", "teams": "team"}


class Policy(Record):
    """A promise about one kind of clock.

    Attributes
    ----------
    kind : {"response", "next_response", "resolution", "ola"}
        First human reply; reply to each later customer message; resolution; a team's part after a hand-over (an
        operational level agreement between teams).
    within_s : float, seconds
        Time allowed; the bound is kept.
    clock : {"elapsed", "business"}
        Whether nights and closures count; business time runs by the hours of the team, else of the channel.
    priorities, channels, segments, teams : tuple of str
        For whom it holds; empty means all. The team of a hand-over is the one that received it.
    valid_from : date
        First local day on which clocks started under it.
    paused_by : tuple of str
        Statuses of the status log during which the clock rests, such as waiting for the customer.
    """

    kind: Literal["response", "next_response", "resolution", "ola"]
    within_s: Annotated[float, Field(gt=0)]
    clock: Literal["elapsed", "business"] = "business"
    priorities: tuple[str, ...] = ()
    channels: Channels = ()
    segments: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()
    valid_from: date = date(1970, 1, 1)
    paused_by: tuple[str, ...] = ("waiting_customer",)

    @field_validator("priorities")
    @classmethod
    def _known_priorities(cls, priorities: tuple[str, ...]) -> tuple[str, ...]:
        return known("priority", priorities, words_of("priority"))

    @property
    def limits(self) -> dict[str, tuple[str, ...]]:
        """Fact column to the words that the policy is limited to; without the columns that it leaves open."""
        return {column: getattr(self, name) for name, column in POLICY_LIMITS.items() if getattr(self, name)}

    @property
    def rank(self) -> tuple[int, date]:
        """How a policy stands against others that fit as well: by how much it names, then by how new it is."""
        return len(self.limits), self.valid_from


def policy_for(
    policies: Iterable[Policy], *, kind: str, started_on: date, contact: Mapping[str, str | None]
) -> Policy | None:
    """Give the policy in force for one clock; None without any.

    Parameters
    ----------
    policies : iterable of Policy
        In the order of the file.
    kind : str
    started_on : date
        Local day on which the clock started.
    contact : mapping of str to str or None
        Columns read: `priority channel customer_segment team`; what is missing fits no policy that names it.

    Returns
    -------
    Policy or None

    Examples
    --------
    >>> usual = Policy(kind="response", within_s=600)
    >>> urgent = Policy(kind="response", within_s=60, priorities=("urgent",))
    >>> contact = {"priority": "urgent", "channel": "email"}
    >>> policy_for([urgent, usual], kind="response", started_on=date(2024, 1, 2), contact=contact).within_s
    60.0
    """
    fitting = [
        policy
        for policy in in_order(policies)
        if policy.kind == kind
        and policy.valid_from <= started_on
        and all(contact.get(column) in words for column, words in policy.limits.items())
    ]
    return fitting[0] if fitting else None


def in_order(policies: Iterable[Policy]) -> list[Policy]:
    """Put policies in the order in which they are tried: the first that fits is in force.

    Examples
    --------
    >>> old, new = (Policy(kind="ola", within_s=60, valid_from=date(year, 1, 1)) for year in (2023, 2024))
    >>> [policy.valid_from.year for policy in in_order([old, new])]
    [2024, 2023]
    """
    from_the_end = list(policies)[::-1]
    return sorted(from_the_end, key=lambda policy: policy.rank, reverse=True)
