"""Know what a notebook can be told, and refuse anything else before a kernel starts.

Papermill only logs a parameter that a notebook does not have, so a misspelt one would silently run the default. Here
the cell tagged `parameters` is read (never run): `name: type = literal` lines declare what there is.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from csm_lib.errors import SettingError

__all__ = ["Parameter", "cells_of", "parameters_for", "parameters_of"]

_TYPES: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "int": (int,),
    "float": (float, int),
    "bool": (bool,),
    "list": (list, tuple),
    "dict": (dict,),
    "None": (type(None),),
}


@dataclass(frozen=True)
class Parameter:
    """One parameter that a notebook declares.

    Attributes
    ----------
    name : str
    kind : str
        The declared type as written, for example `int` or `float | None`.
    default : object
        The literal of the parameters cell.
    """

    name: str
    kind: str
    default: Any


def parameters_of(path: Path) -> dict[str, Parameter]:
    """Read the parameters that a notebook declares.

    Parameters
    ----------
    path : Path
        A notebook with one cell tagged `parameters`, one `name: type = literal` a line.

    Returns
    -------
    dict of str to Parameter
        In the order written; empty without such a cell.

    Raises
    ------
    SettingError
        If a line of the cell is not of that form.
    """
    declared: dict[str, Parameter] = {}
    for kind, source, tags in cells_of(path):
        if kind != "code" or "parameters" not in tags:
            continue
        try:
            for line in ast.parse(source).body:
                one = _declared(line)
                declared[one.name] = one
        except (SyntaxError, ValueError) as error:
            raise SettingError(
                f"parameters cell must hold lines like 'name: type = literal', got {source!r} ({path.name}). "
                "Write one parameter a line, with its type."
            ) from error
    return declared


def cells_of(path: Path) -> list[tuple[str, str, list[str]]]:
    """Read the cells of a notebook without its outputs, and without the libraries that run notebooks.

    Parameters
    ----------
    path : Path

    Returns
    -------
    list of tuple of (str, str, list of str)
        Kind, source and tags of each.

    Raises
    ------
    SettingError
        If the file is not a notebook.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))["cells"]
        return [(cell["cell_type"], "".join(cell["source"]), cell["metadata"].get("tags", [])) for cell in found]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SettingError(
            f"{path.name} must be a Jupyter notebook, got something else ({path}). Restore it, or save it anew."
        ) from error


def parameters_for(
    notebooks: Sequence[Path], *, common: Mapping[str, Any], own: Mapping[str, Mapping[str, Any]]
) -> dict[str, dict[str, Any]]:
    """Check every parameter by name and type and sort them by notebook.

    Parameters
    ----------
    notebooks : sequence of Path
    common : mapping of str to object
        Given to every notebook; each must declare them.
    own : mapping of str to mapping of str to object
        Notebook to name to value. A text value for a parameter that is not a text is read as a literal.

    Returns
    -------
    dict of str to dict of str to object
        Notebook name to its parameters.

    Raises
    ------
    SettingError
        If a notebook or parameter does not exist or a value has the wrong type; all of them are listed.
    """
    declared = {path.stem: parameters_of(path) for path in notebooks}
    given: dict[str, dict[str, Any]] = {name: {} for name in declared}
    broken: list[str] = []
    wanted = [(name, key, value) for name in declared for key, value in common.items()]
    wanted += [(name, key, value) for name, values in own.items() for key, value in values.items()]
    for notebook, key, value in wanted:
        if notebook not in declared:
            broken.append(_refusal("notebook", notebook, list(declared), "notebooks of this run"))
        elif key in common and key in own.get(notebook, {}):
            broken.append(_common_refusal(notebook, key))
        elif key not in declared[notebook]:
            broken.append(_refusal("parameter", f"{notebook}.{key}", list(declared[notebook]), "it has"))
        else:
            try:
                given[notebook][key] = _typed(value, declared[notebook][key])
            except ValueError:
                kind = declared[notebook][key].kind
                broken.append(f"{notebook}.{key} must be of type {kind}, got {value!r}. Correct the value.")
    if broken:
        raise SettingError("\n".join(dict.fromkeys(broken)))
    return given


def _common_refusal(notebook: str, key: str) -> str:
    """Say why one notebook cannot have a period, scope or language of its own: a report speaks of one."""
    how = "the argument PERIOD" if key == "period" else f"--{key}"
    return f"{notebook}.{key} must be that of the whole report, got one of its own. Use {how}."


def _refusal(what: str, got: str, options: list[str], lead: str) -> str:
    known = ", ".join(repr(option) for option in options) or "none"
    return f"{what} must be one that exists, got {got!r} ({lead}: {known}). Check the spelling."


def _declared(line: ast.stmt) -> Parameter:
    if not isinstance(line, ast.AnnAssign) or not isinstance(line.target, ast.Name) or line.value is None:
        raise ValueError(ast.unparse(line))
    return Parameter(line.target.id, ast.unparse(line.annotation), ast.literal_eval(line.value))


def _typed(value: Any, parameter: Parameter) -> Any:
    """Return the value as the declared type, or raise ValueError."""
    kinds = [part.strip().partition("[")[0] for part in parameter.kind.split("|")]
    if isinstance(value, str) and "str" not in kinds:
        try:
            value = ast.literal_eval(value.capitalize() if value in ("true", "false", "none") else value)
        except (SyntaxError, ValueError) as error:
            raise ValueError(value) from error
    fits = any(isinstance(value, _TYPES.get(kind, (object,))) for kind in kinds)
    if not fits or (isinstance(value, bool) and "bool" not in kinds):
        raise ValueError(value)
    return float(value) if kinds == ["float"] else value
