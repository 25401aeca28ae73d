"""Split a change over several causes at once, in a way that does not depend on which is named first.

A desk may have got harder issues, on harder channels, and worse at both. Changing one after the other gives each cause
a different part for every order; the mean over all orders is the one split that favours none, and still adds up.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import permutations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from csm_lib.errors import SettingError, UsageError
from csm_lib.explain.decomposition import cell_sums
from csm_lib.explain.explained import fair_parts

__all__ = ["MAX_FACTORS", "RATE", "product_parts", "shapley_mix", "shapley_values"]

MAX_FACTORS = 4
RATE = "rate"


def shapley_values(value: Callable[[frozenset[str]], float], *, causes: Sequence[str]) -> dict[str, float]:
    """Share a change out among causes: the mean, over all orders, of what each adds when it is switched.

    Parameters
    ----------
    value : callable
        Takes the causes that are already as they are now (the others being as they were) and gives the outcome.
    causes : sequence of str
        All different, at most a dozen: every subset is asked for once.

    Returns
    -------
    dict of str to float
        They add up to the outcome with all causes switched minus that with none.

    Notes
    -----
    Shapley (1953). For a product or a sum of products of factors it gives the formulas of Das Gupta (1993), U.S. Bureau
    of the Census, Current Population Reports P23-186; for two factors those of Kitagawa (1955).

    Examples
    --------
    >>> shapley_values(lambda now: (3 if "a" in now else 2) * (5 if "b" in now else 1), causes=["a", "b"])
    {'a': 3.0, 'b': 10.0}
    """
    subsets = (frozenset(cause for j, cause in enumerate(causes) if at >> j & 1) for at in range(2 ** len(causes)))
    outcomes = np.array([value(now) for now in subsets], dtype=float)
    return dict(zip(causes, fair_parts(outcomes).tolist(), strict=True))


def product_parts(before: Mapping[str, ArrayLike], after: Mapping[str, ArrayLike]) -> pd.DataFrame:
    """Split the change of a product of factors, such as contacts × hours a contact × cost an hour.

    Parameters
    ----------
    before, after : mapping of str to array_like of float, shape (n_groups,) or ()
        Factor to its values; the outcome is the sum over groups of the product of all factors.

    Returns
    -------
    DataFrame
        One row per factor in the order given: `factor`, `part`. The parts add up to the change; `.attrs` has `before`,
        `after`, `change`.

    Raises
    ------
    UsageError
        If the two periods name different factors, or there are none or more than a dozen.

    Examples
    --------
    >>> product_parts({"contacts": 100, "hours": 0.5}, {"contacts": 120, "hours": 0.4}).values.tolist()
    [['contacts', 9.0], ['hours', -11.0]]
    """
    names = list(before)
    if set(names) != set(after) or not 0 < len(names) <= 12:
        raise UsageError(
            f"before and after must name the same 1 to 12 factors, got {', '.join(names) or 'none'} and "
            f"{', '.join(after) or 'none'}. Name them alike."
        )

    def value(now: frozenset[str]) -> float:
        outcome: NDArray[np.float64] = np.float64(1.0) * np.asarray(1.0)
        for name in names:
            outcome = outcome * np.asarray((after if name in now else before)[name], dtype=float)
        return float(outcome.sum())

    parts = shapley_values(value, causes=names)
    table = pd.DataFrame({"factor": names, "part": [parts[name] for name in names]})
    first, last = value(frozenset()), value(frozenset(names))
    table.attrs.update(before=first, after=last, change=last - first)
    return table


def shapley_mix(
    before: Any, after: Any, *, factors: Sequence[str], numerator: str, denominator: str
) -> pd.DataFrame:
    """Split the change of an overall ratio into the mix of each of several factors, and the rate.

    Parameters
    ----------
    before, after : frame
        Row-level or already summed; columns `factors`, `numerator`, `denominator`, as `mix_and_rate` takes them.
    factors : sequence of str, 1 to `MAX_FACTORS`
        Columns. More of them leave less to the rate, and fewer rows in each combination.
    numerator, denominator : str
        Column names; summed within each combination of values.

    Returns
    -------
    DataFrame
        One row per factor in the order given and one called `RATE`: `factor`, `part`, in the unit of the ratio. The
        parts add up to the change. `.attrs` has `before`, `after`, `change` and `n_cells`.

    Raises
    ------
    UsageError
        If a column is absent, a period has no row in the population, or the factors are none, too many or repeated.
    SettingError
        As `mix_and_rate`.

    Notes
    -----
    The weight of a combination is the share of its first value × the share of its second value among rows alike in the
    first × …. These shares and the rates are switched from then to now in every order (`shapley_values`), and the
    factors are put in every order, so that neither order counts. A share or a rate that one period cannot tell is taken
    from the other: a combination seen once is all mix, as METHOD §4 has it. With one factor the parts are the sums of
    `mix_and_rate`.

    Examples
    --------
    >>> old = pd.DataFrame({"channel": ["chat", "phone"], "met": [90, 50], "n": [100, 100]})
    >>> new = pd.DataFrame({"channel": ["chat", "phone"], "met": [45, 75], "n": [50, 150]})
    >>> parts = shapley_mix(old, new, factors=["channel"], numerator="met", denominator="n")
    >>> parts.round(4).values.tolist()
    [['channel', -0.1], ['rate', 0.0]]
    """
    names = [factors] if isinstance(factors, str) else list(factors)
    if not 0 < len(names) <= MAX_FACTORS or len(set(names)) < len(names) or RATE in names:
        raise UsageError(
            f"factors must be 1 to {MAX_FACTORS} different columns, none called {RATE!r}, got {names!r}. Choose those "
            "that say what kind of contact it was."
        )
    sums = [
        cell_sums(frame, names, numerator, denominator, role=role)
        for frame, role in ((before, "before"), (after, "after"))
    ]
    _refuse_negative(sums, denominator)
    cells = sums[0].index.union(sums[1].index, sort=False)
    labels = pd.DataFrame([cell if len(names) > 1 else (cell,) for cell in cells], columns=names, dtype=object)
    codes = np.column_stack([pd.factorize(labels[name], use_na_sentinel=False)[0] for name in names])
    below, above = (
        np.stack([side[part].reindex(cells).fillna(0.0).to_numpy(dtype=float) for side in sums])
        for part in ("denominator", "numerator")
    )
    rates = _else_other(np.divide(above, below, out=np.full_like(above, np.nan), where=below > 0))
    orders = list(permutations(range(len(names))))
    parts = dict.fromkeys([*names, RATE], 0.0)
    for order in orders:
        for name, part in _in_order(order, names, codes, below, rates).items():
            parts[name] += part / len(orders)
    table = pd.DataFrame({"factor": list(parts), "part": list(parts.values())})
    first, last = (float(side["numerator"].sum() / side["denominator"].sum()) for side in sums)
    table.attrs.update(before=first, after=last, change=last - first, n_cells=len(cells))
    return table


def _in_order(
    order: Sequence[int], names: Sequence[str], codes: NDArray[np.int64], below: NDArray[np.float64],
    rates: NDArray[np.float64],
) -> dict[str, float]:  # fmt: skip
    """Split with the factors in one order: each one's shares among rows alike in those before it."""
    shares = {}
    group = np.zeros(len(codes), dtype=np.int64)
    for at in order:
        inner = np.unique(np.column_stack([group, codes[:, at]]), axis=0, return_inverse=True)[1].ravel()
        whole, part = ([np.bincount(numbers, side)[numbers] for side in below] for numbers in (group, inner))
        each = [np.divide(p, w, out=np.full(len(w), np.nan), where=w > 0) for p, w in zip(part, whole, strict=True)]
        shares[names[at]] = _else_other(np.stack(each))
        group = inner

    def value(now: frozenset[str]) -> float:
        outcome = rates[int(RATE in now)]
        for name, share in shares.items():
            outcome = outcome * share[int(name in now)]
        return float(outcome.sum())

    return shapley_values(value, causes=[*shares, RATE])


def _else_other(sides: NDArray[np.float64]) -> NDArray[np.float64]:
    """Take from the other period what one cannot tell."""
    return np.where(np.isnan(sides), sides[::-1], sides)


def _refuse_negative(sums: Sequence[pd.DataFrame], denominator: str) -> None:
    """Refuse combinations that weigh less than nothing: their shares would be no shares."""
    wrong = [cell for side in sums for cell in side.index[side["denominator"] < 0]]
    if wrong:
        raise SettingError(
            f"{denominator!r} must not be below 0 in any combination of the factors, got some in {wrong[0]!r} "
            f"({len(wrong)} combinations). Correct it, or leave those rows out."
        )
