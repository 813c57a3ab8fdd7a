"""The reviewers' queue as JSON: which clips wait for a decision, and who has them."""

from __future__ import annotations

from typing import NotRequired

from flask import Blueprint
from pydantic import Field
from sqlmodel import Session
from typing_extensions import TypedDict

from heaters_pipeline.db import clips, repeats, review_queue
from heaters_pipeline.db.likeness import Likeness
from heaters_pipeline.domain.errors import Gone
from heaters_pipeline.domain.repeats import stacks
from heaters_pipeline.domain.selection import STATES, Selection, Shown
from heaters_pipeline.domain.states import ClipState
from review_app.api.decisions import LARGEST_BATCH
from review_app.api.operation import Nothing, Query, described
from review_app.presenters.clip_json import ClipJson, clips_json
from review_app.reviewer import reviewer_name, reviewer_page
from review_app.services import services, transaction

blueprint = Blueprint("queue", __name__)


class Asked(Query):
    limit: int = Field(6, ge=1, le=LARGEST_BATCH)
    anew: bool = False
    """A list begins, with the first clips of its order; without, the clips that the page or its
    reviewer had before come first."""
    stacks: bool = False
    """Ask for `stacks`, too."""


class QueueJson(TypedDict):
    clips: list[ClipJson]
    pending: int
    """Clips of the selection (of its video, where it is one of decided clips) that wait for a
    decision."""
    with_others: int
    """Of these, those that other reviewers have on lease."""
    total: int
    """All clips of the selection."""
    available: int
    """Those that the page can have."""
    stacks: NotRequired[list[list[int]]]
    """The ids of clips of the answer that show the same, a list for each stack, in their order."""


class OneClipJson(TypedDict):
    clip: ClipJson


@blueprint.get("/api/v1/queue")
@described(names_page=True)
def look(selection: Selection, asked: Asked) -> QueueJson:
    """The first clips of a selection in its order, whoever has them. Nothing is leased."""
    return _queue(selection, asked, leases=False)


@blueprint.post("/api/v1/queue")
@described(names_page=True)
def lease(selection: Selection, asked: Asked) -> QueueJson:
    """The next clips of a selection in its order. Pending ones are leased to the page that asks
    (`X-Heaters-Page`, a random token), or without one to the reviewer's name, and to ask again
    renews that; others, and one that is named by its id, are shown whoever has them. Pending clips
    that are neither with others nor available are leased by other pages of the same reviewer.

    With `stacks`, pending clips of the selection that show the same as one of the answer are in it,
    too, beyond the limit and from whatever video, if the page can have them: as long as all of the
    answer can be decided on at once."""
    return _queue(selection, asked, leases=True)


def _queue(selection: Selection, asked: Asked, *, leases: bool) -> QueueJson:
    limit = asked.limit
    waiting = selection.states() == STATES[Shown.PENDING]
    me, page, seconds = reviewer_name(), reviewer_page(), services().settings.lease_seconds
    likeness = services().likeness()
    with transaction() as session:
        if waiting:
            if leases:
                found = review_queue.lease_queue(
                    session, me, limit, seconds, selection, likeness, page, anew=asked.anew
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
        stacked: list[list[int]] | None = None
        if asked.stacks:
            ids = [entry.clip.id for entry in found]
            same = repeats.of_clips(session, ids, services().settings.repeat_score)
            missing = {each.other_id for each in same}.difference(ids)
            room = LARGEST_BATCH - len(found)
            if leases and waiting and missing and room > 0:
                found += review_queue.lease_also(
                    session, missing, me, room, seconds, selection, likeness, page
                )
                ids = [entry.clip.id for entry in found]
                same = repeats.of_clips(session, ids, services().settings.repeat_score)
            pairs = [(each.clip_id, each.other_id) for each in same if each.other_id in ids]
            stacked = stacks(ids, pairs)
        told: QueueJson = {
            "clips": clips_json(session, found, likeness),
            "pending": pending.total,
            "with_others": pending.with_others,
            "total": total,
            "available": available,
        }
    return told if stacked is None else {**told, "stacks": stacked}


@blueprint.get("/api/v1/clips/<int:clip_id>")
@described(Gone)
def clip(clip_id: int) -> OneClipJson:
    """One clip, in any state and whoever has it. 410 where a merge or a split has replaced it."""
    likeness = services().likeness()
    with transaction() as session:
        return {"clip": _clip(session, clip_id, likeness)}


@blueprint.post("/api/v1/clips/<int:clip_id>/lease")
@described(Gone, names_page=True)
def lease_clip(clip_id: int) -> OneClipJson:
    """One clip, as it is read. A pending clip that nobody has is leased to the page."""
    settings, likeness = services().settings, services().likeness()
    with transaction() as session:
        page = reviewer_page()
        review_queue.lease(session, [clip_id], reviewer_name(), settings.lease_seconds, page)
        return {"clip": _clip(session, clip_id, likeness)}


def _clip(session: Session, clip_id: int, likeness: Likeness | None) -> ClipJson:
    if clips.get(session, clip_id).state == ClipState.SUPERSEDED:
        raise Gone(f"Clip {clip_id} was replaced by a merge or a split.")
    found = review_queue.queued(session, [clip_id])
    return clips_json(session, found, likeness)[0]


@blueprint.post("/api/v1/release")
@described(names_page=True)
def release() -> Nothing:
    """Gives back what the page has on lease. It says so when it is closed."""
    with transaction() as session:
        review_queue.release(session, reviewer_name(), reviewer_page())
    return {}
