"""The document of the API, for programs and as a page."""

from __future__ import annotations

from functools import cache
from typing import Any

from flask import Blueprint, Response, current_app, jsonify, render_template, request
from flask.typing import ResponseReturnValue

from review_app.api import document as openapi
from review_app.streams import REVALIDATE

blueprint = Blueprint("api", __name__)


@blueprint.get(openapi.ADDRESS)
def document() -> Response:
    response = jsonify(_document())
    response.headers["Cache-Control"] = REVALIDATE
    response.add_etag()
    response.make_conditional(request)
    return response


@blueprint.get("/api")
def page() -> ResponseReturnValue:
    return render_template("api.html", document=_document(), address=openapi.ADDRESS)


def _document() -> dict[str, Any]:
    return _written(current_app._get_current_object())  # type: ignore[attr-defined]


@cache
def _written(app: Any) -> dict[str, Any]:
    return openapi.document(app)
