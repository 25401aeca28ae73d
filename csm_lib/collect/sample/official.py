"""What the hotline's vendor publishes about itself: figures with our names, counted in the vendor's way."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from csm_lib.collect.sample.clock import quarter_of
from csm_lib.collect.sample.contacts import PHONE
from csm_lib.collect.sample.outcomes import PLANTED_QUARTER
from csm_lib.collect.sample.world import World

__all__ = ["OfficialFigure", "official_figures"]

SHORT_S = 5  # the vendor does not count calls that hang up sooner


@dataclass(frozen=True)
class OfficialFigure:
    """One row of the edited table `official_figures`."""

    indicator: str
    period: str
    value: float
    source: str
    population: str
    window: str
    exclusions: str


def official_figures(world: World) -> tuple[OfficialFigure, ...]:
    """Count the vendor's answer rate: calls of every hour of the day, those that hang up at once left out.

    Parameters
    ----------
    world : World

    Returns
    -------
    tuple of OfficialFigure
        Without one where the quarter has no call.
    """
    contacts = world.contacts
    is_call = (quarter_of(contacts["created"]) == PLANTED_QUARTER) & (contacts["channel"] == PHONE)
    has_left = contacts["abandoned"] >= 0
    is_short = has_left & (contacts["abandoned"] - contacts["queue"] < SHORT_S)
    counted = is_call & ~is_short
    if not counted.any():
        return ()
    value = float(np.mean(contacts["answered"][counted] >= 0))
    return (OfficialFigure("answer_rate", "2024Q1", value, "hotline vendor", "phone", "all_hours", "short_abandons"),)
