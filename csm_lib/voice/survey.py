"""How far a questionnaire can be trusted: whether its items measure one thing.

Ratings of speed, accuracy, attitude and outcome are often added up to one score. The sum means something only where
the items move together; if they do not, a customer's score depends on which item happened to be asked.
"""

from __future__ import annotations

from typing import Any

import duckdb
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from csm_lib.errors import SettingError

__all__ = ["cronbach_alpha"]

Floats = NDArray[np.float64]

_ROUNDING = 1e-12  # a variance below this share of the squares it came from is rounding, not spread


def cronbach_alpha(items: Any, *, standardized: bool = False) -> float:
    """Measure how consistently several items of a questionnaire tell respondents apart.

    Parameters
    ----------
    items : array_like of float, shape (n_respondents, n_items), or frame
        Answers as numbers, two items or more, all pointing the same way (turn a reversed item round first). A
        respondent who left any item unanswered (NaN or null) is left out whole (listwise). A frame (pandas, Polars,
        Arrow, DuckDB relation) holds the items as its columns and nothing else.
    standardized : bool, default False
        Give every item the same weight whatever its spread; for items on different scales.

    Returns
    -------
    float
        At most 1: the items agree perfectly. Around 0 they have nothing in common; below 0 they contradict each other,
        most often because one of them points the other way.

    Raises
    ------
    SettingError
        If there are fewer than two items or fewer than two complete respondents, an answer is no finite number, the
        total is the same for everyone, or (standardized) an item is.

    Notes
    -----
    Plain: k/(k−1) × (1 − Σ item variances ÷ variance of the total), Cronbach (1951), *Psychometrika* 16:297, equation
    2, with k items. Standardized: k r̄ ÷ (1 + (k−1) r̄), with r̄ the mean correlation of two items (Spearman and Brown
    1910). A lower bound of reliability if errors are uncorrelated; it grows with the number of items, and does not show
    that they measure only one thing.

    Examples
    --------
    >>> round(cronbach_alpha([[1, 1, 1], [2, 3, 3], [3, 3, 4]]), 4)  # 25 / 26
    0.9615
    """
    answers = _answers(items)
    complete = answers[~np.isnan(answers).any(axis=1)]
    if len(complete) < 2:
        raise SettingError(
            f"items must hold two respondents or more who answered every item, got {len(complete)} "
            f"(of {len(answers)}). Ask more people, or leave out the item that most of them skipped."
        )
    scores = _standardized(complete) if standardized else complete
    n_items = scores.shape[1]
    matrix = np.cov(scores, rowvar=False)
    own, total = float(np.trace(matrix)), float(matrix.sum())
    if total <= _ROUNDING * float(np.sum(scores**2)):
        raise SettingError(
            f"items must tell respondents apart, got the same total from all {len(scores)}. "
            "Check that all items point the same way, or ask more people."
        )
    return n_items / (n_items - 1) * (1 - own / total)


def _standardized(answers: Floats) -> Floats:
    """Items with mean 0 and standard deviation 1; their covariances are correlations, so alpha is k r̄ ÷ (1+(k−1) r̄)."""
    spread = answers.std(axis=0, ddof=1)
    is_constant = spread**2 <= _ROUNDING * np.sum(answers**2, axis=0)
    if is_constant.any():
        raise SettingError(
            f"items must each vary to be standardized, got the same answer from all {len(answers)} respondents "
            f"({int(is_constant.sum())} of {len(spread)} items, first item {int(np.flatnonzero(is_constant)[0])}). "
            "Leave those items out, or use the plain alpha."
        )
    scores: Floats = (answers - answers.mean(axis=0)) / spread
    return scores


def _answers(items: Any) -> Floats:
    """Answers as floats, a missing one NaN; what is no finite number is refused."""
    plain = _table(items)
    if plain.ndim != 2 or plain.shape[1] < 2:
        raise SettingError(_wrong_shape(f"shape {plain.shape}"))
    cells = plain.astype(object).ravel()
    numbers = pd.to_numeric(pd.Series(cells, dtype=object), errors="coerce").to_numpy(float, na_value=np.nan)
    is_wrong = ~np.isfinite(numbers) & ~pd.isna(cells)
    if is_wrong.any():
        raise SettingError(
            f"items must be finite numbers, got {cells[np.flatnonzero(is_wrong)[0]]!r} ({int(is_wrong.sum())} of "
            f"{len(cells)} answers). Code the answers as numbers; leave a gap empty."
        )
    answers: Floats = numbers.reshape(plain.shape)
    return answers


def _table(items: Any) -> NDArray[Any]:
    """Whatever holds the answers, as an array."""
    if isinstance(items, duckdb.DuckDBPyRelation):
        items = items.to_arrow_table()
    if hasattr(items, "collect_schema") and hasattr(items, "collect"):
        items = items.collect()
    if not isinstance(items, (np.ndarray, pd.DataFrame)) and hasattr(items, "to_pandas"):
        items = items.to_pandas()
    try:
        return np.asarray(items, dtype=object if isinstance(items, pd.DataFrame) else None)
    except ValueError:
        raise SettingError(_wrong_shape("rows of different lengths")) from None


def _wrong_shape(found: str) -> str:
    return (
        f"items must have a row per respondent and a column for each of two items or more, got {found}. "
        "Give all items of one scale."
    )
