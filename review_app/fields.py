"""What a request's JSON or address says, checked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from flask import request

from heaters_pipeline.domain.errors import InputError


def arguments() -> dict[str, str]:
    """Of the request's address; the values of one that comes more than once, as forms send the
    choices of a list, with commas between them."""
    return {name: ",".join(request.args.getlist(name)) for name in request.args}


def json_object() -> dict[str, Any]:
    try:
        found = request.get_json(silent=True)
    except RecursionError:  # objects within objects within objects
        found = None
    if not isinstance(found, dict):
        raise InputError("The request must carry a JSON object.")
    return found


def one_of(allowed: Iterable[str], fields: Mapping[str, Any], name: str, default: str = "") -> str:
    value = fields.get(name, default)
    names = sorted(allowed)
    if value not in names:
        raise InputError(f"The {name} is {value!r}; it must be one of {', '.join(names)}.")
    return str(value)


def text(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str):
        raise InputError(f"{name} is {value!r}; it must be a text.")
    return value


def integer(fields: Mapping[str, Any], name: str) -> int:
    value = fields.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise InputError(f"{name} is {value!r}; it must be a whole number.")
    return value


def integers(fields: Mapping[str, Any], name: str) -> list[int]:
    value = fields.get(name)
    if not isinstance(value, list):
        raise InputError(f"{name} is {value!r}; it must be a list of whole numbers.")
    return [integer({name: each}, name) for each in value]
