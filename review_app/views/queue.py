"""The reviewers' queue as JSON: which clips wait for a decision, and who has them."""

from __future__ import annotations

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue
from sqlmodel import Session

from heaters_pipeline.db import clips, repeats, review_queue
from heaters_pipeline.db.likeness import Likeness
from heaters_pipeline.domain.errors import Gone, InputError
from heaters_pipeline.domain.repeats import stacks
from heaters_pipeline.domain.selection import STATES, Selection, Shown
from heaters_pipeline.domain.states import ClipState
from review_app.fields import arguments
from review_app.presenters.clip_json import ClipJson, clips_json
from review_app.reviewer import reviewer_name, reviewer_page
from review_app.services import services, transaction

blueprint = Blueprint("queue", __name__)

MAX_LIMIT = 1000


@blueprint.get("/api/queue")
def look() -> ResponseReturnValue:
    """The first clips of a selection (`domain.selection`) in its order, whoever has them:
    `?limit=6&video=key`. The answer is that of `lease`, and nothing is leased."""
    return _queue(leases=False)


@blueprint.post("/api/queue")
def lease() -> ResponseReturnValue:
    """The next clips of a selection in its order: `?limit=6&video=key`.
    Pending ones are leased to the page that asks (`X-Heaters-Page`, a random token), or without one
    to the reviewer's name, and to ask again renews that; others, and one that is named by its id,
    are shown whoever has them. With `&anew=1` a list begins, with the first clips of its order;
    without, the clips that the page or its reviewer had before come first.

    `pending` clips of the selection (of its video, where it is one of decided clips) wait for a
    decision, `with_others` of them are leased by other reviewers; `total` are all that it has,
    `available` those that the page can have. Pending clips that are neither with others nor
    available are leased by other pages of the same reviewer.

    `?stacks=1` asks for `stacks`, too: the ids of clips of the answer that show the same, a list
    for each stack, in the order of the clips. Pending clips of the selection that show the same as
    one of the answer are then in it, too, beyond the limit and from whatever video, if the page can
    have them."""
    return _queue(leases=True)


def _queue(*, leases: bool) -> ResponseReturnValue:
    limit = request.args.get("limit", 6, int)
    if not 1 <= limit <= MAX_LIMIT:
        raise InputError(f"The limit is {limit}; it must be 1 to {MAX_LIMIT}.")
    selection = Selection.parse(arguments())
    waiting = selection.states() == STATES[Shown.PENDING]
    me, page, seconds = reviewer_name(), reviewer_page(), services().settings.lease_seconds
    likeness = services().likeness()
    with transaction() as session:
        if waiting:
            if leases:
                anew = "anew" in request.args
                found = review_queue.lease_queue(
                    session, me, limit, seconds, selection, likeness, page, anew=anew
                )
            else:
                found = review_queue.selected(
                    session, selection, limit, likeness=likeness, reviewer=me
                )
            pending = review_queue.pending_counts(session, me, selection, likeness, page)
            total, available = pending.total, pending.available
        else:
            found = review_queue.selected(session, selection, limit, likeness=likeness)
            of_video = Selection(video=selection.video)
            pending = review_queue.pending_counts(session, me, of_video, page=page)
            total = available = review_queue.count(session, selection, likeness=likeness)
            if leases and selection.clip is not None:
                review_queue.lease(session, [selection.clip], me, seconds, page)
        stacked = {}
        if request.args.get("stacks") == "1":
            ids = [entry.clip.id for entry in found]
            same = repeats.of_clips(session, ids, services().settings.repeat_score)
            missing = {each.other_id for each in same}.difference(ids)
            if leases and waiting and missing:
                found += review_queue.lease_also(
                    session, missing, me, seconds, selection, likeness, page
                )
                ids = [entry.clip.id for entry in found]
                same = repeats.of_clips(session, ids, services().settings.repeat_score)
            pairs = [(each.clip_id, each.other_id) for each in same if each.other_id in ids]
            stacked = {"stacks": stacks(ids, pairs)}
        return jsonify(
            clips=clips_json(session, found, likeness),
            pending=pending.total,
            with_others=pending.with_others,
            total=total,
            available=available,
            **stacked,
        )


@blueprint.get("/api/clips/<int:clip_id>")
def clip(clip_id: int) -> ResponseReturnValue:
    """One clip, in any state and whoever has it. 410 where a merge or a split has replaced it."""
    likeness = services().likeness()
    with transaction() as session:
        return jsonify(clip=_clip(session, clip_id, likeness))


@blueprint.post("/api/clips/<int:clip_id>/lease")
def lease_clip(clip_id: int) -> ResponseReturnValue:
    """The same; a pending clip that nobody has is leased to the page."""
    settings, likeness = services().settings, services().likeness()
    with transaction() as session:
        page = reviewer_page()
        review_queue.lease(session, [clip_id], reviewer_name(), settings.lease_seconds, page)
        return jsonify(clip=_clip(session, clip_id, likeness))


def _clip(session: Session, clip_id: int, likeness: Likeness | None) -> ClipJson:
    if clips.get(session, clip_id).state == ClipState.SUPERSEDED:
        raise Gone(f"Clip {clip_id} was replaced by a merge or a split.")
    found = review_queue.queued(session, [clip_id])
    return clips_json(session, found, likeness)[0]


@blueprint.post("/api/release")
def release() -> ResponseReturnValue:
    """Gives back what the page has on lease: it says so when it is closed."""
    with transaction() as session:
        review_queue.release(session, reviewer_name(), reviewer_page())
    return jsonify({})
