"""The search as JSON, and the pictures that people look for."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue

from heaters_pipeline.db import review_queue, search_pictures
from heaters_pipeline.domain.errors import InputError
from heaters_pipeline.domain.searching import MOST_PICTURE_BYTES, Search
from heaters_pipeline.domain.selection import Selection
from review_app.fields import arguments
from review_app.guard import csrf
from review_app.presenters.clip_json import played_json
from review_app.services import services, transaction

blueprint = Blueprint("search", __name__)

MOST = 240
PICTURES = ("image/", "application/octet-stream")


@blueprint.get("/api/v1/search")
def found() -> ResponseReturnValue:
    """The best clips for `words`, `like` (with `frame`) and `picture`, of those that the filters
    leave: `limit` of them behind the first `offset`."""
    wanted = Search.parse(arguments())
    if not wanted.asks:
        raise InputError("Say what to look for: words, like or picture.")
    result = services().searcher.find(
        wanted,
        Selection.parse(arguments()),
        likeness=services().likeness(),
        limit=min(max(1, request.args.get("limit", 48, int)), MOST),
        offset=max(0, request.args.get("offset", 0, int)),
    )
    with transaction() as session:
        entries = review_queue.queued(session, [hit.clip_id for hit in result.hits])
        states = {entry.clip.id: str(entry.clip.state) for entry in entries}
        clips = {each["id"]: each for each in played_json(session, entries)}
    hits: list[dict[str, Any]] = [
        {
            **hit.as_json(),
            "state": states[hit.clip_id],
            "labels": clips[hit.clip_id]["labels"],
            "start_frame": clips[hit.clip_id]["start_frame"],
            "end_frame": clips[hit.clip_id]["end_frame"],
            "video": {name: clips[hit.clip_id]["video"][name] for name in ("key", "title")},
        }
        for hit in result.hits
        if hit.clip_id in clips
    ]
    return jsonify(
        hits=hits,
        total=result.total,
        notes=result.notes,
        model=result.model,
        models=result.models,
    )


@blueprint.post("/api/v1/search/pictures")
@csrf.exempt  # type: ignore[untyped-decorator]
def keep() -> ResponseReturnValue:
    """Takes the bytes of a picture; `{"digest"}` names it in addresses for some days. It needs no
    token: no page of another site can send this type (`guard`)."""
    if not request.mimetype.startswith(PICTURES):
        raise InputError("Send the bytes of a picture, with their content type.")
    request.max_content_length = MOST_PICTURE_BYTES
    content = request.get_data(cache=False)
    model = request.args.get("model") or None
    return jsonify(digest=services().searcher.keep_picture(content, model))


@blueprint.get("/api/v1/search/pictures/<digest>.jpg")
def picture(digest: str) -> ResponseReturnValue:
    """A small copy of it."""
    with transaction() as session:
        kept = search_pictures.get(session, digest)
    return Response(kept.thumbnail, mimetype="image/jpeg")
