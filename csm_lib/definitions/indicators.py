"""The indicator dictionary: one row per indicator, and what is printed as the definition is what runs.

The rows stand by dimension in `efficiency`, `quality` and `experience`; what a row is, in `indicator`.
"""

from __future__ import annotations

from types import MappingProxyType

from csm_lib.definitions.efficiency import EFFICIENCY
from csm_lib.definitions.experience import EXPERIENCE
from csm_lib.definitions.indicator import Indicator
from csm_lib.definitions.quality import QUALITY
from csm_lib.errors import SettingError

__all__ = ["INDICATORS", "Indicator", "indicator"]

INDICATORS = MappingProxyType({row.key: row for row in (*EFFICIENCY, *QUALITY, *EXPERIENCE)})


def indicator(key: str) -> Indicator:
    """Give an indicator by key.

    Raises
    ------
    SettingError
        If there is none of that key; the message lists the keys.

    Examples
    --------
    >>> indicator("fcr").unit
    'share'
    """
    if key not in INDICATORS:
        raise SettingError(f"indicator must be one of {', '.join(INDICATORS)}, got {key!r}. Correct the key.")
    return INDICATORS[key]
