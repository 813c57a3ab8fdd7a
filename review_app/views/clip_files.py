"""The files of one clip: its exports, its keyframes and its sprite sheets."""

from __future__ import annotations

from pathlib import PurePosixPath

from flask import Blueprint, Response, request

from heaters_pipeline.db import artifacts, clip_exports, clips, profiles, source_videos
from heaters_pipeline.domain.cut_points import FrameRange
from heaters_pipeline.domain.errors import NotFound
from heaters_pipeline.domain.file_names import Named, file_names
from heaters_pipeline.domain.sprites import SpriteIndex
from review_app.presenters import keyframes
from review_app.presenters.clip_json import sprites_version
from review_app.services import transaction
from review_app.streams import IMMUTABLE, REVALIDATE, send_export, send_object, send_part

blueprint = Blueprint("clip_files", __name__)

IMAGE_TYPES = {".jpg": "image/jpeg", ".webp": "image/webp"}


@blueprint.get("/clips/<int:clip_id>/clip.mp4")
@blueprint.get("/clips/clip-<int:clip_id>.mp4")
def mp4(clip_id: int) -> Response:
    """The main export; `?download` saves it instead of playing it. Programs save a file under the
    last part of its address, so that names the clip; older lists have the other address."""
    with transaction() as session:
        key = clips.get(session, clip_id).clip_filepath
    if key is None:
        raise NotFound(f"Clip {clip_id} has no file: it has not been exported.")
    suffix = PurePosixPath(key).suffix
    return send_export(
        key, name=f"clip-{clip_id}{suffix}", as_attachment="download" in request.args
    )


@blueprint.get("/clips/<int:clip_id>/exports/<profile>")
def export(clip_id: int, profile: str) -> Response:
    """The file of a profile, under the name that the profile gives it."""
    with transaction() as session:
        clip = clips.get(session, clip_id)
        found = clip_exports.get(session, clip_id, profile)
        video = source_videos.with_ids(session, [clip.source_video_id])[clip.source_video_id]
        template = profiles.get(session, profile).profile.name
        held = FrameRange.from_json(found.exported_frames)
    named = Named(
        title=video.title,
        key=video.key,
        clip=clip_id,
        profile=profile,
        labels=tuple(clip.labels),
        start_frame=held.start,
        end_frame=held.end,
        rate=video.rate,
    )
    suffix = PurePosixPath(found.filepath).suffix
    (name,) = file_names([(template, named, suffix[1:])])
    return send_export(found.filepath, name=name, as_attachment="download" in request.args)


@blueprint.get("/clips/<int:clip_id>/sprites/<version>/<int:sheet>.jpg")
def sprites(clip_id: int, version: str, sheet: int) -> Response:
    """A sprite sheet of the clip's own. The address names its bytes."""
    with transaction() as session:
        made = artifacts.sprites_of(session, [clip_id]).get(clip_id)
    if made is None or sprites_version(made) != version:
        raise NotFound(f"Clip {clip_id} has no such sprite sheets: load the page again.")
    offset, length = SpriteIndex.from_json(made.sprites).span(sheet)
    return send_part(made.filepath, offset, length, "image/jpeg", IMMUTABLE)


@blueprint.get("/clips/<int:clip_id>/keyframes/<int:frame>.<any(jpg, webp):_asked>")
@blueprint.get("/clips/<int:clip_id>/keyframes/<int:frame>-<version>.<any(jpg, webp):_asked>")
def keyframe(clip_id: int, frame: int, _asked: str, version: str | None = None) -> Response:
    """The keyframe as it is now, in its own format. Browsers may keep it where the address names
    this version of it (`presenters.keyframes`)."""
    with transaction() as session:
        found = [a for a in artifacts.keyframes(session, clip_id) if a.frame == frame]
    if not found:
        raise NotFound(f"Clip {clip_id} has no keyframe {frame}.")
    is_current = version == keyframes.version(found[0])
    cache = IMMUTABLE if is_current else REVALIDATE
    path = found[0].filepath
    suffix = keyframes.suffix(found[0])
    name = f"clip-{clip_id}-frame-{frame}{suffix}"
    return send_object(path, IMAGE_TYPES[suffix], cache=cache, name=name)
