"""The page of one clip with its history."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlmodel import Session
from typing_extensions import TypedDict

from heaters_pipeline.db import (
    alike,
    artifacts,
    clip_exports,
    clip_transitions,
    clip_work,
    clips,
    collections,
    comments,
    embeddings,
    event_log,
    handovers,
    labels,
    repeats,
    review_queue,
)
from heaters_pipeline.db.models import ReviewEvent
from heaters_pipeline.db.review_queue import QueuedClip
from heaters_pipeline.domain.repeats import ClipRepeat
from heaters_pipeline.domain.states import ClipState
from review_app.api.operation import ClipIds, Nothing, described
from review_app.presenters import history
from review_app.presenters.clip_json import ClipJson, clips_json
from review_app.reviewer import reviewer_name
from review_app.services import services, transaction
from review_app.undo import undo_decision

blueprint = Blueprint("clips", __name__)

SIMILAR = 12
ALIKE = 5


class LookAlikesJson(TypedDict):
    clips: list[ClipJson]
    same: list[int]
    """The ids of those that show the same."""


@blueprint.get("/clips/<int:clip_id>")
def index(clip_id: int) -> ResponseReturnValue:
    likeness, wanted = services().likeness(), services().settings.embedding_model
    with transaction() as session:
        entry = review_queue.queued(session, [clips.get(session, clip_id).id])[0]
        models = _models(session, clip_id)
        near = embeddings.similar(session, clip_id, SIMILAR, models[0]) if models else []
        ids = [clip_id, *(other.id for other, _ in near)]
        events = history.seen_by(reviewer_name(), entry.clip, clips.history(session, clip_id))
        undoable = event_log.latest_on_clip(session, clip_id)
        if undoable not in events:
            undoable = None
        return render_template(
            "clip.html",
            entry=entry,
            virtual=clips_json(session, [entry], likeness)[0] if entry.clip.is_virtual else None,
            transitions=clip_transitions.of_clips(session, [clip_id])[clip_id].transitions,
            history=history.entries(clip_id, events),
            group=[other for other in clips.group(session, entry.clip) if other.id != clip_id],
            group_name=clips.get(session, entry.clip.grouped_with_clip_id or clip_id).group_name,
            undoable=undoable,
            undone_with_it=_batch_size(session, undoable) - 1 if undoable else 0,
            similar=near,
            repeats=repeated(session, clip_id),
            models=models,
            wanted_model=wanted,
            why_no_vector=embeddings.why_missing(session, wanted, clip_id),
            keyframes=artifacts.keyframes_of(session, ids),
            exports=clip_exports.of_clips(session, [clip_id]).get(clip_id, []),
            failures=clip_exports.failures(session, [clip_id]).get(clip_id, []),
            colours=labels.colours(session),
            collections=collections.of_clips(session, [clip_id]).get(clip_id, []),
            handovers=handovers.of_clips(session, [clip_id]).get(clip_id, []),
            comments=comments.of_clip(session, clip_id),
            can_be_described=entry.clip.state != ClipState.SUPERSEDED,
        )


def _models(session: Session, clip_id: int) -> list[str]:
    """That the clip has a vector of, the present one first."""
    wanted = services().settings.embedding_model
    return sorted(embeddings.models_of_clip(session, clip_id), key=lambda name: name != wanted)


def repeated(session: Session, clip_id: int) -> list[tuple[ClipRepeat, QueuedClip]]:
    """What shows the same as a clip, the likest first."""
    found = repeats.of_clips(session, [clip_id], services().settings.repeat_score)
    entries = review_queue.queued(session, [each.other_id for each in found])
    by_id = {entry.clip.id: entry for entry in entries}
    return [(each, by_id[each.other_id]) for each in found]


def _batch_size(session: Session, event: ReviewEvent) -> int:
    first = event.batch_id or event.id
    return event_log.batch_sizes(session, [first]).get(first, 1)


@blueprint.get("/clips/<int:clip_id>/similar")
def similar(clip_id: int) -> ResponseReturnValue:
    """Where the search by a clip was before there was one box for all."""
    return redirect(url_for("library.index", like=clip_id, model=request.args.get("model")), 301)


@blueprint.get("/api/v1/clips/<int:clip_id>/alike")
@described()
def look_alikes(clip_id: int) -> LookAlikesJson:
    """The clips that show the same as this one, then those that look most like it. In any state,
    the likest first."""
    likeness = services().likeness()
    with transaction() as session:
        told = repeats.of_clips(session, [clip_id], services().settings.repeat_score)
        same = [each.other_id for each in told]
        near = [each for each in alike.nearest(session, clip_id, ALIKE) if each not in same]
        ids = [*same, *near][:ALIKE]
        found = clips_json(session, review_queue.queued(session, ids), likeness)
    return {
        "clips": sorted(found, key=lambda clip: ids.index(clip["id"])),
        "same": [each for each in same if each in ids],
    }


@blueprint.post("/api/v1/apart")
@described()
def take_apart(body: ClipIds) -> Nothing:
    """No two of these clips are called the same any more, for good."""
    with transaction() as session:
        repeats.take_apart(session, reviewer_name(), body.clips)
    return {}


@blueprint.post("/clips/<int:clip_id>/apart/<int:other_id>")
def take_from(clip_id: int, other_id: int) -> ResponseReturnValue:
    with transaction() as session:
        repeats.take_apart(session, reviewer_name(), [clip_id, other_id])
    flash(f"Clip {other_id} is not called the same any more.")
    return redirect(url_for("clips.index", clip_id=clip_id), 303)


@blueprint.post("/clips/<int:clip_id>/retry")
def retry(clip_id: int) -> ResponseReturnValue:
    with transaction() as session:
        clip_work.retry(session, clip_id)
    flash(f"Clip {clip_id} is tried again.")
    return redirect(url_for("clips.index", clip_id=clip_id), 303)


@blueprint.post("/clips/<int:clip_id>/exports/retry")
def retry_exports(clip_id: int) -> ResponseReturnValue:
    """Has the files made again that failed on a clip which has others."""
    with transaction() as session:
        clip_exports.retry(session, clip_id)
    flash(f"The missing files of clip {clip_id} are made again.")
    return redirect(url_for("clips.index", clip_id=clip_id), 303)


@blueprint.post("/clips/<int:clip_id>/undo")
def undo(clip_id: int) -> ResponseReturnValue:
    """Takes back a decision on the clip, no matter when it was made."""
    with transaction() as session:
        outcome = undo_decision(
            session, request.form.get("event_id", 0, int), request.form.get("reason", "")
        )
    more = outcome.events - 1
    flash(f"Taken back{f', with {more} more of its batch' if more else ''}.")
    return redirect(url_for("clips.index", clip_id=clip_id), 303)
