"""Draft text: how a drafted source reads on the page, guesses beside what they rest on, values masked."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from unicodedata import east_asian_width

from csm_lib.collect.guesses import Guess, Profile
from csm_lib.collect.privacy import mask_text
from csm_lib.collect.vocabulary import likeness, plain_words
from csm_lib.definitions import TABLES, words_of

__all__ = ["DraftText", "toml_value", "write_draft"]

_LONGEST_SAMPLE = 24
_N_SAMPLES = 3
_NAME = re.compile(r"^[A-Z][\w.'-]+( [A-Z][\w.'-]*)+$|^[\u4e00-\u9fff]{2,4}$")
_PEOPLE = ("agent", "assignee", "operator", "owner", "reviewer", "user", "坐席", "客服", "受理人", "处理人", "质检员")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


@dataclass(frozen=True)
class DraftText:
    """What goes into a draft.

    Attributes
    ----------
    file_name, name, title : str
        The export, and how the source is called.
    table : str
    about_table : str
        How sure the table is, and which others came close.
    entry : dict
        Keys of the `[[files]]` entry before its columns, in order: value and comment.
    guesses : sequence of Guess
    profiles : sequence of Profile
        Every column of the export.
    zone : str
        What to say about the time zone.
    trial : sequence of str
        How the draft did on the first rows.
    """

    file_name: str
    name: str
    title: str
    table: str
    about_table: str
    entry: Mapping[str, tuple[Any, str]]
    guesses: Sequence[Guess]
    profiles: Sequence[Profile]
    zone: str
    trial: Sequence[str] = field(default_factory=list)


def toml_value(value: Any) -> str:
    """Write a value as TOML.

    Examples
    --------
    >>> toml_value({"from": 'a "b"', "personal": True})
    '{ from = "a \\\\"b\\\\"", personal = true }'
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(toml_value, value)) + "]"
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {toml_value(each)}" for key, each in value.items()) + " }"
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")


def _comment(text: str) -> str:
    """Make a text fit for a comment: one line, no signs that a terminal would obey."""
    return _CONTROL.sub(" ", text).rstrip()


def write_draft(draft: DraftText) -> str:
    """Write a draft as the text of a source file.

    Returns
    -------
    str
        TOML that loads: guesses as keys, everything else as comments.
    """
    texts = {column.name for column in TABLES[draft.table].columns if column.is_free_text}
    written = {guess.header for guess in draft.guesses if guess.column in texts or guess.given.get("personal")}
    samples = _samples(draft.profiles, hidden={str(header) for header in written})
    lines = [
        f"# Draft made by `csm source new {_comment(draft.file_name)}`. Read it before you rely on it.",
        "# sure: header and values agree · likely: one of them leaves a doubt · weak: little to go by · TODO: say it",
        "# here. Values are shown masked.",
        *(f"# {_comment(line)}" for line in draft.trial),
        f"name = {toml_value(draft.name)}",
        f"title = {toml_value(draft.title)}",
        *draft.zone.splitlines(),
        "",
        "[[files]]",
    ]
    lines += [_line(key, value, why) for key, (value, why) in draft.entry.items()]
    lines += [_line("table", draft.table, draft.about_table), "", "[files.columns]"]
    plain = [guess for guess in draft.guesses if "values" not in guess.given and not guess.unknown]
    lines += [_line(guess.column, _short(guess.given), _about(guess, samples)) for guess in plain]
    lines += _rest(draft, samples)
    for guess in draft.guesses:
        if guess not in plain:
            lines += ["", *_mapped(draft.table, guess, samples)]
    return "\n".join(lines) + "\n"


def _line(key: str, value: Any, why: str) -> str:
    said = f"{key} = {toml_value(value)}"
    # a Chinese character is twice as wide
    width = len(said) + sum(east_asian_width(letter) in "WF" for letter in said)
    return f"{said}{' ' * (44 - width)}  # {_comment(why)}" if why else said


def _short(given: Mapping[str, Any]) -> Any:
    return given["from"] if set(given) == {"from"} else given


def _about(guess: Guess, samples: Mapping[str, str]) -> str:
    shown = samples.get(str(guess.header), "")
    return " · ".join(part for part in (guess.confidence, guess.why, shown) if part)


def _samples(profiles: Sequence[Profile], *, hidden: set[str]) -> dict[str, str]:
    """Give a few values of every column, masked; none of a personal one, and none that people wrote freely."""
    chosen = [(profile.header, value) for profile in profiles for value in list(profile.values)[:_N_SAMPLES]]
    hidden = hidden | {each.header for each in profiles if each.is_personal or _look_like_names(each)}
    masked = mask_text([_comment(value) for _, value in chosen])
    found: dict[str, list[str]] = {}
    for (header, _), value in zip(chosen, masked, strict=True):
        short = value if len(value) <= _LONGEST_SAMPLE else value[: _LONGEST_SAMPLE - 1] + "…"
        found.setdefault(header, []).append("•••" if header in hidden else json.dumps(short, ensure_ascii=False))
    return {header: ", ".join(dict.fromkeys(values)) for header, values in found.items()}


def _look_like_names(profile: Profile) -> bool:
    """Tell whether most values have the form of people's names, and differ as names do."""
    n_names = sum(bool(_NAME.match(value)) for value in profile.values)
    return 2 * n_names > len(profile.values) and likeness(plain_words(profile.header), _PEOPLE) > 0


def _mapped(table: str, guess: Guess, samples: Mapping[str, str]) -> list[str]:
    """Write a column with its map of words; words that nobody knows wait for the person."""
    column = TABLES[table].column(guess.column)
    lines = [f"[files.columns.{guess.column}]  # {_comment(_about(guess, samples))}"]
    lines += [f"{key} = {toml_value(value)}" for key, value in guess.given.items() if key != "values"]
    values = guess.given.get("values", {})
    if values or guess.unknown:
        lines += ["", f"[files.columns.{guess.column}.values]"]
    lines += [f"{toml_value(theirs)} = {toml_value(ours)}" for theirs, ours in values.items()]
    allowed = ", ".join(words_of(column.words)) if column.words else ""
    masked = mask_text([_comment(word) for word in guess.unknown])
    for word, n in zip(masked, guess.unknown.values(), strict=True):
        lines.append(f'# {toml_value(word)} = ""  # TODO, {n} row{"s" if n > 1 else ""}: one of {allowed}')
    return lines


def _rest(draft: DraftText, samples: Mapping[str, str]) -> list[str]:
    """List what is not read, and which of our columns have no guess."""
    read = {guess.header for guess in draft.guesses}
    left = [profile for profile in draft.profiles if profile.header not in read]
    personal = [toml_value(each.header) for each in left if each.is_personal or each.looks_personal]
    lines = [f"# not read, personal: {_comment(', '.join(personal))}"] if personal else []
    for profile in left:
        if not (profile.is_personal or profile.looks_personal):
            shown = samples.get(profile.header, "") or "empty"
            lines.append(f"# not read: {_comment(toml_value(profile.header))} · {_comment(shown)}")
    have = {guess.column for guess in draft.guesses}
    lacking = [column.name for column in TABLES[draft.table].columns if column.name not in have]
    if lacking:
        lines.append(f'# not found, add ours = "theirs" where you know better: {", ".join(lacking)}')
    return lines
