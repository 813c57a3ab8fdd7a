"""The page of one clip with its history, and the page of clips that look like it."""

from __future__ import annotations

from flask import Blueprint, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlmodel import Session

from heaters_pipeline.db import (
    alike,
    artifacts,
    clip_transitions,
    clip_work,
    clips,
    embeddings,
    event_log,
    labels,
    review_queue,
    undoing,
)
from heaters_pipeline.db.models import ReviewEvent
from heaters_pipeline.domain.states import ClipState
from review_app.presenters import history
from review_app.presenters.clip_json import clips_json
from review_app.reviewer import reviewer_name
from review_app.services import delete_unused, services, transaction

blueprint = Blueprint("clips", __name__)

SIMILAR = 12
SIMILAR_PAGE = 48
ALIKE = 5


@blueprint.get("/clips/<int:clip_id>")
def index(clip_id: int) -> ResponseReturnValue:
    likeness = services().likeness()
    with transaction() as session:
        entry = review_queue.queued(session, [clips.get(session, clip_id).id])[0]
        near = embeddings.similar(session, clip_id, SIMILAR)
        ids = [clip_id, *(other.id for other, _ in near)]
        undoable = event_log.latest_on_clip(session, clip_id)
        return render_template(
            "clip.html",
            entry=entry,
            virtual=clips_json(session, [entry], likeness)[0] if entry.clip.is_virtual else None,
            transitions=clip_transitions.of_clips(session, [clip_id])[clip_id].transitions,
            history=history.entries(clip_id, clips.history(session, clip_id)),
            group=[other for other in clips.group(session, entry.clip) if other.id != clip_id],
            undoable=undoable,
            undone_with_it=_batch_size(session, undoable) - 1 if undoable else 0,
            similar=near,
            models=embeddings.models_of_clip(session, clip_id),
            keyframes=artifacts.keyframes_of(session, ids),
            colours=labels.colours(session),
            can_be_described=entry.clip.state != ClipState.SUPERSEDED,
        )


def _batch_size(session: Session, event: ReviewEvent) -> int:
    first = event.batch_id or event.id
    return event_log.batch_sizes(session, [first]).get(first, 1)


@blueprint.get("/clips/<int:clip_id>/similar")
def similar(clip_id: int) -> ResponseReturnValue:
    with transaction() as session:
        clips.get(session, clip_id)
        models = embeddings.models_of_clip(session, clip_id)
        model = request.args.get("model") or next(iter(models), None)
        near = embeddings.similar(session, clip_id, SIMILAR_PAGE, model) if model else []
        ids = [clip_id, *(other.id for other, _ in near)]
        return render_template(
            "similar.html",
            clip_id=clip_id,
            similar=near,
            model=model,
            models=models,
            keyframes=artifacts.keyframes_of(session, ids),
            colours=labels.colours(session),
        )


@blueprint.get("/api/clips/<int:clip_id>/alike")
def look_alikes(clip_id: int) -> ResponseReturnValue:
    """The clips that look most like this one, in any state, the likest first."""
    likeness = services().likeness()
    with transaction() as session:
        ids = alike.nearest(session, clip_id, ALIKE)
        found = clips_json(session, review_queue.queued(session, ids), likeness)
    return jsonify(clips=sorted(found, key=lambda clip: ids.index(clip["id"])))


@blueprint.post("/clips/<int:clip_id>/retry")
def retry(clip_id: int) -> ResponseReturnValue:
    with transaction() as session:
        clip_work.retry(session, clip_id)
    flash(f"Clip {clip_id} is tried again.")
    return redirect(url_for("clips.index", clip_id=clip_id), 303)


@blueprint.post("/clips/<int:clip_id>/undo")
def undo(clip_id: int) -> ResponseReturnValue:
    """Takes back a decision on the clip, no matter who made it and when."""
    with transaction() as session:
        outcome = undoing.undo(
            session, actor=reviewer_name(), event_id=request.form.get("event_id", 0, int)
        )
    delete_unused(outcome)
    more = outcome.events - 1
    flash(f"Taken back{f', with {more} more of its batch' if more else ''}.")
    return redirect(url_for("clips.index", clip_id=clip_id), 303)
