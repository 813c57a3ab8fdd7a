"""The page where people sign in, and the way out."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_user, logout_user

from heaters_pipeline.domain.people import SignInRefused, TooSoon
from heaters_pipeline.work import people
from review_app.access import Visitor, address
from review_app.services import services, transaction

blueprint = Blueprint("login", __name__)


@blueprint.get("/login")
def page() -> ResponseReturnValue:
    if current_user.is_authenticated:
        return _onward()
    return _page()


@blueprint.post("/login")
def sign_in() -> ResponseReturnValue:
    try:
        secret = people.sign_in(
            services().engine,
            request.form.get("name", ""),
            request.form.get("password", ""),
            address=address(),
            browser=request.user_agent.string,
            days=services().settings.session_days,
        )
    except SignInRefused as refused:
        return _page(str(refused)), 403
    except TooSoon as early:
        return _page(str(early)), 429, {"Retry-After": str(early.seconds)}
    _leave()
    session.permanent = True
    login_user(Visitor(secret=secret), force=True)
    return _onward()


@blueprint.post("/logout")
def sign_out() -> ResponseReturnValue:
    """A program with a token, or the local user, has no session to leave."""
    _leave()
    return redirect(url_for("login.page"), 303)


def _leave() -> None:
    """Ends the session that this browser has, if any, and forgets all that its cookie carries: what
    somebody else may have put there must not outlast a sign-in."""
    secret = session.get("_user_id")
    if secret:
        with transaction() as ended_in:
            people.sign_out(ended_in, secret, address())
    logout_user()
    session.clear()


def _page(sentence: str = "") -> str:
    return render_template("login.html", sentence=sentence, name=request.form.get("name", ""))


def _onward() -> ResponseReturnValue:
    """To the page that was asked for: a path of ours, as anything else may lead elsewhere."""
    path = request.args.get("next", "")
    is_ours = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return redirect(request.script_root + path if is_ours else url_for("review.index"), 303)
