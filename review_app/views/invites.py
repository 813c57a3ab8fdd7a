"""The page behind the link of an invitation: whoever has it chooses a name and a password."""

from __future__ import annotations

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from heaters_pipeline.domain.errors import Conflict, InputError, NotFound
from heaters_pipeline.domain.people import TooSoon
from heaters_pipeline.work import invites
from review_app.access import address
from review_app.services import services
from review_app.signing_in import after, begin, browser, onward, typed_twice

blueprint = Blueprint("invites", __name__)


@blueprint.get("/invites/<secret>")
def page(secret: str) -> ResponseReturnValue:
    try:
        return _page(secret)
    except TooSoon as early:
        return render_template("error.html", sentence=str(early)), 429, after(early)


@blueprint.post("/invites/<secret>")
def accept(secret: str) -> ResponseReturnValue:
    try:
        return _accept(secret)
    except TooSoon as early:
        return render_template("error.html", sentence=str(early)), 429, after(early)


def _accept(secret: str) -> ResponseReturnValue:
    try:
        session = invites.accept(
            services().engine,
            secret,
            request.form.get("name", ""),
            typed_twice(),
            address=address(),
            browser=browser(),
        )
    except NotFound:
        raise
    except (InputError, Conflict) as error:
        return _page(secret, str(error)), 409 if isinstance(error, Conflict) else 400
    begin(session)
    return onward("")


def _page(secret: str, sentence: str = "") -> str:
    """Raises what `invites.role_of` does."""
    role = invites.role_of(services().engine, secret, address=address())
    return render_template(
        "invite.html",
        secret=secret,
        role=role,
        sentence=sentence,
        name=request.form.get("name", ""),
    )
