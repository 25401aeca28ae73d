"""When figures are final."""

from __future__ import annotations

from datetime import date

import pytest

from csm_lib.measure.windows import final_on
from csm_lib.periods import parse_period
from csm_lib.settings import IndicatorSettings, Settings, WorkbookSettings

QUARTER = parse_period("2024Q1")  # its last day is 31 March


@pytest.mark.parametrize(
    ("cut_off", "expected"),
    [
        (date(2024, 4, 10), {}),
        (date(2024, 4, 9), {"fcr": date(2024, 4, 10)}),
        (date(2024, 3, 31), {"fcr": date(2024, 4, 10), "escalation_rate": date(2024, 4, 1)}),
        (
            date(2024, 3, 20),
            {"frt": date(2024, 3, 31), "fcr": date(2024, 4, 10), "escalation_rate": date(2024, 4, 1)},
        ),
        (None, {}),
    ],
    ids=[
        "three days to mature and seven of window have passed",
        "the last window closes a day after the cut-off",
        "the data end with the period",
        "the period is still running",
        "nothing was ingested",
    ],
)
def test_a_figure_is_provisional_until_its_last_window_has_closed(
    cut_off: date | None, expected: dict[str, date]
) -> None:
    assert final_on(["frt", "fcr", "escalation_rate"], period=QUARTER, cut_off=cut_off) == expected


def test_windows_come_from_the_settings() -> None:
    settings = Settings(
        workbook=WorkbookSettings(repeat_window_days=14, maturity_days=0),
        indicators=IndicatorSettings.model_validate({"thresholds": {"escalation_h": 36}}),
    )
    found = final_on(["repeat_rate", "escalation_rate"], period=QUARTER, cut_off=date(2024, 3, 31), settings=settings)
    assert found == {"repeat_rate": date(2024, 4, 14), "escalation_rate": date(2024, 4, 2)}
