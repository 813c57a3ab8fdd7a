"""The page where people sign in, their password, and the way out."""

from __future__ import annotations

from typing import TypedDict
from urllib.parse import urlsplit

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from heaters_pipeline.db import audit
from heaters_pipeline.domain.errors import HeatersError, InputError, NotFound, Refused
from heaters_pipeline.domain.people import SignInRefused, TooSoon, Who
from heaters_pipeline.work import people, single_sign_on
from review_app import oidc as provider
from review_app.access import address, visitor
from review_app.services import services, transaction
from review_app.signing_in import after, begin, browser, leave, onward, typed_twice

blueprint = Blueprint("login", __name__)


class Browser(TypedDict):
    """From where somebody signs in, and for how long they stay so without a request."""

    address: str
    browser: str
    days: float


@blueprint.get("/login")
def page() -> ResponseReturnValue:
    if current_user.is_authenticated:
        return onward(request.args.get("next", ""))
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
        return _page(str(early)), 429, after(early)
    begin(secret)
    return onward(request.args.get("next", ""))


@blueprint.get("/login/oidc")
def oidc() -> ResponseReturnValue:
    """To the provider. A link leads here, as a form's policy would stop at its door."""
    try:
        return provider.leave_for(request.args.get("next", ""))
    except Refused as error:
        return _page(str(error)), 502


@blueprint.get("/login/oidc/return")
def oidc_return() -> ResponseReturnValue:
    """Back from the provider."""
    engine, role = services().engine, services().settings.login_role
    try:
        counted = single_sign_on.begin(engine, request.args.get("state", ""), address=address())
        arrival, path = provider.come_back()
        secret = single_sign_on.sign_in(engine, counted, arrival, role, browser=browser())
    except NotFound:
        raise
    except TooSoon as early:
        return _page(str(early)), 429, after(early)
    except HeatersError as error:
        with transaction() as written_in:
            audit.note(written_in, Who("nobody", address()), "fail to sign in", None, str(error))
        return _page(str(error)), 403
    begin(secret)
    return onward(path)


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
            typed_twice(),
            **_browser(),
        )
    except SignInRefused:
        wrong = "The present password is wrong."
        return render_template("password.html", sentence=wrong), 403
    except TooSoon as early:
        return render_template("password.html", sentence=str(early)), 429, after(early)
    except InputError as error:
        return render_template("password.html", sentence=str(error)), 400
    begin(secret)
    flash("Your password is changed. Elsewhere you are signed out.")
    return redirect(url_for("login.password"), 303)


@blueprint.post("/logout")
def sign_out() -> ResponseReturnValue:
    """A program with a token, or the local user, has no session to leave."""
    leave()
    return redirect(url_for("login.page"), 303)


def _browser() -> Browser:
    return {
        "address": address(),
        "browser": browser(),
        "days": services().settings.session_days,
    }


def _refuse_without_session() -> None:
    if not visitor().secret:
        raise NotFound("Only people who have signed in have a password.")


def _page(sentence: str = "") -> str:
    return render_template(
        "login.html",
        sentence=sentence,
        name=request.form.get("name", ""),
        provider=urlsplit(services().settings.oidc_issuer or "").hostname,
    )
