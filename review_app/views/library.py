"""The library: the grid of finished clips, and the same clips as CSV."""

from __future__ import annotations

from flask import Blueprint, Response, render_template, request, stream_with_context
from flask.typing import ResponseReturnValue

from heaters_pipeline.db import artifacts, labels, review_queue
from heaters_pipeline.domain.selection import Order, Selection, Shown
from review_app.fields import arguments
from review_app.presenters import clip_csv, filters
from review_app.presenters.clip_json import drawn_json
from review_app.services import services, transaction

blueprint = Blueprint("library", __name__)

PAGE = 48


@blueprint.get("/library")
def index() -> ResponseReturnValue:
    page = max(1, request.args.get("page", 1, int))
    selection = _selection()
    likeness = services().likeness()
    with transaction() as session:
        found = review_queue.selected(
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
            total=review_queue.count(
                session, selection, by_itself=Shown.LIBRARY, likeness=likeness
            ),
            entries=entries,
            drawn=drawn_json(session, entries),
            keyframes=artifacts.keyframes_of(session, [entry.clip.id for entry in entries]),
            **filters.choices(session),
            colours=labels.colours(session),
            page=page,
            has_more=len(found) > PAGE,
        )


@blueprint.get("/library.csv")
def listed() -> Response:
    """All clips that `index` shows page by page, a line each (`clip_csv`)."""
    selection = _selection()
    likeness = services().likeness()
    with transaction() as session:
        ids = review_queue.selected_ids(
            session, selection, by_itself=Shown.LIBRARY, likeness=likeness
        )
    response = Response(stream_with_context(clip_csv.lines(ids)), mimetype="text/csv")
    response.headers.set("Content-Disposition", "attachment", filename="library.csv")
    return response


def _selection() -> Selection:
    """Newest first, unless the address names another order."""
    return Selection.parse({"order": Order.NEWEST, **arguments()})


def _arguments(selection: Selection) -> dict[str, str]:
    """The parameters of the library's address for a selection, without its defaults."""
    given = {**selection.arguments(), "order": str(selection.order)}
    if selection.order == Order.NEWEST:
        del given["order"]
    if selection.state == (Shown.LIBRARY,):
        del given["state"]
    return given
