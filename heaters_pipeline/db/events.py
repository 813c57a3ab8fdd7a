"""Writing events: a decision changes clips and leaves an event that tells how."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa
from psycopg.types.json import Jsonb
from sqlmodel import Session
from typing_extensions import TypedDict

from heaters_pipeline.db import clips
from heaters_pipeline.db.models import Clip
from heaters_pipeline.db.prepared import Prepared
from heaters_pipeline.domain.decisions import Action, Snapshot
from heaters_pipeline.domain.states import BEFORE_REVIEW, ClipState


class Outcome(NamedTuple):
    """What a decision, an undo or a replan led to."""

    event_id: int
    """The first event of a batch."""
    clips: list[Clip]
    """Every clip that it changed or made, as the clip is now."""
    events: int = 1
    """How many events the batch has."""


class Part(NamedTuple):
    """What one event is about."""

    before: list[Snapshot]
    """Each clip that it changes, as it was."""
    clips: list[Clip]
    """The changed clips as they shall be, and the clips that it made."""
    undoes_event_id: int | None = None


def snapshot(clip: Clip) -> Snapshot:
    return {
        "id": clip.id,
        "state": str(clip.state),
        "version": clip.version,
        "start_frame": clip.cut_points["start_frame"],
        "end_frame": clip.cut_points["end_frame"],
        "made_by": str(clip.made_by),
        "grouped_with_clip_id": clip.grouped_with_clip_id,
        "labels": list(clip.labels),
        "rating": clip.rating,
        "note": clip.note,
        "chosen_frames": list(clip.chosen_frames),
        "opinions": list(clip.opinions),
    }


def record(session: Session, actor: str, action: Action, parts: Sequence[Part]) -> Outcome:
    """Writes an event for each part, all in one batch, and their clips, each stamped with its
    event. Takes one statement for five hundred parts as for two, and another one before it where
    some clips give up frames that others take."""
    for part in parts:
        changed = {entry["id"] for entry in part.before}
        for clip in part.clips:
            clip.version += clip.id in changed
    everything = [clip for part in parts for clip in part.clips]
    events = [_event(number, part) for number, part in enumerate(parts)]
    rows = [row for part, event in zip(parts, events, strict=True) for row in _rows(part, event)]
    with session.no_autoflush:
        first, *others = clips.by_turns(everything)
        if others:
            clips.save(session, first)
        written = _RECORD(
            session, actor=actor, action=action.value, parts=Jsonb(events), rows=Jsonb(rows)
        )
    clips.read_back(everything, written)
    return Outcome(written[0].first_event_id, everything, len(parts))


class _Event(TypedDict):
    """The columns of an event, as JSON."""

    number: int
    """Of its part."""
    source_video_id: int
    clip_ids: list[int]
    before: list[Snapshot]
    after: list[Snapshot]
    undoes_event_id: int | None
    stamped: list[int]
    """The clips whose undo window begins with it."""


def _event(number: int, part: Part) -> _Event:
    was = {entry["id"]: entry for entry in part.before}
    after = [snapshot(clip) for clip in part.clips]
    return {
        "number": number,
        "source_video_id": part.clips[0].source_video_id,
        "clip_ids": sorted(clip.id for clip in part.clips),
        "before": part.before,
        "after": after,
        "undoes_event_id": part.undoes_event_id,
        "stamped": [now["id"] for now in after if _restarts_window(was.get(now["id"]), now)],
    }


def _rows(part: Part, event: _Event) -> Iterator[dict[str, Any]]:
    """The columns of its clips, as JSON."""
    was = {entry["id"]: entry for entry in part.before}
    for clip, now in zip(part.clips, event["after"], strict=True):
        row, before = clips.decided(clip), was.get(clip.id)
        if clip.id in event["stamped"]:
            row |= _stamp(clip)
        if before is not None and not clip.is_virtual and _names_frames(before, now):
            row["keyframes_asked_at"] = _MOMENT
        yield row


_MOMENT = "now"
"""The moment of the transaction, and so of its events, as Postgres reads a time."""

_PARTS = (
    sa.text("""
        SELECT nextval(pg_get_serial_sequence('review_events', 'id')) AS event_id, given.*
        FROM (
            SELECT * FROM jsonb_to_recordset(CAST(:parts AS jsonb)) AS given (
                number integer, source_video_id bigint, clip_ids bigint[], before jsonb,
                after jsonb, undoes_event_id bigint, stamped bigint[]
            ) ORDER BY number
        ) AS given
    """)
    .columns(sa.column("event_id"))
    .cte("parts")
)

_EVENTS = (
    sa.text("""
        INSERT INTO review_events (id, source_video_id, actor, action, clip_ids, batch_id, before,
            after, undoes_event_id)
        OVERRIDING SYSTEM VALUE
        SELECT event_id, source_video_id, CAST(:actor AS text), CAST(:action AS text), clip_ids,
            CASE WHEN number > 0 THEN (SELECT min(event_id) FROM parts) END, before, after,
            undoes_event_id
        FROM parts
    """)
    .columns()
    .cte("events")
)

_STAMPS: Any = sa.text(
    "(SELECT jsonb_object_agg(clip_id, event_id) FROM parts, unnest(stamped) AS clip_id)"
    " ->> CAST(new.id AS text)"
)
"""The event that stamps a clip; null where none does."""

_RECORD = Prepared(
    clips.WRITE_DECIDED.values(
        last_event_id=sa.func.coalesce(sa.cast(_STAMPS, sa.BigInteger), clips.NEW.c.last_event_id)
    )
    .add_cte(_PARTS, _EVENTS)
    .returning(sa.select(sa.func.min(_PARTS.c.event_id)).scalar_subquery().label("first_event_id"))
)


def _restarts_window(before: Snapshot | None, now: Snapshot) -> bool:
    """Whether the undo window begins anew, because the pipeline would now do something else."""
    return (
        before is None
        or before["state"] != now["state"]
        or before["start_frame"] != now["start_frame"]
        or before["end_frame"] != now["end_frame"]
    )


def _names_frames(before: Snapshot, now: Snapshot) -> bool:
    """Whether a change may give the clip other keyframes."""
    return before["labels"] != now["labels"] or before["chosen_frames"] != now["chosen_frames"]


def _stamp(clip: Clip) -> dict[str, Any]:
    """What the row of a clip gets besides when its undo window begins."""
    fresh: dict[str, Any] = {"error": None, "tries": 0, "retry_at": None}
    if clip.state in {ClipState.PENDING_REVIEW, *BEFORE_REVIEW}:
        return {**fresh, "decided_at": None}
    return {
        **fresh,
        "decided_at": _MOMENT,
        **dict.fromkeys(("leased_by", "leased_page", "leased_until")),
    }
