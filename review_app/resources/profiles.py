"""Export profiles. A change that has files made says how many first, unless it is agreed to."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint
from pydantic import Field
from sqlmodel import Session
from werkzeug.exceptions import PreconditionFailed

from heaters_pipeline.db import profiles
from heaters_pipeline.domain import profile_texts
from heaters_pipeline.domain.errors import Conflict, NotFound
from review_app.api.operation import Answer, Body, described, refuse_if_changed
from review_app.presenters import profile_form
from review_app.services import transaction

blueprint = Blueprint("api_profiles", __name__)


class NewProfile(Body):
    name: str
    like: str
    """The name of the profile that it begins as."""


class Agreeing(Body):
    agreed: bool = False
    """ProfileChange it although files will be made for it."""


class ProfileChange(Agreeing):
    fields: dict[str, str]
    """As texts, such as `width`: `1080`; an empty one gives a field its usual value. Others stay
    as they are."""


class ProfileClips(Body):
    """Both null: all clips."""

    video: str | None = None
    """The key of a source video."""
    label: str | None = None


class ProfileUse(ProfileClips, Agreeing):
    pass


class ProfileUseJson(Answer):
    video: str | None = Field(validation_alias="video_key")
    label: str | None


class MeasuredJson(Answer):
    files: int
    bytes_per_second: float | None
    """Of film."""
    speed: float | None
    """Seconds of film encoded in one second."""


class ProfileJson(Answer):
    name: str
    fields: dict[str, str]
    words: list[str]
    """What its files are like, most important first."""
    retired: bool
    uses: list[ProfileUseJson]
    measured: MeasuredJson | None
    lacking: int
    """Files that are still to be made."""
    failed: int


class ProfilesJson(Answer):
    profiles: list[ProfileJson]


class FilesAgainJson(Answer):
    files: int


@blueprint.get("/api/v1/profiles")
@described()
def listed() -> ProfilesJson:
    """All export profiles, those in use first."""
    with transaction() as session:
        return ProfilesJson(profiles=[_json(row) for row in profile_form.rows(session)])


@blueprint.get("/api/v1/profiles/<name>")
@described()
def one(name: str) -> ProfileJson:
    """One export profile."""
    with transaction() as session:
        return _one(session, name)


@blueprint.post("/api/v1/profiles")
@described(Conflict)
def add(body: NewProfile) -> ProfileJson:
    """Adds a profile like another one. No clip uses it yet."""
    with transaction() as session:
        if body.name in {row.name for row in profiles.listed(session)}:
            raise Conflict(f"There is a profile {body.name} already: choose another name.")
        profiles.save(session, body.name, profiles.get(session, body.like).profile)
        return _one(session, body.name)


@blueprint.put("/api/v1/profiles/<name>")
@described(Conflict, PreconditionFailed)
def change(name: str, body: ProfileChange) -> ProfileJson:
    """Changes fields of a profile."""
    with transaction() as session:
        before = profiles.get(session, name, lock=True).profile
        refuse_if_changed(ProfileJson, _one(session, name))
        changed = profile_texts.changed(before, body.fields)
        return _agreed(session, name, body, lambda: profiles.save(session, name, changed))


@blueprint.post("/api/v1/profiles/<name>/uses")
@described(Conflict)
def use(name: str, body: ProfileUse) -> ProfileJson:
    """Has a profile be for these clips, too."""
    with transaction() as session:
        return _agreed(
            session,
            name,
            body,
            lambda: profiles.use(session, name, video_key=body.video, label=body.label),
        )


@blueprint.post("/api/v1/profiles/<name>/uses/remove")
@described()
def stop_using(name: str, body: ProfileClips) -> ProfileJson:
    """Makes no more files of these clips by a profile. Those that exist stay."""
    with transaction() as session:
        profiles.stop_using(session, name, video_key=body.video, label=body.label)
        profiles.recount(session)
        return _one(session, name)


@blueprint.post("/api/v1/profiles/<name>/retire")
@described()
def retire(name: str) -> ProfileJson:
    """Makes no more files by a profile. Those that exist stay."""
    with transaction() as session:
        profiles.retire(session, name)
        profiles.recount(session)
        return _one(session, name)


@blueprint.post("/api/v1/profiles/<name>/revive")
@described(Conflict)
def revive(name: str, body: Agreeing) -> ProfileJson:
    """Makes files by a retired profile again."""
    with transaction() as session:
        return _agreed(session, name, body, lambda: profiles.retire(session, name, retired=False))


@blueprint.post("/api/v1/profiles/<name>/again")
@described()
def again(name: str) -> FilesAgainJson:
    """Has the files of a profile that failed made again."""
    with transaction() as session:
        count = profiles.retry(session, name, None)
        profiles.recount(session)
        return FilesAgainJson(files=count)


def _agreed(
    session: Session, name: str, body: Agreeing, change: Callable[[], object]
) -> ProfileJson:
    """Raises Conflict where the change would have files made and nobody has agreed to that."""
    before = profiles.lack_now(session, name)
    change()
    after = profiles.recount(session)[name]
    more = after.files - before.files
    if more > 0 and not body.agreed:
        raise Conflict(f"That makes {more} files of {after.videos} videos: say that it is agreed.")
    return _one(session, name)


def _one(session: Session, name: str) -> ProfileJson:
    session.flush()
    found = next((row for row in profile_form.rows(session) if row.profile.name == name), None)
    if found is None:
        raise NotFound(f"There is no profile {name}.")
    return _json(found)


def _json(row: profile_form.Row) -> ProfileJson:
    return ProfileJson(
        name=row.profile.name,
        fields=dict(row.texts),
        words=list(row.words),
        retired=row.profile.retired,
        uses=[ProfileUseJson.model_validate(each) for each in row.uses],
        measured=MeasuredJson.model_validate(row.measured) if row.measured else None,
        lacking=row.lack.files,
        failed=row.failed,
    )
