"""The files of one clip: its MP4 and its keyframes."""

from __future__ import annotations

from flask import Blueprint, Response, abort, request

from heaters_pipeline.db import artifacts, clips
from review_app.services import services, transaction
from review_app.streams import IMMUTABLE, send_object

blueprint = Blueprint("clip_files", __name__)


@blueprint.get("/clips/<int:clip_id>/clip.mp4")
def film(clip_id: int) -> Response:
    """The exported MP4; `?download` saves it instead of playing it."""
    with transaction() as session:
        key = clips.get(session, clip_id).clip_filepath
    if key is None:
        abort(404, f"Clip {clip_id} has no file: it has not been exported.")
    name = f"clip-{clip_id}.mp4" if "download" in request.args else None
    return send_object(key, "video/mp4", download_name=name)


@blueprint.get("/clips/<int:clip_id>/keyframes/<int:frame>.jpg")
def keyframe(clip_id: int, frame: int) -> Response:
    with transaction() as session:
        found = [a for a in artifacts.keyframes(session, clip_id) if a.frame == frame]
    if not found:
        abort(404, f"Clip {clip_id} has no keyframe {frame}.")
    response = Response(services().storage.stream(found[0].filepath), mimetype="image/jpeg")
    response.headers["Cache-Control"] = IMMUTABLE
    return response
