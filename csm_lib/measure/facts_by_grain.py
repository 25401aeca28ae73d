"""Facts by grain, each made when it is first asked for: who asks about contacts need not wait for status changes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

__all__ = ["FactsByGrain"]


class FactsByGrain(Mapping[str, Any]):
    """A mapping of grain to frame that makes a frame at its first use and keeps it.

    Parameters
    ----------
    grains : iterable of str
    make : callable
        Makes the frame of a grain; None says that there is no source.

    Examples
    --------
    >>> made = []
    >>> facts = FactsByGrain(["contact", "survey"], lambda grain: made.append(grain) or grain.upper())
    >>> facts["survey"], facts["survey"], list(facts), made
    ('SURVEY', 'SURVEY', ['contact', 'survey'], ['survey'])
    >>> "review" in facts
    False
    """

    def __init__(self, grains: Iterable[str], make: Callable[[str], Any]) -> None:
        self._grains = dict.fromkeys(grains)
        self._make = make
        self._made: dict[str, Any] = {}

    def __getitem__(self, grain: str) -> Any:
        if grain not in self._grains:
            raise KeyError(grain)
        if grain not in self._made:
            self._made[grain] = self._make(grain)
        return self._made[grain]

    def __contains__(self, grain: object) -> bool:
        return grain in self._grains

    def __iter__(self) -> Iterator[str]:
        return iter(self._grains)

    def __len__(self) -> int:
        return len(self._grains)
