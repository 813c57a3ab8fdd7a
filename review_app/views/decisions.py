"""Decisions as JSON: on one clip, on many at once, taken back, told of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time
from typing import Any

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue
from sqlmodel import Session

from heaters_pipeline.db import (
    event_log,
    review_queue,
    reviews,
    source_videos,
)
from heaters_pipeline.db.events import Outcome
from heaters_pipeline.db.models import ReviewEvent, SourceVideo
from heaters_pipeline.domain.annotations import annotation_changes
from heaters_pipeline.domain.decisions import (
    APPROVE,
    ARCHIVE,
    BATCHED,
    DECISIONS,
    SKIP,
    Action,
    Annotate,
    BatchedDecision,
    Decision,
    Group,
    Mark,
    Merge,
    Nudge,
    Side,
    Split,
    Ungroup,
    touched,
)
from heaters_pipeline.domain.errors import Conflict, InputError
from heaters_pipeline.domain.states import ClipState
from review_app.access import visitor
from review_app.fields import integer, integers, json_object, one_of
from review_app.presenters.clip_json import ClipJson, clips_json, seen_json, video_json
from review_app.reviewer import reviewer_name, reviewer_page
from review_app.services import services, transaction
from review_app.undo import undo_decision

blueprint = Blueprint("decisions", __name__)

RECENT = 50
LARGEST_BATCH = 1000
"""As many clips as a contact sheet holds."""

MARKS: Mapping[str, Mark] = {mark.action: mark for mark in (APPROVE, SKIP, ARCHIVE)}
EDGES = {"start": Side.PREVIOUS, "end": Side.NEXT}


@blueprint.post("/api/clips/<int:clip_id>/decisions")
def decide(clip_id: int) -> ResponseReturnValue:
    """`{"action", "version", ...}` (docs/review.md); 409 with the clip as it is now if somebody was
    first."""
    wanted = json_object()
    decision, version = _decision(wanted), integer(wanted, "version")
    try:
        with transaction() as session:
            outcome = reviews.decide(
                session,
                actor=reviewer_name(),
                clip_id=clip_id,
                version=version,
                decision=decision,
                lease_seconds=services().settings.lease_seconds,
                page=reviewer_page(),
                is_admin=visitor().is_admin,
            )
    except Conflict as conflict:
        found = _now([clip_id])
        return jsonify(error=str(conflict), clip=found[0] if found else None), 409
    return jsonify(_outcome_json(outcome))


@blueprint.post("/api/decisions")
def decide_all() -> ResponseReturnValue:
    """`{"action", "clips": [{"id", "version"}, ...], ...}`: one batch of what can be decided, and
    why the rest can't, with the clips as they are now."""
    wanted = json_object()
    decision = _batched(wanted)
    versions = _versions(wanted.get("clips"))
    with transaction() as session:
        outcome, refusals = reviews.decide_all(
            session,
            actor=reviewer_name(),
            versions=versions,
            decision=decision,
            is_admin=visitor().is_admin,
        )
    made = _outcome_json(outcome) if outcome else {"event_id": None, "clips": []}
    left = {clip["id"]: clip for clip in _now(refusals)}
    refused = [
        {"id": each, "error": sentence, "clip": left.get(each)}
        for each, sentence in refusals.items()
    ]
    return jsonify(**made, batch_id=made["event_id"], refused=refused)


@blueprint.post("/api/undo")
def undo() -> ResponseReturnValue:
    """`{"event_id"}`, or nothing for the reviewer's latest decision that stands; a batch is undone
    whole. An admin who gives a `reason` undoes what others decided. `undone` says how many
    decisions that were, `today` how many of today's stand now."""
    wanted = json_object()
    event_id = None if wanted.get("event_id") is None else integer(wanted, "event_id")
    with transaction() as session:
        outcome = undo_decision(
            session,
            event_id,
            str(wanted.get("reason", "")),
            lease_seconds=services().settings.lease_seconds,
        )
    with transaction() as session:
        today = _count_today(session)
    return jsonify(**_outcome_json(outcome), undone=outcome.events, today=today)


@blueprint.get("/api/mine")
def mine() -> ResponseReturnValue:
    """The reviewer's latest decisions that stand, newest first, a batch as one, and how many there
    are today. `?before=` the id of a decision: those before it."""
    before = request.args.get("before", None, int)
    with transaction() as session:
        recent = event_log.latest(session, reviewer_name(), RECENT, before)
        sizes = event_log.batch_sizes(session, [event.id for event in recent])
        videos = source_videos.with_ids(session, {event.source_video_id for event in recent})
        return jsonify(
            recent=[
                _event_json(event, sizes.get(event.id, 1), videos[event.source_video_id])
                for event in recent
            ],
            has_older=len(recent) == RECENT,
            today=_count_today(session),
        )


def _decision(wanted: Mapping[str, Any]) -> Decision:
    """The decision that a request's JSON asks for."""
    match Action(one_of(DECISIONS, wanted, "action")):
        case Action.GROUP:
            return Group()
        case Action.UNGROUP:
            return Ungroup()
        case Action.MERGE:
            return Merge(Side(one_of(Side, wanted, "side", Side.PREVIOUS)))
        case Action.SPLIT if "frames" in wanted:
            return Split(integers(wanted, "frames"))
        case Action.SPLIT:
            return Split([integer(wanted, "frame")])
        case Action.NUDGE:
            return Nudge(EDGES[one_of(EDGES, wanted, "edge")], integer(wanted, "frame"))
        case _:
            return _batched(wanted)


def _batched(wanted: Mapping[str, Any]) -> BatchedDecision:
    """The decision that a request's JSON asks for on many clips at once."""
    action = one_of(BATCHED, wanted, "action")
    mark = MARKS.get(action)
    return mark if mark is not None else Annotate(annotation_changes(wanted))


def _versions(given: object) -> dict[int, int]:
    """The clips of a batch as they were seen, by id."""
    if not isinstance(given, list) or not all(isinstance(each, dict) for each in given):
        raise InputError("clips must be a list of objects with id and version.")
    if not 1 <= len(given) <= LARGEST_BATCH:
        raise InputError(f"A batch has 1 to {LARGEST_BATCH} clips; this one has {len(given)}.")
    return {integer(each, "id"): integer(each, "version") for each in given}


def _outcome_json(outcome: Outcome) -> dict[str, Any]:
    return {"event_id": outcome.event_id, "clips": _now([clip.id for clip in outcome.clips])}


def _count_today(session: Session) -> int:
    midnight = datetime.combine(date.today(), time.min).astimezone()
    return event_log.count_since(session, reviewer_name(), midnight)


def _now(clip_ids: Iterable[int]) -> list[ClipJson]:
    """In a transaction of its own: a decision's must end first, and give back its locks."""
    likeness = services().likeness()
    with transaction() as session:
        return clips_json(session, review_queue.queued(session, list(clip_ids)), likeness)


def _event_json(event: ReviewEvent, count: int, video: SourceVideo) -> dict[str, Any]:
    """`count` is how many decisions there are in the batch that begins with the event; `fields` of
    a clip are those that it changed; `clip_id` is the clip that it left, the first of several.
    `was` and `now` are one of its clips, before and after: of a moved cut, the clip that follows
    it."""
    changed = touched(event.before, event.after).values()
    was = event.before[-1 if event.action == Action.NUDGE else 0]
    now = next(entry for entry in event.after if entry["id"] == was["id"])
    left = [entry["id"] for entry in event.after if entry["state"] != ClipState.SUPERSEDED]
    return {
        "id": event.id,
        "action": event.action,
        "fields": sorted(frozenset().union(*changed)),
        "count": count,
        "clip_id": left[0],
        "clip_ids": [entry["id"] for entry in event.before],
        "start_frame": min(entry["start_frame"] for entry in event.before),
        "end_frame": max(entry["end_frame"] for entry in event.before),
        "was": seen_json(was),
        "now": {**seen_json(now), "video": video_json(video)},
    }
