"""Clips: their rows, and the frames that they cover.

What reviewers decide is in `reviews`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from psycopg.types.json import Jsonb
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import aliased
from sqlalchemy.orm.attributes import set_committed_value
from sqlmodel import Session, col, select

from heaters_pipeline.db import event_log, frame_indexes
from heaters_pipeline.db.among import among
from heaters_pipeline.db.models import Clip, ImportedClip, ReviewEvent, SourceVideo
from heaters_pipeline.db.prepared import Prepared, attached, given_ids
from heaters_pipeline.domain import frame_index
from heaters_pipeline.domain.annotations import Annotation
from heaters_pipeline.domain.cut_points import FrameRange
from heaters_pipeline.domain.decisions import Action, Side
from heaters_pipeline.domain.doubt import Doubts
from heaters_pipeline.domain.errors import NotFound
from heaters_pipeline.domain.states import BEFORE_REVIEW, ClipState, changed
from heaters_pipeline.domain.transitions import Transition, Transitions

LIVE = col(Clip.state) != ClipState.SUPERSEDED

_member: Any = aliased(Clip)

TOUCHED = sa.or_(
    col(Clip.state).not_in({ClipState.PENDING_REVIEW, *BEFORE_REVIEW}),
    col(Clip.made_by) != Action.REPLAN,
    col(Clip.labels) != [],
    col(Clip.rating).is_not(None),
    col(Clip.note).is_not(None),
    col(Clip.chosen_frames) != [],
    col(Clip.opinions) != sa.literal_column("'[]'"),
    sa.exists().where(
        _member.grouped_with_clip_id == col(Clip.id), _member.state != ClipState.SUPERSEDED
    ),
    sa.exists().where(col(ImportedClip.clip_id) == col(Clip.id)),
)
"""A reviewer has decided on the clip, made it, moved an end of it, annotated it or grouped others
with it, or it came from an older system: new cut points leave it as it is."""

NOTHING_SAID = Annotation()


def get(session: Session, clip_id: int) -> Clip:
    """Raises NotFound for an id that no clip has."""
    clip = session.get(Clip, clip_id)
    if clip is None:
        raise NotFound(f"There is no clip {clip_id}.")
    return clip


def with_ids(session: Session, clip_ids: Iterable[int]) -> Sequence[Clip]:
    """The clips with these ids, where there are any."""
    return session.exec(select(Clip).where(col(Clip.id).in_(clip_ids))).all()


class ClipLine(NamedTuple):
    """A clip as lists of clips tell of it."""

    id: int
    video: str
    """Its key."""
    title: str
    state: ClipState
    start_frame: int
    end_frame: int
    start_seconds: float
    end_seconds: float
    labels: Sequence[str]
    rating: int | None
    note: str | None
    has_file: bool


def lines(session: Session, clip_ids: Sequence[int]) -> list[ClipLine]:
    """Those of the clips that exist, in the order of the ids."""
    seconds = (
        sa.cast(Clip.cut_points[f"{end}_time_seconds"].astext, sa.Float) for end in ("start", "end")
    )
    rows = session.execute(
        sa.select(
            *(col(Clip.id), col(SourceVideo.key), col(SourceVideo.title), col(Clip.state)),
            *(col(Clip.start_frame), col(Clip.end_frame), *seconds),
            *(col(Clip.labels), col(Clip.rating), col(Clip.note)),
            col(Clip.clip_filepath).is_not(None),
        )
        .join(SourceVideo, col(SourceVideo.id) == col(Clip.source_video_id))
        .where(among(col(Clip.id), clip_ids))
    )
    found = {clip_id: ClipLine(clip_id, *rest) for clip_id, *rest in rows}
    return [found[each] for each in clip_ids if each in found]


def of_video(session: Session, video_id: int) -> Sequence[Clip]:
    """The video's live clips in film order."""
    return session.exec(
        select(Clip).where(Clip.source_video_id == video_id, LIVE).order_by(col(Clip.start_frame))
    ).all()


def judged(session: Session, video_id: int) -> Sequence[Clip]:
    """Live clips that a reviewer has touched, so that their ends count as seen."""
    return session.exec(
        select(Clip)
        .where(Clip.source_video_id == video_id, LIVE, TOUCHED)
        .order_by(col(Clip.start_frame))
    ).all()


def judged_videos(session: Session) -> list[str]:
    """The keys of the videos that have such clips, as far as cuts were looked for in them."""
    of_video = col(Clip.source_video_id) == SourceVideo.id
    touched = sa.exists().where(of_video, LIVE, TOUCHED)
    return list(
        session.exec(
            select(SourceVideo.key)
            .where(
                touched,
                col(SourceVideo.needs_splicing),
                col(SourceVideo.frame_scores_filepath).is_not(None),
            )
            .order_by(col(SourceVideo.id))
        )
    )


def failed(session: Session) -> Sequence[Clip]:
    """Clips with an error, newest first."""
    return session.exec(
        select(Clip).where(col(Clip.error).is_not(None)).order_by(col(Clip.id).desc())
    ).all()


def history(session: Session, clip_id: int) -> Sequence[ReviewEvent]:
    """Every decision that touched the clip, oldest first."""
    return session.exec(
        select(ReviewEvent)
        .where(col(ReviewEvent.clip_ids).contains([clip_id]))
        .order_by(col(ReviewEvent.id))
    ).all()


def group(session: Session, clip: Clip) -> Sequence[Clip]:
    """The live clips of the clip's group, itself included, in film order; empty without a group."""
    first = clip.grouped_with_clip_id or clip.id
    found = session.exec(
        select(Clip)
        .where(LIVE, sa.or_(col(Clip.id) == first, col(Clip.grouped_with_clip_id) == first))
        .order_by(col(Clip.start_frame))
    ).all()
    return found if len(found) > 1 else []


def lay(
    session: Session,
    video: SourceVideo,
    ranges: Sequence[FrameRange],
    made_by: Action,
    annotation: Annotation = NOTHING_SAID,
    state: ClipState = ClipState.PENDING_REVIEW,
) -> list[Clip]:
    """New virtual clips, rows without files, in film order. Takes as many statements for thousands
    as for one."""
    if not ranges:
        return []
    ranges = sorted(ranges)
    placed = {frames.start for frames in ranges[1:]} if made_by == Action.SPLIT else set()
    found = geometries(session, video, ranges, placed)
    rows = [
        {
            "source_video_id": video.id,
            "state": state,
            "made_by": made_by,
            "labels": list(annotation.labels),
            "rating": annotation.rating,
            "note": annotation.note,
            "chosen_frames": frames.those_in(annotation.chosen_frames),
            **geometry._asdict(),
        }
        for frames, geometry in zip(ranges, found, strict=True)
    ]
    made = session.scalars(sa.select(Clip).from_statement(_LAY), {"rows": rows})
    return sorted(made, key=lambda clip: clip.start_frame)


class Geometry(NamedTuple):
    """The columns that follow from a clip's frames."""

    cut_points: dict[str, Any]
    trim: dict[str, int] | None
    doubt: float | None


class Detected(NamedTuple):
    """The columns that follow from what detection found at a clip's frames."""

    trim: dict[str, int] | None
    """What to keep of the clip so that it shows its own shot alone; None: all of it."""
    doubt: float | None


def geometries(
    session: Session,
    video: SourceVideo,
    ranges: Sequence[FrameRange],
    placed: Collection[int] = (),
) -> list[Geometry]:
    """The geometry of each range. The times come from the frame index; the last frame of the video
    is shown for one frame's time at the nominal rate. `placed` are the cuts that a reviewer is
    putting where they are."""
    edges = {frame for frames in ranges for frame in (frames.start, frames.end - 1, frames.end)}
    ticks = frame_indexes.frame_ticks(session, video.id, edges)

    def seconds(frame: int) -> float:
        if frame in ticks:
            return frame_index.seconds(ticks[frame])
        return frame_index.seconds(ticks[frame - 1]) + float(1 / video.rate)

    return [
        Geometry(
            {
                **frames.as_json(),
                "start_time_seconds": seconds(frames.start),
                "end_time_seconds": seconds(frames.end),
            },
            *found,
        )
        for frames, found in zip(ranges, detected(session, video, ranges, placed), strict=True)
    ]


def detected(
    session: Session,
    video: SourceVideo,
    ranges: Iterable[FrameRange],
    placed: Collection[int] = (),
) -> list[Detected]:
    """What follows for each range from what detection found. `placed` are cuts by reviewers that no
    event tells of yet."""
    found, suggested = (
        [Transition(**each) for each in (video.scene_cut_points or {}).get(name, ())]
        for name in ("transitions", "suggestions")
    )
    by_reviewers = event_log.placed_cuts(session, [video.id])[video.id].union(placed)
    transitions = Transitions(found)
    doubts = Doubts(found, suggested, video.frame_count or 0, by_reviewers)
    made = []
    for frames in ranges:
        clean = transitions.clean_range(frames)
        made.append(Detected(None if clean == frames else clean.as_json(), doubts.of(frames)))
    return made


def save(session: Session, changed: Collection[Clip]) -> None:
    """Writes the columns that a decision can change, for all the clips at once, and reads the clips
    back. They must be locked. Clips that give up frames are written before those that take them.
    """
    for some in by_turns(changed):
        read_back(some, _SAVE(session, rows=Jsonb([decided(clip) for clip in some])))


def by_turns(changed: Iterable[Clip]) -> list[list[Clip]]:
    """Those that give up frames, then those that take them; no list is empty."""
    turns: dict[bool, list[Clip]] = {True: [], False: []}
    for clip in changed:
        turns[_gives_up_frames(clip)].append(clip)
    return [some for some in turns.values() if some]


def _gives_up_frames(clip: Clip) -> bool:
    """`clip.frames` are still the row's, `clip.cut_points` the new ones."""
    wanted = FrameRange.from_json(clip.cut_points)
    return clip.state == ClipState.SUPERSEDED or wanted.length < clip.frames.length


def read_back(changed: Iterable[Clip], rows: Iterable[Any]) -> None:
    """Gives clips what the statement that wrote them (`WRITE_DECIDED`) returned of them."""
    written = {row.id: row for row in rows}
    for clip in changed:
        for column, value in zip(_COLUMNS, written[clip.id], strict=False):
            set_committed_value(clip, column.name, value)


_COLUMNS = sa.inspect(Clip).local_table.c


def decided(clip: Clip) -> dict[str, Any]:
    """The columns that a decision can change, as JSON."""
    values = {name: getattr(clip, name) for name in _DECIDED}
    return {
        "id": clip.id,
        **{
            name: value.isoformat() if isinstance(value, datetime) else value
            for name, value in values.items()
        },
    }


_DECIDED = (
    *("state", "decided_at", "last_event_id", "error", "version"),
    *("tries", "retry_at"),
    *("leased_by", "leased_page", "leased_until"),
    *("cut_points", "made_by", "trim", "doubt", "is_virtual", "clip_filepath"),
    *("exported_frames", "receipt"),
    *("grouped_with_clip_id", "group_name", "labels", "rating", "note"),
    *("chosen_frames", "opinions", "keyframes_basis", "keyframes_asked_at"),
)

NEW: Any = sa.func.jsonb_populate_recordset(
    sa.text("NULL::clips"), sa.bindparam("rows", type_=JSONB)
).table_valued("id", "source_video_id", *_DECIDED, name="new")
"""Rows that `decided` made."""

WRITE_DECIDED: Any = (
    sa.update(Clip)
    .where(col(Clip.id) == NEW.c.id)
    .values({name: NEW.c[name] for name in _DECIDED})
    .returning(*_COLUMNS)
)
_SAVE = Prepared(WRITE_DECIDED)

_LAID = (
    *("source_video_id", "state", "made_by", "cut_points", "trim", "doubt"),
    *("labels", "rating", "note", "chosen_frames"),
)

_LAY = (
    sa.insert(Clip).from_select(_LAID, sa.select(*(NEW.c[name] for name in _LAID))).returning(Clip)
)


def locked(session: Session, clip_ids: Iterable[int]) -> dict[int, Clip]:
    """The clips with these ids, as they are now. They are locked in the order of ids, so that two
    decisions can't deadlock. Rows that only refer to them, as a group's members refer to its first
    clip, can still be written (`key_share`)."""
    return as_locked(session, LOCK(session, clip_ids=list(clip_ids)))


def as_locked(session: Session, rows: Iterable[Any]) -> dict[int, Clip]:
    """The clips of the rows of `LOCK`, by id."""
    return {clip.id: clip for clip in attached(session, Clip, rows)}


LOCK = Prepared(
    sa.select(*_COLUMNS)
    .where(col(Clip.id) == sa.any_(given_ids("clip_ids")))
    .order_by(col(Clip.id))
    .with_for_update(key_share=True)
)
"""Locks the clips `clip_ids`, as `locked` does."""


def lock_live(session: Session, video_id: int) -> dict[int, Clip]:
    """Locks all live clips of the video, whatever is decided meanwhile; ascending by id. New clips
    replace live ones, so none can come."""
    held: dict[int, Clip] = {}
    while True:
        live = {clip.id for clip in of_video(session, video_id)}
        if live <= held.keys():
            return {clip_id: held[clip_id] for clip_id in sorted(live)}
        held |= locked(session, live - held.keys())


def cut_again(session: Session, video_id: int) -> None:
    """Has the scenes of a video cut again that have files already: they show another source."""
    session.execute(
        sa.update(Clip)
        .where(col(Clip.source_video_id) == video_id, col(Clip.state) == ClipState.SPLICED)
        .values(state=changed(ClipState.SPLICED, ClipState.SPLICING))
        .execution_options(synchronize_session=False)
    )


def free(*conditions: Any) -> Any:
    """Selects the ids of clips that no other transaction has locked, and locks them. It takes them
    in any order and so waits for none: waiting could deadlock."""
    return (
        sa.select(col(Clip.id)).where(*conditions).with_for_update(key_share=True, skip_locked=True)
    )


def reshape(
    session: Session,
    video: SourceVideo,
    clip: Clip,
    frames: FrameRange,
    placed: Collection[int] = (),
) -> None:
    """Gives a clip other frames; nothing is written yet. `placed` are the cuts that a reviewer is
    putting where they are."""
    [geometry] = geometries(session, video, [frames], placed)
    clip.cut_points, clip.trim, clip.doubt = geometry
    clip.chosen_frames = frames.those_in(clip.chosen_frames)


def neighbour(session: Session, clip: Clip, side: Side) -> int | None:
    """The id of the live clip right beside this one in its video."""
    beside = (
        col(Clip.end_frame) == clip.start_frame
        if side == Side.PREVIOUS
        else col(Clip.start_frame) == clip.end_frame
    )
    return session.exec(
        select(Clip.id).where(Clip.source_video_id == clip.source_video_id, LIVE, beside)
    ).first()
