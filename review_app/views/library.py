"""Finished clips: the grid, one clip with its history, what looks like it, its files."""

from __future__ import annotations

from flask import (
    Blueprint,
    Response,
    abort,
    flash,
    redirect,
    render_template,
    request,
    stream_with_context,
    url_for,
)
from flask.typing import ResponseReturnValue
from sqlmodel import Session

from heaters_pipeline.db import artifacts, clips, embeddings, event_log, source_list, undoing
from heaters_pipeline.db import clip_transitions as transitions
from heaters_pipeline.db.models import ReviewEvent
from heaters_pipeline.domain.selection import Order, Selection, Shown
from review_app.presenters import clip_csv as clip_list
from review_app.presenters import history
from review_app.presenters.clip_json import clips_json, picture_json
from review_app.reviewer import reviewer_name
from review_app.services import delete_unused, services, transaction
from review_app.views.media import IMMUTABLE, send_object
from review_app.views.queue import MOST_VIDEOS

blueprint = Blueprint("library", __name__)

PAGE = 48
SIMILAR = 12
SIMILAR_PAGE = 48


@blueprint.get("/library")
def index() -> ResponseReturnValue:
    page = max(1, request.args.get("page", 1, int))
    selection = _selection()
    with transaction() as session:
        likeness = services().likeness(session)
        found = clips.selected(
            session,
            selection,
            PAGE + 1,
            (page - 1) * PAGE,
            by_itself=Shown.LIBRARY,
            likeness=likeness,
        )
        entries = found[:PAGE]
        return render_template(
            "library.html",
            selection=selection,
            arguments=_arguments(selection),
            total=clips.count(session, selection, by_itself=Shown.LIBRARY, likeness=likeness),
            entries=entries,
            drawn={entry.clip.id: picture_json(entry) for entry in entries},
            keyframes=artifacts.keyframes_of(session, [entry.clip.id for entry in entries]),
            videos=source_list.ready(session, MOST_VIDEOS),
            labels=clips.labels_in_use(session),
            page=page,
            has_more=len(found) > PAGE,
        )


@blueprint.get("/library.csv")
def listed() -> Response:
    """The same clips as `index` shows, all of them, a line each (`clip_list`)."""
    selection = _selection()
    with transaction() as session:
        likeness = services().likeness(session)
        ids = clips.selected_ids(session, selection, by_itself=Shown.LIBRARY, likeness=likeness)
    response = Response(stream_with_context(clip_list.lines(ids)), mimetype="text/csv")
    response.headers.set("Content-Disposition", "attachment", filename="library.csv")
    return response


def _selection() -> Selection:
    """Newest first, unless another order is asked for."""
    return Selection.parse({"order": Order.NEWEST, **request.args})


def _arguments(selection: Selection) -> dict[str, str]:
    """What the library's address says of a selection; what it shows by itself goes without."""
    arguments = {**selection.arguments(), "order": str(selection.order)}
    if selection.order == Order.NEWEST:
        del arguments["order"]
    if selection.state == Shown.LIBRARY:
        del arguments["state"]
    return arguments


@blueprint.get("/clips/<int:clip_id>")
def clip(clip_id: int) -> ResponseReturnValue:
    with transaction() as session:
        entry = clips.queued(session, [clips.get(session, clip_id).id])[0]
        near = embeddings.similar(session, clip_id, SIMILAR)
        ids = [clip_id, *(other.id for other, _ in near)]
        undoable = event_log.latest_on_clip(session, clip_id)
        return render_template(
            "clip.html",
            entry=entry,
            virtual=clips_json(session, [entry])[0] if entry.clip.is_virtual else None,
            transitions=transitions.of_clips(session, [clip_id]).get(clip_id, ()),
            history=history.entries(clip_id, clips.history(session, clip_id)),
            group=[other for other in clips.group(session, entry.clip) if other.id != clip_id],
            undoable=undoable,
            undone_with_it=_batch_size(session, undoable) - 1 if undoable else 0,
            similar=near,
            models=embeddings.models_of_clip(session, clip_id),
            keyframes=artifacts.keyframes_of(session, ids),
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
        )


@blueprint.post("/clips/<int:clip_id>/retry")
def retry(clip_id: int) -> ResponseReturnValue:
    with transaction() as session:
        clips.retry(session, clip_id)
    flash(f"Clip {clip_id} is tried again.")
    return redirect(url_for("library.clip", clip_id=clip_id), 303)


@blueprint.post("/clips/<int:clip_id>/undo")
def undo(clip_id: int) -> ResponseReturnValue:
    """Takes back a decision on the clip, whoever made it and however long ago."""
    with transaction() as session:
        decision = undoing.undo(
            session, actor=reviewer_name(), event_id=request.form.get("event_id", 0, int)
        )
    delete_unused(decision)
    more = decision.events - 1
    flash(f"Taken back{f', with {more} more of its batch' if more else ''}.")
    return redirect(url_for("library.clip", clip_id=clip_id), 303)


@blueprint.get("/clips/<int:clip_id>/clip.mp4")
def file(clip_id: int) -> Response:
    """The exported MP4; `?download` saves it instead of playing it."""
    with transaction() as session:
        key = clips.get(session, clip_id).clip_filepath
    if key is None:
        abort(404, f"Clip {clip_id} has no file: it has not been exported.")
    name = f"clip-{clip_id}.mp4" if "download" in request.args else None
    return send_object(key, "video/mp4", name)


@blueprint.get("/clips/<int:clip_id>/keyframes/<int:frame>.jpg")
def keyframe(clip_id: int, frame: int) -> Response:
    with transaction() as session:
        found = [a for a in artifacts.keyframes(session, clip_id) if a.frame == frame]
    if not found:
        abort(404, f"Clip {clip_id} has no keyframe {frame}.")
    response = Response(services().storage.stream(found[0].filepath), mimetype="image/jpeg")
    response.headers["Cache-Control"] = IMMUTABLE
    return response
