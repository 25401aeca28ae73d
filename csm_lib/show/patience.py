"""Patience and shrinkage in sentences: what was assumed, what was seen, and what the difference costs."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from csm_lib.results import Estimate
from csm_lib.show.findings import sentence_not_measured
from csm_lib.show.messages import say
from csm_lib.show.prose import Sentence, sentence

__all__ = ["sentence_of_patience", "sentence_of_shrinkage"]

_FAR = 0.01  # from which difference on a shrinkage is called too small

_HARMLESS = 0.01  # a point of the answer rate: less than quarters differ by chance


def sentence_of_patience(check: Any, consequence: pd.DataFrame, *, language: str | None = None) -> Sentence:
    """Say whether one mean patience describes the customers, and what it costs the answer to assume so.

    Parameters
    ----------
    check : PatienceCheck
        As `csm_lib.staff.patience.patience_check`; read `is_exponential n_abandoned mean_s early_ratio reason`.
    consequence : DataFrame
        As `csm_lib.staff.patience.patience_consequence`.
    language : str, optional

    Returns
    -------
    Sentence

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> check = SimpleNamespace(is_exponential=False, n_abandoned=1464, mean_s=115.0, early_ratio=0.45, reason="")
    >>> consequence = pd.DataFrame({"law": ["exponential", "as seen"], "abandon_share": [0.0917, 0.0901]})
    >>> sentence_of_patience(check, consequence)  # doctest: +NORMALIZE_WHITESPACE
    Patience is not exponential (1,464 hung up; mean as observed 115.0 s): at first customers leave at 0.4 times the
    usual rate. With today's staff the model loses 9.2% of the contacts if it is taken to be, 9.0% with patience as it
    was seen. The assumption moves the answer by 0.2 points: the need may be computed with it.
    """
    if check.is_exponential is None:
        return sentence_not_measured(check.reason, what=say("asked_patience", language), language=language)
    numbers: dict[str, tuple[object, str]] = {"n": (check.n_abandoned, "n"), "mean": (check.mean_s, "s")}
    if check.is_exponential:
        said = sentence(
            "Patience looks exponential ({n} hung up; mean as observed {mean}).",
            language=language, **numbers,
        )  # fmt: skip
    else:
        said = sentence(
            "Patience is not exponential ({n} hung up; mean as observed {mean}): at first customers leave at {early} "
            "times the usual rate.",
            language=language, early=(check.early_ratio, "number"), **numbers,
        )  # fmt: skip
    if consequence.empty:
        return said
    shares = consequence.set_index("law")["abandon_share"]
    said += sentence(
        "With today's staff the model loses {assumed} of the contacts if it is taken to be, {seen} with patience as it "
        "was seen.",
        language=language, assumed=(shares["exponential"], "share"), seen=(shares["as seen"], "share"),
    )  # fmt: skip
    cost = abs(float(shares["exponential"] - shares["as seen"]))
    if cost < _HARMLESS:
        return said + sentence(
            "The assumption moves the answer by {cost} points: the need may be computed with it.",
            language=language, cost=(cost, "points"),
        )  # fmt: skip
    return said + sentence(
        "The assumption moves the answer by {cost} points: read the need and every scenario with that much doubt.",
        language=language,
        cost=(cost, "points"),
    )  # fmt: skip


def sentence_of_shrinkage(found: Estimate, *, assumed: float, language: str | None = None) -> Sentence:
    """Set the shrinkage that the shifts record beside the one that the need was computed with.

    Parameters
    ----------
    found : Estimate
        As `csm_lib.staff.shrinkage.shrinkage_of`.
    assumed : float
        Share in the settings, 0 to 1.
    language : str, optional

    Returns
    -------
    Sentence

    Examples
    --------
    >>> sentence_of_shrinkage(Estimate(0.049, 0.048, 0.05, 1092, "counted"), assumed=0.3)
    Shifts record 4.9% of paid time on breaks or away (1,092 shifts); the need is computed with 30.0%.
    >>> short = Estimate(0.049, 0.048, 0.05, 1092, "counted")
    >>> sentence_of_shrinkage(short, assumed=0.0)  # doctest: +NORMALIZE_WHITESPACE
    Shifts record 4.9% of paid time on breaks or away (1,092 shifts); the need is computed with 0.0%. So rosters below
    are short by the difference: set the shrinkage in staffing.toml to what is recorded, unless those times fall outside
    the hours of need.
    """
    if math.isnan(found.value):
        return sentence_not_measured(found.method.removeprefix("not measured: "),
                                     what=say("asked_shrinkage", language), language=language)  # fmt: skip
    said = sentence(
        "Shifts record {found} of paid time on breaks or away ({n} shifts); the need is computed with {assumed}.",
        language=language, found=(found.value, "share"), n=(found.n, "n"), assumed=(assumed, "share"),
    )  # fmt: skip
    if found.low <= assumed or found.value - assumed < _FAR:
        return said
    return said + sentence("{said}", language=language, said=say("shrinkage_short", language))
