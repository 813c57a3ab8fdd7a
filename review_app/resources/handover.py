"""Handing a selection over: what there is to take, that it was taken, and how it plays."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import urlencode

from flask import Blueprint, url_for
from pydantic import Field
from typing_extensions import TypedDict

from heaters_pipeline.db import handed, handovers, review_queue
from heaters_pipeline.domain.errors import Conflict, Gone, InputError
from heaters_pipeline.domain.handover import Handover
from heaters_pipeline.domain.handover import wanted as wanted_of
from heaters_pipeline.domain.profiles import MAIN
from heaters_pipeline.domain.selection import Selection
from heaters_pipeline.domain.states import ClipState
from heaters_pipeline.storage.handover_places import LONGEST
from review_app import copying
from review_app.api.operation import Answer, Body, Query, described
from review_app.handover_formats import FORMATS
from review_app.presenters.clip_json import PlayedClipJson, played_json
from review_app.reviewer import reviewer_name
from review_app.services import services, transaction

blueprint = Blueprint("api_handover", __name__)

MOST = 1000
"""Clips of one reel."""


class Handed(Selection):
    """Clips in the order of the collection or of the ids, else the newest first."""

    @classmethod
    def parse(cls, arguments: Mapping[str, str]) -> Selection:
        return wanted_of(arguments)


class OfProfile(Query):
    profile: str = MAIN
    """Whose files."""


class TakenFiles(Body):
    destination: str = Field("a download", max_length=200)
    """Where the files went."""


class HandoverFileJson(Answer):
    file: str
    """What it is called where it goes."""
    clip_ids: list[int]
    """Those that it holds: several of a group."""
    bytes: int
    sha256: str | None
    url: str


class LeftOutJson(Answer):
    clip_id: int
    why: str


class HandoverJson(Answer):
    files: list[HandoverFileJson]
    """In the order of the selection."""
    left_out: list[LeftOutJson]
    bytes: int
    seconds: float
    zip: str
    """The address of all files in one."""
    formats: dict[str, str]
    """The addresses of the selection as editors and others read it."""


class TakenCountJson(Answer):
    clips: int
    """Those that had not been noted for this destination."""


class CopyTo(Body):
    destination: str = Field(min_length=1, max_length=LONGEST)
    """A folder below those of HEATERS_SOURCE_FOLDERS, `FILE.zip` there, or `s3://bucket/prefix`."""
    title: str = Field("Clips", max_length=200)
    """What the list of copies calls the selection."""


class CopyJson(Answer):
    copy_id: int
    title: str
    profile: str
    destination: str
    actor: str
    asked_at: datetime
    ended_at: datetime | None
    done: float
    """Share of the bytes."""
    is_good: bool
    """Nothing has gone wrong."""
    told: str
    """How it is, in a sentence."""


class CopiesJson(Answer):
    copies: list[CopyJson]


class ReelJson(TypedDict):
    clips: list[PlayedClipJson]
    left_out: int
    """Clips that can't be played."""


@blueprint.get("/api/v1/handover")
@described()
def index(selection: Handed, wanted: OfProfile) -> HandoverJson:
    """The files of a selection."""
    found = _handover(selection, wanted)
    query = urlencode({**selection.arguments(), "profile": wanted.profile})
    return HandoverJson(
        files=[
            HandoverFileJson(
                file=each.file.name,
                clip_ids=list(each.clip_ids),
                bytes=each.file.bytes,
                sha256=each.file.sha256,
                url=url_for("groups.file", clip_id=each.clip_id, profile=wanted.profile)
                if each.group
                else url_for("clip_files.export", clip_id=each.clip_id, profile=wanted.profile),
            )
            for each in found.clips
        ],
        left_out=[LeftOutJson.model_validate(each) for each in found.left_out],
        bytes=found.bytes,
        seconds=found.seconds,
        zip=f"{url_for('handover.zipped')}?{query}",
        formats={name: f"{url_for('handover.written', file=name)}?{query}" for name in FORMATS},
    )


@blueprint.post("/api/v1/handover/taken")
@described()
def taken(selection: Handed, wanted: OfProfile, body: TakenFiles) -> TakenCountJson:
    """Notes that somebody took the files of a selection."""
    place = " ".join(body.destination.split())
    if not place or not place.isprintable():
        raise InputError("Where the files went has 1 to 200 characters.")
    found = _handover(selection, wanted)
    if not found.clips:
        raise InputError(found.sentence or "The selection has no clips.")
    with transaction() as session:
        count = handovers.note(
            session,
            actor=reviewer_name(),
            profile=wanted.profile,
            selection=selection.arguments(),
            destination=place,
            files=found.digests,
        )
    return TakenCountJson(clips=count)


@blueprint.get("/api/v1/handover/copies")
@described()
def copies() -> CopiesJson:
    """The latest copies of selections to folders and buckets, whoever asked for them."""
    return CopiesJson(copies=[CopyJson.model_validate(each) for each in copying.latest()])


@blueprint.get("/api/v1/handover/copies/<int:copy_id>")
@described()
def one_copy(copy_id: int) -> CopyJson:
    """How far a copy is."""
    return CopyJson.model_validate(copying.one(copy_id))


@blueprint.post("/api/v1/handover/copies")
@described(Conflict)
def copy(selection: Handed, wanted: OfProfile, body: CopyTo) -> CopyJson:
    """Has the files of a selection copied to a folder of the server or to a bucket."""
    asked = copying.ask(selection, wanted.profile, body.title, body.destination.strip())
    return CopyJson.model_validate(asked)


@blueprint.post("/api/v1/handover/copies/<int:copy_id>/again")
@described(Conflict)
def copy_again(copy_id: int) -> CopyJson:
    """Adds what is new to what a copy left, and replaces what has changed."""
    return CopyJson.model_validate(copying.again(copy_id))


@blueprint.post("/api/v1/handover/copies/<int:copy_id>/stop")
@described(Gone)
def stop(copy_id: int) -> CopyJson:
    """Stops a copy; what is there stays."""
    return CopyJson.model_validate(copying.stop(copy_id))


@blueprint.get("/api/v1/reel")
@described()
def reel(selection: Handed) -> ReelJson:
    """The clips of a selection that can be played, in its order."""
    likeness = services().likeness()
    with transaction() as session:
        ids = handed.clip_ids(session, selection, likeness)
        entries = {
            entry.clip.id: entry
            for entry in review_queue.queued(session, ids[:MOST])
            if entry.video.proxy_id is not None and entry.clip.state != ClipState.SUPERSEDED
        }
        found = played_json(session, [entries[each] for each in ids if each in entries])
    return {"clips": found, "left_out": len(ids) - len(found)}


def _handover(selection: Selection, wanted: OfProfile) -> Handover:
    likeness = services().likeness()
    with transaction() as session:
        return handed.handover(session, selection, likeness, wanted.profile)
