"""The search as JSON, and the pictures that people look for."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, Response, request
from pydantic import Field
from typing_extensions import TypedDict
from werkzeug.exceptions import ServiceUnavailable

from heaters_pipeline.db import review_queue, search_pictures
from heaters_pipeline.domain.errors import InputError
from heaters_pipeline.domain.searching import MOST_PICTURE_BYTES, Search
from heaters_pipeline.domain.selection import Selection
from review_app.api.operation import Answer, Jpeg, Query, described
from review_app.guard import csrf
from review_app.presenters.clip_json import played_json
from review_app.services import services, transaction

blueprint = Blueprint("search", __name__)

MOST = 240
PICTURES = ("image/", "application/octet-stream")


class Part(Query):
    limit: int = Field(48, ge=1, le=MOST)
    offset: int = Field(0, ge=0, le=MOST)
    """How many of the best are left out."""


class OfModel(Query):
    model: str | None = None
    """By which clips have vectors. Null: the present one."""


class MentionJson(Answer):
    field: str
    text: str
    word: str
    """Of the text."""


class AlikeJson(Answer):
    to: str
    """What the clip looks like: `words`, `clip` or `picture`."""
    likeness: float
    """The cosine of the angle between the vectors: 1 is the same direction."""
    frame: int | None
    """The nearest keyframe. None where the clip has one vector."""


class TitledJson(TypedDict):
    key: str
    title: str


class HitJson(TypedDict):
    clip_id: int
    score: float
    mentions: list[MentionJson]
    """Texts of the clip that have a word."""
    alike: list[AlikeJson]
    """Why a search by pictures found it."""
    state: str
    labels: Sequence[str]
    start_frame: int
    end_frame: int
    video: TitledJson


class FoundJson(TypedDict):
    hits: list[HitJson]
    total: int
    notes: Sequence[str]
    """What a person should know of how it was searched, in sentences."""
    model: str | None
    models: Sequence[str]
    """Those that have vectors."""


class KeptJson(TypedDict):
    digest: str
    """It names the picture in addresses for some days."""


@blueprint.get("/api/v1/search")
@described(ServiceUnavailable)
def found(wanted: Search, selection: Selection, part: Part) -> FoundJson:
    """The best clips for words, a clip, or a picture, of those that the filters leave."""
    if not wanted.asks:
        raise InputError("Say what to look for: words, like or picture.")
    result = services().searcher.find(
        wanted, selection, likeness=services().likeness(), limit=part.limit, offset=part.offset
    )
    with transaction() as session:
        entries = review_queue.queued(session, [hit.clip_id for hit in result.hits])
        states = {entry.clip.id: str(entry.clip.state) for entry in entries}
        clips = {each["id"]: each for each in played_json(session, entries)}
    hits: list[HitJson] = [
        {
            "clip_id": hit.clip_id,
            "score": hit.score,
            "mentions": [MentionJson.model_validate(each) for each in hit.mentions],
            "alike": [AlikeJson.model_validate(each) for each in hit.alike],
            "state": states[hit.clip_id],
            "labels": clips[hit.clip_id]["labels"],
            "start_frame": clips[hit.clip_id]["start_frame"],
            "end_frame": clips[hit.clip_id]["end_frame"],
            "video": {
                "key": clips[hit.clip_id]["video"]["key"],
                "title": clips[hit.clip_id]["video"]["title"],
            },
        }
        for hit in result.hits
        if hit.clip_id in clips
    ]
    return {
        "hits": hits,
        "total": result.total,
        "notes": result.notes,
        "model": result.model,
        "models": result.models,
    }


@blueprint.post("/api/v1/search/pictures")
@csrf.exempt  # type: ignore[untyped-decorator]
@described(
    takes=("image/jpeg", "image/png", "image/webp", "application/octet-stream"),
    largest=MOST_PICTURE_BYTES,
)
def keep(asked: OfModel) -> KeptJson:
    """Takes the bytes of a picture that clips are to look like."""
    # No page of another site can send this type, so that it needs no CSRF token (`guard`).
    if not request.mimetype.startswith(PICTURES):
        raise InputError("Send the bytes of a picture, with their content type.")
    content = request.get_data(cache=False)
    return {"digest": services().searcher.keep_picture(content, asked.model)}


@blueprint.get("/api/v1/search/pictures/<digest>.jpg")
@described()
def picture(digest: str) -> Jpeg:
    """A small copy of a picture that was sent."""
    with transaction() as session:
        kept = search_pictures.get(session, digest)
    return Response(kept.thumbnail, mimetype="image/jpeg")
