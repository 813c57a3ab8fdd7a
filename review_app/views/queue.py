"""The review page and its queue: what waits for a decision, and who has it."""

from __future__ import annotations

from flask import Blueprint, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from heaters_pipeline.db import clips, review_queue, source_list
from heaters_pipeline.domain.errors import InputError
from heaters_pipeline.domain.selection import STATES, Selection, Shown
from review_app.fields import json_object, text
from review_app.presenters.clip_json import clips_json
from review_app.reviewer import rename, reviewer_name, reviewer_page
from review_app.services import services, transaction

blueprint = Blueprint("queue", __name__)

MAX_LIMIT = 200
MOST_VIDEOS = 500
"""To choose from among the filters; others are named in the address."""


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
    with transaction() as session:
        videos = source_list.ready(session, MOST_VIDEOS)
    return render_template(
        "review.html",
        videos=videos,
        lease_seconds=services().settings.lease_seconds,
        export_trimmed=services().settings.export_trimmed,
    )


@blueprint.get("/api/queue")
def queue() -> ResponseReturnValue:
    """The next clips of a selection (`domain.selection`) in its order: `?limit=6&video=key`.
    Pending ones are leased to the page that asks (`X-Heaters-Page`, a random token), or without one
    to the reviewer's name, and to ask again renews that; others, and one that is named by its id,
    are shown whoever has them.

    `pending` clips of the selection (of its video, where it is one of decided clips) wait for a
    decision, `with_others` of them are leased by other reviewers; `total` are all that it has,
    `available` those that the page can have. Pending clips that are neither with others nor
    available are leased by other pages of the same reviewer."""
    limit = request.args.get("limit", 6, int)
    if not 1 <= limit <= MAX_LIMIT:
        raise InputError(f"The limit is {limit}; it must be 1 to {MAX_LIMIT}.")
    selection = Selection.parse(request.args)
    waiting = selection.states() == STATES[Shown.PENDING]
    me, page, seconds = reviewer_name(), reviewer_page(), services().settings.lease_seconds
    with transaction() as session:
        likeness = services().likeness(session)
        if waiting:
            found = review_queue.lease_queue(session, me, limit, seconds, selection, likeness, page)
            pending = review_queue.pending_counts(session, me, selection, likeness, page)
            total, available = pending.total, pending.available
        else:
            found = review_queue.selected(session, selection, limit, likeness=likeness)
            of_video = Selection(video=selection.video)
            pending = review_queue.pending_counts(session, me, of_video, page=page)
            total = available = review_queue.count(session, selection, likeness=likeness)
            if selection.clip is not None:
                review_queue.lease(session, [selection.clip], me, seconds, page)
        return jsonify(
            clips=clips_json(session, found),
            pending=pending.total,
            with_others=pending.with_others,
            total=total,
            available=available,
        )


@blueprint.post("/api/release")
def release() -> ResponseReturnValue:
    """Gives back what the page has on lease: it says so when it is closed."""
    with transaction() as session:
        review_queue.release(session, reviewer_name(), reviewer_page())
    return jsonify({})


@blueprint.post("/api/reviewer")
def name() -> ResponseReturnValue:
    """`{"name"}`: another name; what the page had on lease under the old one is given back."""
    old, new = reviewer_name(), rename(text(json_object(), "name"))
    with transaction() as session:
        review_queue.release(session, old, reviewer_page())
    return jsonify(name=new)
