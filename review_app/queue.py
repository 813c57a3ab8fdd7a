"""The review page and the JSON behind it: the queue, decisions, undo."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

from flask import Blueprint, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlmodel import Session

from heaters_pipeline.db import clips, reviews
from heaters_pipeline.db.models import ReviewEvent
from heaters_pipeline.db.reviews import Decision
from heaters_pipeline.domain.errors import Conflict, InputError
from heaters_pipeline.domain.review import Action
from review_app.clip_json import clips_json
from review_app.reviewer import rename, reviewer_name
from review_app.services import delete_unused, services, transaction

blueprint = Blueprint("queue", __name__)

MAX_LIMIT = 50
RECENT = 12
DECISIONS = frozenset(Action) - {Action.UNDO, Action.REPLAN}


@blueprint.get("/")
def home() -> ResponseReturnValue:
    return redirect(url_for("queue.review"))


@blueprint.get("/healthz")
def healthz() -> ResponseReturnValue:
    with transaction() as session:
        clips.counts_by_state(session)
    return jsonify(status="ok")


@blueprint.get("/review")
def review() -> ResponseReturnValue:
    return render_template(
        "review.html",
        lease_seconds=_lease_seconds(),
        export_trimmed=services().settings.export_trimmed,
    )


@blueprint.get("/api/queue")
def queue() -> ResponseReturnValue:
    """The next clips, leased to whoever asks: `?limit=6`, `?video=key` for one video only.
    To ask again renews the leases."""
    limit = request.args.get("limit", 6, int)
    video = request.args.get("video")
    if not 1 <= limit <= MAX_LIMIT:
        raise InputError(f"The limit is {limit}; it must be 1 to {MAX_LIMIT}.")
    with transaction() as session:
        leased = clips.lease_queue(session, reviewer_name(), limit, _lease_seconds(), video)
        pending = clips.pending_counts(session, reviewer_name(), video)
        return jsonify(
            clips=clips_json(session, leased),
            pending=pending.total,
            with_others=pending.with_others,
        )


@blueprint.post("/api/release")
def release() -> ResponseReturnValue:
    """Gives back what the reviewer has leased: the page says so when it is closed."""
    with transaction() as session:
        clips.release(session, reviewer_name())
    return jsonify({})


@blueprint.get("/api/mine")
def mine() -> ResponseReturnValue:
    """The reviewer's latest decisions that stand, newest first, and how many there are today."""
    with transaction() as session:
        midnight = datetime.combine(date.today(), time.min).astimezone()
        return jsonify(
            recent=[_event_json(e) for e in reviews.latest(session, reviewer_name(), RECENT)],
            today=reviews.count_since(session, reviewer_name(), midnight),
        )


@blueprint.post("/api/clips/<int:clip_id>/decisions")
def decide(clip_id: int) -> ResponseReturnValue:
    """`{"action", "version", "frame"}`; 409 with the clip as it is now if somebody was first."""
    wanted = _json_object()
    action = _action(wanted.get("action"))
    version, frame = _integer(wanted, "version"), _integer(wanted, "frame", optional=True)
    try:
        with transaction() as session:
            decision = reviews.decide(
                session,
                actor=reviewer_name(),
                clip_id=clip_id,
                version=version or 0,
                action=action,
                frame=frame,
                lease_seconds=_lease_seconds(),
            )
            answer = _decision_json(session, decision)
        delete_unused(decision)
        return jsonify(answer)
    except Conflict as conflict:
        with transaction() as session:
            found = clips_json(session, clips.queued(session, [clip_id]))
        return jsonify(error=str(conflict), clip=found[0] if found else None), 409


@blueprint.post("/api/undo")
def undo() -> ResponseReturnValue:
    """`{"event_id"}`, or nothing for the reviewer's latest decision that stands."""
    event_id = _integer(_json_object(), "event_id", optional=True)
    with transaction() as session:
        decision = reviews.undo(
            session, actor=reviewer_name(), event_id=event_id, lease_seconds=_lease_seconds()
        )
        answer = _decision_json(session, decision)
    delete_unused(decision)
    return jsonify(answer)


@blueprint.post("/api/reviewer")
def name() -> ResponseReturnValue:
    """`{"name"}`: another name; what was leased under the old one is given back."""
    with transaction() as session:
        clips.release(session, reviewer_name())
    return jsonify(name=rename(str(_json_object().get("name", ""))))


def _lease_seconds() -> float:
    return services().settings.lease_seconds


def _decision_json(session: Session, decision: Decision) -> dict[str, Any]:
    return {
        "event_id": decision.event_id,
        "clips": clips_json(session, clips.queued(session, [c.id for c in decision.clips])),
    }


def _event_json(event: ReviewEvent) -> dict[str, Any]:
    return {
        "id": event.id,
        "action": event.action,
        "clip_ids": [entry["id"] for entry in event.before],
        "start_frame": min(entry["start_frame"] for entry in event.before),
        "end_frame": max(entry["end_frame"] for entry in event.before),
    }


def _json_object() -> dict[str, Any]:
    found = request.get_json(silent=True)
    if not isinstance(found, dict):
        raise InputError("The request must carry a JSON object.")
    return found


def _action(name: object) -> Action:
    if name not in DECISIONS:
        raise InputError(f"The action is {name!r}; it must be one of {', '.join(DECISIONS)}.")
    return Action(str(name))


def _integer(fields: dict[str, Any], name: str, *, optional: bool = False) -> int | None:
    value = fields.get(name)
    if value is None and optional:
        return None
    if not isinstance(value, int) or isinstance(value, bool):
        raise InputError(f"{name} is {value!r}; it must be a whole number.")
    return value
