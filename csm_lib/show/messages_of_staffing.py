"""The words of the staffing page about patience."""

from __future__ import annotations

__all__ = ["STAFFING"]

STAFFING: dict[str, str] = {
    "shrinkage_short": (
        "So rosters below are short by the difference: set the shrinkage in staffing.toml to what is recorded, unless "
        "those times fall outside the hours of need."
    ),
    "asked_moved": "A shift moved",
    "queue_alone": "All of this is about {channel} alone.",
    "week_coming": "the coming week",
    "week_typical": "a typical week",
    "alt_patience": (
        "{title}: the two lines are farthest apart at {where}, where {seen} would still wait and "
        "{assumed} if patience were exponential."
    ),
    "alt_patience_half": " Half of the customers bear {half}.",
    "still_waiting": "Would still wait",
    "waited": "Waited",
    "patience_assumed": "if exponential",
    "patience_seen": "as seen (Kaplan-Meier)",
}
