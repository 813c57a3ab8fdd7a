"""Errors as people and programs read them: one sentence, in a page or as a problem
(`api.problems`)."""

from __future__ import annotations

from flask import Flask, current_app, make_response, render_template, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DataError
from werkzeug.exceptions import HTTPException

from heaters_pipeline.domain.errors import HeatersError
from heaters_pipeline.domain.people import SESSION_COOKIE
from review_app.api.problems import problem, status_of
from review_app.guard import SAFE
from review_app.uploads import tus
from review_app.uploads.upload import UploadRefused


def register(app: Flask) -> None:
    app.register_error_handler(HeatersError, _heaters_error)
    app.register_error_handler(DataError, _data_error)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(CSRFError, _csrf_error)


def answer(sentence: str, status: int) -> ResponseReturnValue:
    if wants_json():
        return problem(sentence, status)
    return render_template("error.html", sentence=sentence), status


def wants_json() -> bool:
    return request.path.startswith(("/api/v1/", "/media/")) or tus.is_meant()


def _heaters_error(error: HeatersError) -> ResponseReturnValue:
    status = error.status if isinstance(error, UploadRefused) else status_of(type(error))
    return answer(str(error), status)


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
    """Browsers say where a request comes from; programs don't."""
    if (
        wants_json()
        and "Sec-Fetch-Site" not in request.headers
        and SESSION_COOKIE not in request.cookies
    ):
        return answer(
            "A program sends Authorization: Bearer and its token, which `heaters tokens add` makes "
            "(docs/api.md).",
            400,
        )
    return answer("This page is from an earlier session: load it again.", 400)
