"""Decisions as JSON: on one clip, on many at once, taken back, told of."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time

from flask import Blueprint, abort
from sqlmodel import Session
from typing_extensions import TypedDict

from heaters_pipeline.db import (
    event_log,
    reviews,
    source_videos,
)
from heaters_pipeline.db.events import Outcome
from heaters_pipeline.db.likeness import Likeness
from heaters_pipeline.db.models import ReviewEvent, SourceVideo
from heaters_pipeline.domain.decisions import Action, Annotate, Mark, touched
from heaters_pipeline.domain.errors import Conflict, Forbidden, Gone
from heaters_pipeline.domain.states import ClipState
from review_app.access import visitor
from review_app.api.decisions import DecideMany, DecideOne, Undo
from review_app.api.operation import Query, described
from review_app.api.problems import problem
from review_app.presenters.clip_json import (
    ClipJson,
    DecidedJson,
    MarkedJson,
    SeenJson,
    VideoJson,
    brief_json,
    clips_committed_json,
    clips_now_json,
    seen_json,
    video_json,
)
from review_app.reviewer import reviewer_name, reviewer_page
from review_app.services import reading, services, transaction
from review_app.undo import undo_decision

blueprint = Blueprint("decisions", __name__)

RECENT = 50


class OutcomeJson(TypedDict):
    event_id: int
    """By which it is undone."""
    clips: list[ClipJson]
    """Those that it touched, as they are now."""


class BriefOutcomeJson(TypedDict):
    event_id: int
    clips: list[MarkedJson | DecidedJson]


class HowMuch(Query):
    brief: bool = False
    """To approve, skip, archive or annotate: tell only what that may change of the clip, as the
    review page asks, which takes less time. All is told where the clip has changed since."""


class RefusedDecisionJson(TypedDict):
    id: int
    error: str
    clip: ClipJson | None
    """As it is now."""


class BatchJson(TypedDict):
    event_id: int | None
    """None: nothing could be decided."""
    batch_id: int | None
    clips: list[ClipJson]
    refused: list[RefusedDecisionJson]


class UndoneJson(OutcomeJson):
    undone: int
    """How many decisions that were."""
    today: int
    """How many of the reviewer's decisions of today stand now."""


class ShownJson(SeenJson):
    video: VideoJson


class DecisionJson(TypedDict):
    id: int
    action: str
    fields: list[str]
    """Those of a clip that it changed."""
    count: int
    """Decisions in the batch that begins with it."""
    clip_id: int
    """The clip that it left, the first of several."""
    clip_ids: list[int]
    """Of those that it was about."""
    start_frame: int
    end_frame: int
    was: SeenJson
    """One of its clips before and after: of a moved cut, the clip that follows it."""
    now: ShownJson


class MineJson(TypedDict):
    recent: list[DecisionJson]
    has_older: bool
    today: int
    """How many of the reviewer's decisions of today stand."""


class Before(Query):
    before: int | None = None
    """The id of a decision: those before it."""


@blueprint.post("/api/v1/clips/<int:clip_id>/decisions")
@described(Conflict, names_page=True, knows_repeats=True)
def decide(clip_id: int, body: DecideOne, told: HowMuch) -> OutcomeJson | BriefOutcomeJson:
    """Decides on a clip. Where somebody was first, the problem has the `clip` as it is now."""
    likeness = services().likeness()
    decision = body.decision
    try:
        with transaction() as session:
            outcome = reviews.decide(
                session,
                actor=reviewer_name(),
                clip_id=clip_id,
                version=body.version,
                decision=decision,
                lease_seconds=services().settings.lease_seconds,
                page=reviewer_page(),
                is_admin=visitor().is_admin,
            )
            is_latest = all(clip.version == body.version + 1 for clip in outcome.clips)
            if told.brief and is_latest and isinstance(decision, Mark | Annotate):
                brief = brief_json(outcome, decision, reviewer_name())
                return {"event_id": outcome.event_id, "clips": brief}
            return _committed_json(session, outcome, likeness)
    except Conflict as conflict:
        found = _now([clip_id])
        abort(problem(str(conflict), 409, clip=found[0] if found else None))


@blueprint.post("/api/v1/decisions")
@described(Conflict, knows_repeats=True)
def decide_all(body: DecideMany) -> BatchJson:
    """Decides on many clips at once. One batch of what can be decided, and why the rest can't."""
    likeness = services().likeness()
    with transaction() as session:
        outcome, refusals = reviews.decide_all(
            session,
            actor=reviewer_name(),
            versions={each.id: each.version for each in body.clips},
            decision=body.decision,
            is_admin=visitor().is_admin,
        )
        made = _committed_json(session, outcome, likeness) if outcome else None
    left = {clip["id"]: clip for clip in _now(refusals)}
    event_id = made["event_id"] if made else None
    return {
        "event_id": event_id,
        "batch_id": event_id,
        "clips": made["clips"] if made else [],
        "refused": [
            {"id": each, "error": sentence, "clip": left.get(each)}
            for each, sentence in refusals.items()
        ],
    }


@blueprint.post("/api/v1/undo")
@described(Conflict, Gone, Forbidden, names_page=True)
def undo(body: Undo) -> UndoneJson:
    """Takes a decision back. A batch is undone whole; an admin who gives a `reason` undoes what
    others decided."""
    likeness = services().likeness()
    with transaction() as session:
        outcome = undo_decision(
            session,
            body.event_id,
            body.reason,
            lease_seconds=services().settings.lease_seconds,
        )
        today = _count_today(session)
        made = _committed_json(session, outcome, likeness)
    return {**made, "undone": outcome.events, "today": today}


@blueprint.get("/api/v1/mine")
@described()
def mine(asked: Before) -> MineJson:
    """The reviewer's latest decisions that stand. They come newest first, a batch as one."""
    with transaction() as session:
        recent = event_log.latest(session, reviewer_name(), RECENT, asked.before)
        sizes = event_log.batch_sizes(session, [event.id for event in recent])
        videos = source_videos.with_ids(session, {event.source_video_id for event in recent})
        return {
            "recent": [
                _event_json(event, sizes.get(event.id, 1), videos[event.source_video_id])
                for event in recent
            ],
            "has_older": len(recent) == RECENT,
            "today": _count_today(session),
        }


def _committed_json(session: Session, outcome: Outcome, likeness: Likeness | None) -> OutcomeJson:
    """Ends the transaction of the session. The locks are gone while the clips are read."""
    ids = [clip.id for clip in outcome.clips]
    return {"event_id": outcome.event_id, "clips": clips_committed_json(session, ids, likeness)}


def _count_today(session: Session) -> int:
    midnight = datetime.combine(date.today(), time.min).astimezone()
    return event_log.count_since(session, reviewer_name(), midnight)


def _now(clip_ids: Iterable[int]) -> list[ClipJson]:
    likeness = services().likeness()
    with reading() as session:
        return clips_now_json(session, list(clip_ids), likeness)


def _event_json(event: ReviewEvent, count: int, video: SourceVideo) -> DecisionJson:
    changed = touched(event.before, event.after).values()
    was = event.before[-1 if event.action == Action.NUDGE else 0]
    now = next(entry for entry in event.after if entry["id"] == was["id"])
    left = [entry["id"] for entry in event.after if entry["state"] != ClipState.SUPERSEDED]
    return {
        "id": event.id,
        "action": event.action,
        "fields": sorted(frozenset().union(*changed)),
        "count": count,
        "clip_id": left[0] if left else was["id"],
        "clip_ids": [entry["id"] for entry in event.before],
        "start_frame": min(entry["start_frame"] for entry in event.before),
        "end_frame": max(entry["end_frame"] for entry in event.before),
        "was": seen_json(was),
        "now": {**seen_json(now), "video": video_json(video)},
    }
