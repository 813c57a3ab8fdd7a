"""Clips as the pages get them."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Protocol

from sqlmodel import Session
from typing_extensions import TypedDict

from heaters_pipeline.db import artifacts, clip_facts, clip_transitions
from heaters_pipeline.db.artifacts import ClipSprites
from heaters_pipeline.db.clip_facts import ClipFacts, Verdict
from heaters_pipeline.db.events import Outcome
from heaters_pipeline.db.likeness import Likeness
from heaters_pipeline.db.models import Clip, SourceVideo
from heaters_pipeline.db.prepared import at_commit
from heaters_pipeline.db.review_queue import Neighbour, QueuedClip
from heaters_pipeline.domain.cut_points import FrameRange
from heaters_pipeline.domain.decisions import Annotate, Mark, Snapshot
from heaters_pipeline.domain.opinions import Opinion, told
from heaters_pipeline.domain.sprites import SpriteIndex
from heaters_pipeline.domain.transitions import TransitionKind


class TransitionJson(TypedDict):
    """`first` and `last` are the clean frames on either side."""

    kind: TransitionKind
    first: int
    last: int


class SuggestionJson(TypedDict):
    """A cut that the detector left out; `frame` is the first after it."""

    frame: int
    score: float


class NeighbourJson(TypedDict):
    id: int
    state: str
    start_frame: int
    end_frame: int


class VerdictJson(TypedDict):
    """The decision that gave a clip its state."""

    action: str
    actor: str
    at: str
    """ISO 8601."""


class SpritesJson(TypedDict):
    """What is in the sprite sheets of a proxy, or of one clip (`domain.sprites`): tile `i` shows
    frame `first + i * every` of the video."""

    first: int
    every: int
    columns: int
    rows: int
    width: int
    height: int
    count: int
    sheets: int
    address: str
    """Below which they lie, as `/0.jpg` and so on."""


class VideoJson(TypedDict):
    key: str
    title: str
    proxy_id: str | None
    width: int | None
    """Of the proxy, as is `height`."""
    height: int | None
    frame_count: int | None
    rate: tuple[int | None, int | None]
    """Numerator and denominator."""
    has_audio: bool
    sprites: SpritesJson | None
    """The clip's own where it has some that show its frames, else those of the proxy; None where
    neither has any."""
    codec: str | None
    description: str
    """The decoder's configuration, in base64."""


class DecidedJson(TypedDict):
    """What a mark or an annotation may change of a clip."""

    id: int
    version: int
    state: str
    opinions: Sequence[Opinion]
    """Where two people decide; empty until both have."""
    labels: Sequence[str]
    rating: int | None
    note: str | None
    chosen_frames: Sequence[int]
    """Those that a reviewer chose as keyframes."""


class MarkedJson(DecidedJson):
    verdict: VerdictJson
    """The decision, which gave the clip its state."""


class ClipJson(DecidedJson):
    flashes: Sequence[FrameRange]
    """Frames that no small picture of the clip should show."""
    start_frame: int
    end_frame: int
    start_seconds: float
    duration_seconds: float
    trim: dict[str, int] | None
    """The part of the clip to keep; None: all of it."""
    transitions: Sequence[TransitionJson]
    """Those with frames of their own within the clip."""
    start_score: float | None
    """0 to 1: how sure the detector is of the cut before the clip; None where a reviewer made that
    cut, or detection none."""
    end_score: float | None
    suggestions: Sequence[SuggestionJson]
    """Cuts within the clip that the detector left out."""
    verdict: VerdictJson | None
    """None where nobody has decided on it."""
    comments: int
    """How many there are."""
    grouped_with_clip_id: int | None
    score: float | None
    """0 to 1: how much the clip looks like those that were approved before; None where nothing can
    be said."""
    video: VideoJson
    previous: NeighbourJson | None
    """The clips right before and after it in its video."""
    next: NeighbourJson | None


class DrawnVideoJson(TypedDict):
    proxy_id: str | None
    sprites: SpritesJson | None


class DrawnClipJson(TypedDict):
    """What a page needs to draw a clip from the sprite sheets of its video."""

    start_frame: int
    end_frame: int
    flashes: Sequence[FrameRange]
    video: DrawnVideoJson


class PlayedClipJson(TypedDict):
    """What a page needs to play a clip and to draw it."""

    id: int
    start_frame: int
    end_frame: int
    duration_seconds: float
    flashes: Sequence[FrameRange]
    labels: Sequence[str]
    video: VideoJson


class Shows(Protocol):
    """A clip with its video."""

    @property
    def clip(self) -> Clip: ...

    @property
    def video(self) -> SourceVideo: ...


class SeenJson(TypedDict):
    """What an event keeps of a clip, for people; older events know no description."""

    id: int
    start_frame: int
    end_frame: int
    labels: Sequence[str]
    rating: int | None
    note: str | None
    chosen_frames: Sequence[int]


def seen_json(kept: Snapshot) -> SeenJson:
    return {
        "id": kept["id"],
        "start_frame": kept["start_frame"],
        "end_frame": kept["end_frame"],
        "labels": kept.get("labels") or [],
        "rating": kept.get("rating"),
        "note": kept.get("note"),
        "chosen_frames": kept.get("chosen_frames") or [],
    }


def clips_json(
    session: Session, entries: Sequence[QueuedClip], learnt: Likeness | None
) -> list[ClipJson]:
    """`learnt` gives the clips their scores."""
    facts = clip_facts.of_clips(session, [entry.clip for entry in entries], learnt)
    return [_clip_json(entry, facts[entry.clip.id]) for entry in entries]


def clips_now_json(
    session: Session, clip_ids: Sequence[int], learnt: Likeness | None
) -> list[ClipJson]:
    """In film order; an id of no clip is left out."""
    return [_clip_json(*each) for each in clip_facts.now(session, clip_ids, learnt)]


def clips_committed_json(
    session: Session, clip_ids: Sequence[int], learnt: Likeness | None
) -> list[ClipJson]:
    """Ends the transaction of the session, and gives the same as they are then."""
    return [_clip_json(*each) for each in clip_facts.now(session, clip_ids, learnt, at_commit)]


def brief_json(
    outcome: Outcome, made: Mark | Annotate, actor: str
) -> list[MarkedJson | DecidedJson]:
    """The clips of a decision, without a question to the database."""
    return [_brief_json(clip, outcome.event_id, made, actor) for clip in outcome.clips]


def _brief_json(
    clip: Clip, event_id: int, made: Mark | Annotate, actor: str
) -> MarkedJson | DecidedJson:
    now = _decided_json(clip)
    if clip.last_event_id != event_id or clip.decided_at is None:
        return now
    return {**now, "verdict": _verdict_json(Verdict(made.action, actor, clip.decided_at))}


def played_json(session: Session, entries: Sequence[QueuedClip]) -> list[PlayedClipJson]:
    ids = [entry.clip.id for entry in entries]
    flashes = clip_transitions.flashes_of_clips(session, ids)
    own = artifacts.sprites_of(session, ids)
    return [
        {
            "id": clip.id,
            "start_frame": clip.start_frame,
            "end_frame": clip.end_frame,
            "duration_seconds": _seconds(clip),
            "flashes": flashes[clip.id],
            "labels": clip.labels,
            "video": _clips_video_json(clip, video, own.get(clip.id)),
        }
        for clip, video, *_ in entries
    ]


def drawn_json(session: Session, entries: Sequence[Shows]) -> dict[int, DrawnClipJson]:
    """By clip id."""
    ids = [entry.clip.id for entry in entries]
    flashes = clip_transitions.flashes_of_clips(session, ids)
    own = artifacts.sprites_of(session, ids)
    return {
        entry.clip.id: _drawn_json(entry, flashes[entry.clip.id], own.get(entry.clip.id))
        for entry in entries
    }


def _drawn_json(
    entry: Shows, flashes: Sequence[FrameRange], own: ClipSprites | None
) -> DrawnClipJson:
    clip, video = entry.clip, entry.video
    return {
        "start_frame": clip.start_frame,
        "end_frame": clip.end_frame,
        "flashes": flashes,
        "video": {
            "proxy_id": video.proxy_id,
            "sprites": _own_sprites_json(clip, own) or _sprites_json(video),
        },
    }


def _clip_json(entry: QueuedClip, facts: ClipFacts) -> ClipJson:
    clip, video, previous, following = entry
    cuts = facts.cuts
    return {
        **_decided_json(clip),
        "flashes": cuts.flashes,
        "start_frame": clip.start_frame,
        "end_frame": clip.end_frame,
        "start_seconds": float(clip.cut_points["start_time_seconds"]),
        "duration_seconds": _seconds(clip),
        "trim": clip.trim,
        "transitions": [
            {"kind": each.kind, "first": each.first, "last": each.last} for each in cuts.transitions
        ],
        "start_score": cuts.start_score,
        "end_score": cuts.end_score,
        "suggestions": [{"frame": each.frame, "score": each.score} for each in cuts.suggestions],
        "verdict": _verdict_json(facts.verdict) if facts.verdict else None,
        "comments": facts.comments,
        "grouped_with_clip_id": clip.grouped_with_clip_id,
        "score": facts.score,
        "video": _clips_video_json(clip, video, facts.sprites),
        "previous": _neighbour_json(previous) if previous else None,
        "next": _neighbour_json(following) if following else None,
    }


def _decided_json(clip: Clip) -> DecidedJson:
    return {
        "id": clip.id,
        "version": clip.version,
        "state": clip.state,
        "opinions": told(clip.opinions),
        "labels": clip.labels,
        "rating": clip.rating,
        "note": clip.note,
        "chosen_frames": clip.chosen_frames,
    }


def _seconds(clip: Clip) -> float:
    cuts = clip.cut_points
    return float(cuts["end_time_seconds"]) - float(cuts["start_time_seconds"])


def _verdict_json(verdict: Verdict) -> VerdictJson:
    return {"action": verdict.action, "actor": verdict.actor, "at": verdict.at.isoformat()}


def _neighbour_json(clip: Neighbour) -> NeighbourJson:
    return {
        "id": clip.id,
        "state": clip.state,
        "start_frame": clip.start_frame,
        "end_frame": clip.end_frame,
    }


def video_json(video: SourceVideo) -> VideoJson:
    return {
        "key": video.key,
        "title": video.title,
        "proxy_id": video.proxy_id,
        "width": video.proxy_width,
        "height": video.proxy_height,
        "frame_count": video.frame_count,
        "rate": (video.rate_num, video.rate_den),
        "has_audio": video.proxy_audio_filepath is not None,
        "sprites": _sprites_json(video),
        "codec": video.proxy_codec,
        "description": b64encode(video.proxy_description or b"").decode(),
    }


def _clips_video_json(clip: Clip, video: SourceVideo, own: ClipSprites | None) -> VideoJson:
    shown = video_json(video)
    shown["sprites"] = _own_sprites_json(clip, own) or shown["sprites"]
    return shown


def _sprites_json(video: SourceVideo) -> SpritesJson | None:
    if video.sprites is None:
        return None
    index = SpriteIndex.from_json(video.sprites)
    return _index_json(index, f"/media/{video.proxy_id}/sprites")


def _own_sprites_json(clip: Clip, own: ClipSprites | None) -> SpritesJson | None:
    """None where the clip has no sheets, or has other frames by now."""
    if own is None:
        return None
    index = SpriteIndex.from_json(own.sprites)
    address = f"/clips/{clip.id}/sprites/{sprites_version(own)}"
    return _index_json(index, address) if index.is_of(clip.frames) else None


def sprites_version(made: ClipSprites) -> str:
    """Names the bytes of a clip's sprite sheets."""
    return PurePosixPath(made.filepath).stem


def _index_json(index: SpriteIndex, address: str) -> SpritesJson:
    """Without the offsets: where the sheets lie in their file is the server's business."""
    return {
        "first": index.first,
        "every": index.every,
        "columns": index.columns,
        "rows": index.rows,
        "width": index.width,
        "height": index.height,
        "count": index.count,
        "sheets": index.sheets,
        "address": address,
    }
