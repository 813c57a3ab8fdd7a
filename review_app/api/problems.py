"""Errors as programs read them: application/problem+json (RFC 9457), and which error has which
status."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from flask import Response, current_app
from pydantic import BaseModel, ConfigDict
from werkzeug.exceptions import HTTPException

from heaters_pipeline.domain.errors import (
    Conflict,
    Forbidden,
    Gone,
    HeatersError,
    InputError,
    NotFound,
    TooMany,
)
from heaters_pipeline.storage import ObjectMissing

MIMETYPE = "application/problem+json"

_STATUS: Mapping[type[HeatersError], int] = {
    ObjectMissing: 404,
    NotFound: 404,
    Forbidden: 403,
    TooMany: 429,
    Gone: 410,
    Conflict: 409,
    InputError: 400,
    HeatersError: 500,
}


class Problem(BaseModel):
    """Why a request was refused. Some have more members, which their operation tells of."""

    model_config = ConfigDict(use_attribute_docstrings=True, extra="allow")

    title: str
    """The status in words."""
    status: int
    detail: str
    """One sentence: what is wrong, where, what to do."""


def problem(sentence: str, status: int, **more: object) -> Response:
    """The type is `about:blank`, which need not be said: the status tells the kind."""
    said = Problem(title=HTTPStatus(status).phrase, status=status, detail=sentence)
    body = current_app.json.dumps({**said.model_dump(), **more})
    return Response(body, status, mimetype=MIMETYPE)


def status_of(error: type[Exception]) -> int:
    if issubclass(error, HTTPException):
        return error.code or 500
    return next(_STATUS[each] for each in error.__mro__ if each in _STATUS)
