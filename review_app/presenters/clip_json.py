"""Clips as the review page gets them."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from typing import Any

from sqlmodel import Session

from heaters_pipeline.db import clip_transitions as transitions
from heaters_pipeline.db import likeness
from heaters_pipeline.db.models import Clip, SourceVideo
from heaters_pipeline.db.review_queue import QueuedClip
from heaters_pipeline.domain.transitions import Transition
from review_app.services import services


def clips_json(session: Session, entries: Sequence[QueuedClip]) -> list[dict[str, Any]]:
    ids = [entry.clip.id for entry in entries]
    found = transitions.of_clips(session, ids)
    scores = likeness.scores(session, services().likeness(session), ids)
    return [
        _clip_json(entry, found.get(entry.clip.id, ()), scores.get(entry.clip.id))
        for entry in entries
    ]


def _clip_json(
    entry: QueuedClip, found: Sequence[Transition], score: float | None
) -> dict[str, Any]:
    """`trim` is what to keep of the clip, null where that is all of it; `transitions` are those
    with frames of their own within it, `first` and `last` the clean frames on either side; `score`,
    0 to 1, says how much it looks like what was approved before, null where nothing can be said;
    `previous` and `next` are the neighbours in its video."""
    clip, video, previous, following = entry
    start = float(clip.cut_points["start_time_seconds"])
    return {
        "id": clip.id,
        "version": clip.version,
        "state": clip.state,
        "start_frame": clip.start_frame,
        "end_frame": clip.end_frame,
        "start_seconds": start,
        "duration_seconds": float(clip.cut_points["end_time_seconds"]) - start,
        "trim": clip.trim,
        "transitions": [
            {"kind": each.kind, "first": each.first, "last": each.last} for each in found
        ],
        "grouped_with_clip_id": clip.grouped_with_clip_id,
        "labels": clip.labels,
        "rating": clip.rating,
        "note": clip.note,
        "score": score,
        "video": _video_json(video),
        "previous": previous and _neighbour_json(previous),
        "next": following and _neighbour_json(following),
    }


def picture_json(entry: QueuedClip) -> dict[str, Any]:
    """What a page needs to draw a clip from its video's sprite sheets."""
    clip, video = entry.clip, entry.video
    return {
        "start_frame": clip.start_frame,
        "end_frame": clip.end_frame,
        "video": {"proxy_id": video.proxy_id, "sprites": _sprites_json(video)},
    }


def _neighbour_json(clip: Clip) -> dict[str, Any]:
    return {
        "id": clip.id,
        "state": clip.state,
        "start_frame": clip.start_frame,
        "end_frame": clip.end_frame,
    }


def _video_json(video: SourceVideo) -> dict[str, Any]:
    """`width` and `height` are the proxy's; `sprites` says where small pictures of every so many
    frames lie, null where there are none."""
    return {
        "key": video.key,
        "title": video.title,
        "proxy_id": video.proxy_id,
        "width": video.proxy_width,
        "height": video.proxy_height,
        "frame_count": video.frame_count,
        "rate": [video.rate_num, video.rate_den],
        "has_audio": video.proxy_audio_filepath is not None,
        "sprites": _sprites_json(video),
        "codec": video.proxy_codec,
        "description": b64encode(video.proxy_description or b"").decode(),
    }


def _sprites_json(video: SourceVideo) -> dict[str, Any] | None:
    """Where the sheets lie in their file is the server's business."""
    stored = video.sprites
    return stored and {name: value for name, value in stored.items() if name != "offsets"}
