"""The page of people: their roles, where they are signed in, their tokens, what they did."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from io import StringIO

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from heaters_pipeline.db import audit, people, sessions, tokens
from heaters_pipeline.db import invites as open_invites
from heaters_pipeline.domain.people import INVITE_DAYS
from heaters_pipeline.domain.roles import Role
from heaters_pipeline.work import invites
from heaters_pipeline.work import people as work
from review_app.access import signed_in, who
from review_app.fields import one_of
from review_app.services import services, transaction

blueprint = Blueprint("people", __name__)

LATEST = 50
"""Lines of the audit log on the page."""


@blueprint.get("/people")
def index() -> ResponseReturnValue:
    with transaction() as session:
        everybody = people.listed(session)
        return render_template(
            "people.html",
            people=everybody,
            names={person.id: person.name for person in everybody},
            roles=list(Role),
            invite_days=INVITE_DAYS,
            invites=open_invites.listed(session),
            sessions=sessions.listed(session, services().settings.session_days),
            tokens=tokens.listed(session),
            log=audit.latest(session, LATEST),
        )


@blueprint.post("/people")
def add() -> ResponseReturnValue:
    name, password = request.form.get("name", ""), request.form.get("password", "")
    role = _role()
    with transaction() as session:
        person = work.add(session, who(), name, role, password)
    return _back(f"{person.name} may sign in as {person.role}.")


@blueprint.post("/people/invites")
def invite() -> ResponseReturnValue:
    role = _role()
    with transaction() as session:
        secret = invites.invite(session, who(), signed_in(session), role, INVITE_DAYS)
    flash(url_for("invites.page", secret=secret, _external=True), "invite")
    return redirect(url_for("people.index"), 303)


@blueprint.post("/people/invites/<int:invite_id>/withdraw")
def withdraw(invite_id: int) -> ResponseReturnValue:
    with transaction() as session:
        invites.withdraw(session, who(), invite_id)
    return _back("The link lets nobody in any more.")


@blueprint.post("/people/<int:person_id>/role")
def set_role(person_id: int) -> ResponseReturnValue:
    role = _role()
    with transaction() as session:
        person = people.get(session, person_id)
        work.set_role(session, who(), person, role)
    return _back(f"{person.name} is {role} now, and has to sign in again.")


@blueprint.post("/people/<int:person_id>/remove")
def remove(person_id: int) -> ResponseReturnValue:
    with transaction() as session:
        person = people.get(session, person_id)
        work.remove(session, who(), person)
    return _back(f"{person.name} is let in no more.")


@blueprint.post("/people/<int:person_id>/sign-out")
def end_sessions(person_id: int) -> ResponseReturnValue:
    with transaction() as session:
        person = people.get(session, person_id)
        work.end_sessions(session, who(), person)
    return _back(f"{person.name} is signed out everywhere.")


@blueprint.post("/people/sessions/<int:session_id>/end")
def end_session(session_id: int) -> ResponseReturnValue:
    with transaction() as session:
        person = work.end_session(session, who(), session_id)
    return _back(f"{person.name} is signed out there.")


@blueprint.post("/people/tokens/<int:token_id>/revoke")
def revoke_token(token_id: int) -> ResponseReturnValue:
    with transaction() as session:
        token = work.revoke_token(session, who(), token_id)
    return _back(f"The token {token.name} is accepted no more.")


@blueprint.get("/people/audit.csv")
def log() -> Response:
    """All of the audit log, streamed."""

    response = Response(map(_line, audit.table(services().engine)), mimetype="text/csv")
    response.headers.set("Content-Disposition", "attachment", filename="audit.csv")
    return response


def _role() -> Role:
    return Role(one_of(Role, request.form, "role"))


def _line(row: Sequence[object]) -> str:
    page = StringIO()
    csv.writer(page).writerow(row)
    return page.getvalue()


def _back(sentence: str) -> ResponseReturnValue:
    flash(sentence)
    return redirect(url_for("people.index"), 303)
