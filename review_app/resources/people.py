"""People, where they are signed in, their tokens, and what they did."""

from __future__ import annotations

from datetime import datetime

from flask import Blueprint, url_for
from pydantic import Field
from sqlmodel import Session

from heaters_pipeline.db import audit, people, sessions, tokens
from heaters_pipeline.db import invites as open_invites
from heaters_pipeline.domain.errors import Conflict
from heaters_pipeline.domain.people import INVITE_DAYS
from heaters_pipeline.domain.roles import Role
from heaters_pipeline.work import invites as inviting
from heaters_pipeline.work import people as work
from review_app.access import signed_in, who
from review_app.api.keyset import next_address
from review_app.api.operation import Answer, Body, Nothing, Query, described
from review_app.services import services, transaction

blueprint = Blueprint("api_people", __name__)

MOST = 1000


class NewRole(Body):
    role: Role


class NewPerson(NewRole):
    name: str
    password: str


class LogPart(Query):
    limit: int = Field(100, ge=1, le=MOST)
    before: int | None = Field(None, ge=0)
    """Entries that are older than the one with this id."""


class PersonJson(Answer):
    id: int
    name: str
    role: Role
    created_at: datetime


class SessionJson(Answer):
    id: int
    person_id: int
    address: str
    browser: str
    created_at: datetime
    seen_at: datetime


class TokenJson(Answer):
    id: int
    person_id: int
    name: str
    role: Role
    created_at: datetime
    expires_at: datetime
    seen_at: datetime | None


class PeopleJson(Answer):
    people: list[PersonJson]
    sessions: list[SessionJson]
    tokens: list[TokenJson]


class InviteJson(Answer):
    id: int
    role: Role
    created_at: datetime
    expires_at: datetime


class InvitesJson(Answer):
    invites: list[InviteJson]


class LinkJson(Answer):
    address: str
    """Lets one person in, once. It can't be read again."""


class AuditEntryJson(Answer):
    id: int
    at: datetime
    actor: str
    address: str
    action: str
    target: str | None
    detail: str | None


class AuditLogJson(Answer):
    entries: list[AuditEntryJson]
    next: str | None
    """The address of the next part of the list. None: this is the last."""


@blueprint.get("/api/v1/people")
@described()
def listed() -> PeopleJson:
    """Who may sign in, where they are signed in, and their tokens."""
    with transaction() as session:
        return _everybody(session)


@blueprint.post("/api/v1/people")
@described(Conflict)
def add(body: NewPerson) -> PersonJson:
    """Adds a person, who may sign in from now on."""
    with transaction() as session:
        person = work.add(session, who(), body.name, body.role, body.password)
        return PersonJson.model_validate(person)


@blueprint.get("/api/v1/invites")
@described()
def invites() -> InvitesJson:
    """The links that still let somebody in."""
    with transaction() as session:
        found = open_invites.listed(session)
        return InvitesJson(invites=[InviteJson.model_validate(each) for each in found])


@blueprint.post("/api/v1/invites")
@described(is_secret=True)
def invite(body: NewRole) -> LinkJson:
    """Makes a link by which somebody becomes a person of that role."""
    with transaction() as session:
        secret = inviting.invite(session, who(), signed_in(session), body.role, INVITE_DAYS)
    return LinkJson(address=url_for("invites.page", secret=secret, _external=True))


@blueprint.post("/api/v1/invites/<int:invite_id>/withdraw")
@described()
def withdraw(invite_id: int) -> Nothing:
    """Ends a link."""
    with transaction() as session:
        inviting.withdraw(session, who(), invite_id)
    return {}


@blueprint.post("/api/v1/people/<int:person_id>/role")
@described(Conflict)
def set_role(person_id: int, body: NewRole) -> PersonJson:
    """Gives a person another role. They have to sign in again."""
    with transaction() as session:
        person = people.get(session, person_id)
        work.set_role(session, who(), person, body.role)
        return PersonJson.model_validate(person)


@blueprint.post("/api/v1/people/<int:person_id>/remove")
@described(Conflict)
def remove(person_id: int) -> Nothing:
    """Lets a person in no more. Their decisions stay."""
    with transaction() as session:
        work.remove(session, who(), people.get(session, person_id))
    return {}


@blueprint.post("/api/v1/people/<int:person_id>/sign-out")
@described()
def end_sessions(person_id: int) -> PersonJson:
    """Signs a person out everywhere."""
    with transaction() as session:
        person = people.get(session, person_id)
        work.end_sessions(session, who(), person)
        return PersonJson.model_validate(person)


@blueprint.post("/api/v1/people/sessions/<int:session_id>/end")
@described()
def end_session(session_id: int) -> PersonJson:
    """Ends one session."""
    with transaction() as session:
        return PersonJson.model_validate(work.end_session(session, who(), session_id))


@blueprint.post("/api/v1/people/tokens/<int:token_id>/revoke")
@described()
def revoke_token(token_id: int) -> Nothing:
    """Accepts a token no more."""
    with transaction() as session:
        work.revoke_token(session, who(), token_id)
    return {}


@blueprint.get("/api/v1/audit-log")
@described()
def log(part: LogPart) -> AuditLogJson:
    """Who did what, from where, and when; the latest first."""
    with transaction() as session:
        found = audit.latest(session, part.limit + 1, part.before)
    shown = [AuditEntryJson.model_validate(each) for each in found[: part.limit]]
    more = len(found) > part.limit
    return AuditLogJson(entries=shown, next=next_address(before=shown[-1].id) if more else None)


def _everybody(session: Session) -> PeopleJson:
    days = services().settings.session_days
    return PeopleJson(
        people=[PersonJson.model_validate(each) for each in people.listed(session)],
        sessions=[SessionJson.model_validate(each) for each in sessions.listed(session, days)],
        tokens=[TokenJson.model_validate(token) for _, token in tokens.listed(session)],
    )
