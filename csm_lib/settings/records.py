"""What the records of settings share: their base, their kinds of numbers, and how a wrong word is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from csm_lib.definitions import words_of
from csm_lib.errors import SettingError

__all__ = ["Channels", "Record", "Seconds", "Share", "known", "or_value_error"]

Share = Annotated[float, Field(ge=0, le=1)]
Seconds = Annotated[float, Field(ge=0)]


class Record(BaseModel):
    """One table of a settings file: frozen, and no key that is not named here."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=False)


def or_value_error(check: Callable[[], object]) -> None:
    """Run a check of another module; its refusal becomes one of this field.

    Raises
    ------
    ValueError
        If the check refuses; pydantic adds the field.
    """
    try:
        check()
    except SettingError as refused:
        raise ValueError(str(refused).partition(", got ")[0]) from refused


def known(what: str, names: tuple[str, ...], allowed: tuple[str, ...]) -> tuple[str, ...]:
    """Give names back if all are allowed.

    Raises
    ------
    ValueError
        If one is not; pydantic adds the field.

    Examples
    --------
    >>> known("channel", ("phone",), ("phone", "chat"))
    ('phone',)
    """
    for name in names:
        if name not in allowed:
            raise ValueError(f"{what} must be one of {', '.join(allowed)}")
    return names


Channels = Annotated[tuple[str, ...], AfterValidator(lambda names: known("channel", names, words_of("channel")))]
