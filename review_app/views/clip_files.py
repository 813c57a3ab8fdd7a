"""The files of one clip: its MP4 and its keyframes."""

from __future__ import annotations

from flask import Blueprint, Response, request

from heaters_pipeline.db import artifacts, clips
from heaters_pipeline.domain.errors import NotFound
from review_app.presenters import keyframes
from review_app.services import transaction
from review_app.streams import IMMUTABLE, REVALIDATE, send_object

blueprint = Blueprint("clip_files", __name__)


@blueprint.get("/clips/<int:clip_id>/clip.mp4")
@blueprint.get("/clips/clip-<int:clip_id>.mp4")
def mp4(clip_id: int) -> Response:
    """The exported MP4; `?download` saves it instead of playing it. Programs save a file under the
    last part of its address, so that names the clip; older lists have the other address."""
    with transaction() as session:
        key = clips.get(session, clip_id).clip_filepath
    if key is None:
        raise NotFound(f"Clip {clip_id} has no file: it has not been exported.")
    return send_object(
        key, "video/mp4", name=f"clip-{clip_id}.mp4", as_attachment="download" in request.args
    )


@blueprint.get("/clips/<int:clip_id>/keyframes/<int:frame>.jpg")
@blueprint.get("/clips/<int:clip_id>/keyframes/<int:frame>-<version>.jpg")
def keyframe(clip_id: int, frame: int, version: str | None = None) -> Response:
    """The keyframe as it is now. Browsers may keep it where the address names this version of it
    (`presenters.keyframes`)."""
    with transaction() as session:
        found = [a for a in artifacts.keyframes(session, clip_id) if a.frame == frame]
    if not found:
        raise NotFound(f"Clip {clip_id} has no keyframe {frame}.")
    is_current = version == keyframes.version(found[0])
    cache = IMMUTABLE if is_current else REVALIDATE
    name = f"clip-{clip_id}-frame-{frame}.jpg"
    return send_object(found[0].filepath, "image/jpeg", cache=cache, name=name)
