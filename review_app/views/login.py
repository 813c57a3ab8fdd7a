"""The page where people sign in, their password, and the way out."""

from __future__ import annotations

from typing import TypedDict

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_user, logout_user

from heaters_pipeline.domain.errors import InputError, NotFound
from heaters_pipeline.domain.people import SignInRefused, TooSoon
from heaters_pipeline.work import people
from review_app.access import Visitor, address, visitor
from review_app.services import services, transaction

blueprint = Blueprint("login", __name__)


class Browser(TypedDict):
    """From where somebody signs in, and for how long they stay so without a request."""

    address: str
    browser: str
    days: float


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
            **_browser(),
        )
    except SignInRefused as refused:
        return _page(str(refused)), 403
    except TooSoon as early:
        return _page(str(early)), 429, _after(early)
    _begin(secret)
    return _onward()


@blueprint.get("/password")
def password() -> ResponseReturnValue:
    _refuse_without_session()
    return render_template("password.html")


@blueprint.post("/password")
def change_password() -> ResponseReturnValue:
    _refuse_without_session()
    try:
        secret = people.change_password(
            services().engine,
            str(visitor().name),
            request.form.get("password", ""),
            _typed_twice(),
            **_browser(),
        )
    except SignInRefused:
        wrong = "The present password is wrong."
        return render_template("password.html", sentence=wrong), 403
    except TooSoon as early:
        return render_template("password.html", sentence=str(early)), 429, _after(early)
    except InputError as error:
        return render_template("password.html", sentence=str(error)), 400
    _begin(secret)
    flash("Your password is changed. Elsewhere you are signed out.")
    return redirect(url_for("login.password"), 303)


@blueprint.post("/logout")
def sign_out() -> ResponseReturnValue:
    """A program with a token, or the local user, has no session to leave."""
    _leave()
    return redirect(url_for("login.page"), 303)


def _begin(secret: str) -> None:
    _leave()
    session.permanent = True
    login_user(Visitor(secret=secret), force=True)


def _leave() -> None:
    """Ends the session that this browser has, if any, and forgets all that its cookie carries: what
    somebody else may have put there must not outlast a sign-in."""
    secret = session.get("_user_id")
    if secret:
        with transaction() as ended_in:
            people.sign_out(ended_in, secret, address())
    logout_user()
    session.clear()


def _browser() -> Browser:
    return {
        "address": address(),
        "browser": request.user_agent.string,
        "days": services().settings.session_days,
    }


def _after(early: TooSoon) -> dict[str, str]:
    return {"Retry-After": str(early.seconds)}


def _refuse_without_session() -> None:
    if not visitor().secret:
        raise NotFound("Only people who have signed in have a password.")


def _typed_twice() -> str:
    new = request.form.get("new", "")
    if new != request.form.get("again"):
        raise InputError("The new password is not the same twice.")
    return new


def _page(sentence: str = "") -> str:
    return render_template("login.html", sentence=sentence, name=request.form.get("name", ""))


def _onward() -> ResponseReturnValue:
    """To the page that was asked for: a path of ours, as anything else may lead elsewhere."""
    path = request.args.get("next", "")
    is_ours = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return redirect(request.script_root + path if is_ours else url_for("review.index"), 303)
