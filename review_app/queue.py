"""The review page and its queue: what waits for a decision, and who has it."""

from __future__ import annotations

from flask import Blueprint, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from heaters_pipeline.db import clips
from heaters_pipeline.domain.errors import InputError
from review_app.clip_json import clips_json
from review_app.fields import json_object
from review_app.reviewer import rename, reviewer_name
from review_app.services import services, transaction

blueprint = Blueprint("queue", __name__)

MAX_LIMIT = 50


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
        lease_seconds=services().settings.lease_seconds,
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
        leased = clips.lease_queue(
            session, reviewer_name(), limit, services().settings.lease_seconds, video
        )
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


@blueprint.post("/api/reviewer")
def name() -> ResponseReturnValue:
    """`{"name"}`: another name; what was leased under the old one is given back."""
    with transaction() as session:
        clips.release(session, reviewer_name())
    return jsonify(name=rename(str(json_object().get("name", ""))))
