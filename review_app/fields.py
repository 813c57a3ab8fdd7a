"""What a request's form or address says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from flask import request

from heaters_pipeline.domain.errors import InputError


def arguments() -> dict[str, str]:
    """Of the request's address; the values of one that comes more than once, as forms send the
    choices of a list, with commas between them."""
    return {name: ",".join(request.args.getlist(name)) for name in request.args}


def one_of(allowed: Iterable[str], fields: Mapping[str, Any], name: str, default: str = "") -> str:
    value = fields.get(name, default)
    names = sorted(allowed)
    if value not in names:
        raise InputError(f"The {name} is {value!r}; it must be one of {', '.join(names)}.")
    return str(value)
