"""Errors as people and scripts read them: one sentence, in the page or as JSON `{"error"}`."""

from __future__ import annotations

from flask import Flask, current_app, jsonify, make_response, render_template, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DataError
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
from review_app.guard import SAFE
from review_app.uploads import tus
from review_app.uploads.folder import UploadRefused


def register(app: Flask) -> None:
    app.register_error_handler(HeatersError, _heaters_error)
    app.register_error_handler(DataError, _data_error)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(CSRFError, _csrf_error)


def answer(sentence: str, status: int) -> ResponseReturnValue:
    if wants_json():
        return jsonify(error=sentence), status
    return render_template("error.html", sentence=sentence), status


def wants_json() -> bool:
    return request.path.startswith(("/api/", "/media/")) or tus.is_meant()


def _heaters_error(error: HeatersError) -> ResponseReturnValue:
    if isinstance(error, UploadRefused):
        return answer(str(error), error.status)
    if isinstance(error, ObjectMissing | NotFound):
        return answer(str(error), 404)
    if isinstance(error, TooMany):
        return answer(str(error), 429)
    if isinstance(error, Forbidden):
        return answer(str(error), 403)
    if isinstance(error, Gone):
        return answer(str(error), 410)
    if isinstance(error, Conflict):
        return answer(str(error), 409)
    if isinstance(error, InputError):
        return answer(str(error), 400)
    return answer(str(error), 500)


def _data_error(_error: DataError) -> ResponseReturnValue:
    """The request has a number or a text that no row can hold: an address that names it names
    nothing (404), a parameter or a field with it is wrong (400)."""
    current_app.logger.warning("Refused %s %s", request.method, request.path, exc_info=True)
    return answer(
        "The request has a number that is too large or a text with a null character: check it.",
        404 if request.method in SAFE and not request.args else 400,
    )


def _http_error(error: HTTPException) -> ResponseReturnValue:
    if error.response is not None:  # a redirect
        return error.response
    sentences = {
        404: "There is no such page.",
        413: "The request is too large: send it in smaller parts.",
        500: "The server failed; its log says why.",
    }
    code = error.code or 500
    said = error.description
    if said == type(error).description:  # werkzeug's own words
        said = sentences.get(code, said)
    answered = make_response(answer(said or error.name, code))
    # Allow, Retry-After and the like.
    answered.headers.extend(
        (name, value) for name, value in error.get_headers() if name != "Content-Type"
    )
    return answered


def _csrf_error(_error: CSRFError) -> ResponseReturnValue:
    return answer("This page is from an earlier session: load it again.", 400)
