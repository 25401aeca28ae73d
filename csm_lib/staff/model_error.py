"""How far a scenario may be off: what the queue model does not know, carried into every prediction.

Two doubts are told apart. The patience was fitted to an answer rate that chance moves from day to day, so another
quarter would have given another patience. And hour by hour the model is off by what stands beside the observed rates;
a change that helps one hour more than another meets that hour's miss. Both are worked through the scenario itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit, logit

from csm_lib.staff.prediction import Scenario, changed_plan, condensed, predict, summary_by

__all__ = ["Answered", "ModelError", "answered_with", "misses_by_hour"]

Floats = NDArray[np.float64]

_NEVER_CERTAIN = 1e-6  # a share of 0 or 1 has no log-odds


@dataclass(frozen=True)
class ModelError:
    """What is uncertain about a queue model that was fitted to a period.

    Attributes
    ----------
    patience_range_s : (float, float)
        Bounds of the patience, from the interval of the answer rate it was fitted to (95 %, days as clusters); NaN
        where patience is taken as known.
    miss_by_hour : Series of float
        By local hour, the log-odds of the observed answer rate less those of the predicted one; an hour without a row
        counts as hit.

    Examples
    --------
    >>> ModelError().miss_by_hour.empty
    True
    """

    patience_range_s: tuple[float, float] = (np.nan, np.nan)
    miss_by_hour: pd.Series = field(default_factory=lambda: pd.Series(dtype=float))


@dataclass(frozen=True)
class Answered:
    """Contacts answered under a scenario, and by how many each doubt moves them.

    Attributes
    ----------
    summary : Series of float
        As the row of `csm_lib.staff.prediction.summary_by`.
    by_patience : ndarray of float, shape (2,)
        Answered more (below 0: fewer) with the patience at its lower and at its upper bound.
    by_miss : float
        Answered more if every hour is off by as much as it was with the staff of the period.
    """

    summary: pd.Series
    by_patience: Floats
    by_miss: float

    def share_bounds(self) -> tuple[float, float]:
        """Bounds of the answer rate: both doubts added in squares, within 0 and 1."""
        low, high = _bounds(float(self.summary["answered"]), self.by_patience, self.by_miss)
        offered = float(self.summary["offered"]) or np.nan
        return max(low / offered, 0.0), min(high / offered, 1.0)

    def gain_bounds(self, today: Answered) -> tuple[float, float]:
        """Bounds of how many fewer contacts are lost than in another scenario; what moves both alike cancels out."""
        lost = [float(each.summary["offered"] - each.summary["answered"]) for each in (today, self)]
        return _bounds(lost[0] - lost[1], self.by_patience - today.by_patience, self.by_miss - today.by_miss)


def misses_by_hour(trust: pd.DataFrame) -> pd.Series:
    """Tell by how much the model misses each local hour, on the scale on which a miss can be carried over.

    Parameters
    ----------
    trust : DataFrame
        As `csm_lib.staff.prediction.predicted_and_observed` by local hour; reads `local_hour`, `n_offered`,
        `answer_rate_predicted_share`, `answer_rate_observed_share`.

    Returns
    -------
    Series of float
        By local hour, log-odds observed less predicted. One contact as the model expects it is added to those
        observed, so that an hour in which everybody was answered stays finite.

    Examples
    --------
    >>> trust = pd.DataFrame({"local_hour": [17], "n_offered": [999], "answer_rate_predicted_share": [0.5],
    ...                       "answer_rate_observed_share": [0.5]})
    >>> misses_by_hour(trust).to_dict()
    {17: 0.0}
    """
    known = trust.dropna(subset=["answer_rate_predicted_share", "answer_rate_observed_share"])
    n, predicted = known["n_offered"].astype(float), known["answer_rate_predicted_share"].astype(float)
    observed = (n * known["answer_rate_observed_share"].astype(float) + predicted) / (n + 1.0)
    return (_log_odds(observed) - _log_odds(predicted)).set_axis(known["local_hour"].astype(int))


def answered_with(
    plan: pd.DataFrame, scenario: Scenario, *, patience_s: float, wait_scale: float = 1.0, threshold_s: float = 20.0,
    error: ModelError | None = None,
) -> Answered:
    """Predict a scenario, and by how much each doubt about the model moves the contacts answered.

    Parameters
    ----------
    plan : DataFrame
        What `interval_plan` returns.
    scenario : Scenario
    patience_s, wait_scale, threshold_s : float
        As in `csm_lib.staff.prediction.predict`.
    error : ModelError, optional
        Without one both doubts are NaN: not known is not none.

    Returns
    -------
    Answered

    Notes
    -----
    The patience is varied with intervals of nearly equal arrivals taken together, which moves the difference of two
    predictions by far less than either. A miss is carried over in log-odds, hour by hour.

    Examples
    --------
    >>> plan = pd.DataFrame({"local_hour": [17], "interval_s": 1800.0, "expected": 1440.0, "arrivals_per_h": 2880.0,
    ...                      "handle_s": 60.0, "agents": 50})
    >>> found = answered_with(plan, Scenario("as it is"), patience_s=120.0, error=ModelError((100.0, 150.0)))
    >>> bool(found.by_patience[0] < 0 < found.by_patience[1])
    True
    """
    predicted = predict(plan, scenario, patience_s=patience_s, wait_scale=wait_scale, threshold_s=threshold_s)
    summary = summary_by(predicted).iloc[0]
    if error is None:
        return Answered(summary, np.full(2, np.nan), np.nan)
    return Answered(summary, _by_patience(plan, scenario, patience_s, error.patience_range_s),
                    _by_miss(predicted, error.miss_by_hour))


def _by_patience(plan: pd.DataFrame, scenario: Scenario, patience_s: float, bounds_s: tuple[float, float]) -> Floats:
    changed = changed_plan(plan, scenario)
    busy = condensed(changed[changed["expected"] > 0])
    if np.isnan(bounds_s).any() or busy.empty:
        return np.zeros(2)
    middle, *ends = (float(predict(busy, patience_s=each)["answered"].sum()) for each in (patience_s, *bounds_s))
    return np.array(ends) - middle


def _by_miss(predicted: pd.DataFrame, miss_by_hour: pd.Series) -> float:
    hours = summary_by(predicted, ["local_hour"])
    hours = hours[hours["offered"] > 0]
    share = hours["answer_rate_share"]
    miss = hours["local_hour"].map(miss_by_hour).fillna(0.0)
    moved = expit(_log_odds(share) + miss) - expit(_log_odds(share))
    return float((moved * hours["offered"]).sum())


def _bounds(value: float, by_patience: Floats, by_miss: float) -> tuple[float, float]:
    down, up = max(0.0, *(-by_patience)), max(0.0, *by_patience)
    if np.isnan(by_patience).any() or np.isnan(by_miss):
        return np.nan, np.nan
    return value - float(np.hypot(down, by_miss)), value + float(np.hypot(up, by_miss))


def _log_odds(share: pd.Series) -> pd.Series:
    return pd.Series(logit(share.clip(_NEVER_CERTAIN, 1.0 - _NEVER_CERTAIN).to_numpy()), index=share.index)
