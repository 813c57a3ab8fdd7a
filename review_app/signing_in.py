"""Beginning and ending the session of a browser, and where to go on from there."""

from __future__ import annotations

from flask import redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import login_user, logout_user

from heaters_pipeline.domain.errors import InputError
from heaters_pipeline.domain.people import SESSION_SECRET, TooSoon
from heaters_pipeline.work import people
from review_app.access import Visitor, address
from review_app.services import transaction


def begin(secret: str) -> None:
    leave()
    session.permanent = True
    login_user(Visitor(secret=secret), force=True)


def leave() -> None:
    """Ends the session that this browser has, if any, and forgets all that its cookie carries: what
    somebody else may have put there must not outlast a sign-in."""
    secret = session.get(SESSION_SECRET)
    if secret:
        with transaction() as ended_in:
            people.sign_out(ended_in, secret, address())
    logout_user()
    session.clear()


def browser() -> str:
    return request.user_agent.string


def after(early: TooSoon) -> dict[str, str]:
    return {"Retry-After": str(early.seconds)}


def typed_twice() -> str:
    """The new password of a form. Raises InputError where its two fields differ."""
    new = request.form.get("new", "")
    if new != request.form.get("again"):
        raise InputError("The new password is not the same twice.")
    return new


def onward(path: str) -> ResponseReturnValue:
    """To the page that was asked for: a path of ours, as anything else may lead elsewhere."""
    is_ours = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return redirect(request.script_root + path if is_ours else url_for("review.index"), 303)
