"""Lists in parts: where the next part is. An answer names its address, so that a program follows
`next` until there is none; rows that are added or go meanwhile shift nothing."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import request


def next_address(**place: object) -> str:
    """The address of this request, from another place on."""
    rest = [(name, value) for name, value in request.args.items(multi=True) if name not in place]
    return f"{request.path}?{urlencode([*rest, *place.items()])}"
