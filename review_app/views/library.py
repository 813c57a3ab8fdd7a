"""The library: the grid of finished clips, the search over all clips, and the clips as CSV."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, Response, render_template, request, stream_with_context
from flask.typing import ResponseReturnValue
from sqlmodel import Session

from heaters_pipeline.db import artifacts, comments, labels, repeats, review_queue, stacks
from heaters_pipeline.db.review_queue import QueuedClip
from heaters_pipeline.db.selection import View
from heaters_pipeline.domain.repeats import covered_by_others
from heaters_pipeline.domain.searching import Search
from heaters_pipeline.domain.selection import Order, Selection, Shown
from review_app.fields import arguments
from review_app.presenters import clip_csv, filters
from review_app.presenters.clip_json import drawn_json
from review_app.services import services, transaction

blueprint = Blueprint("library", __name__)

PAGE = 48


@blueprint.get("/library")
def index() -> ResponseReturnValue:
    found = _found()
    with transaction() as session:
        return render_template("library.html", **found, **filters.choices(session))


@blueprint.get("/library/found")
def found() -> ResponseReturnValue:
    """What the page shows below its box, for the same address."""
    return render_template("_found.html", **_found())


def _found() -> dict[str, Any]:
    wanted = Search.parse(arguments())
    return _searched(wanted) if wanted.asks else _listed()


def _stack_score(selection: Selection) -> float | None:
    """Clips that show the same come once by this score; None where each comes by itself: where the
    address says so, or names the clips."""
    if request.args.get("stacks") == "off" or selection.names_clips or selection.clip is not None:
        return None
    return services().settings.repeat_score


def _page() -> int:
    return max(1, request.args.get("page", 1, int))


def _searched(wanted: Search) -> dict[str, Any]:
    page, selection = _page(), _selection()
    result = services().searcher.find(
        wanted,
        selection,
        likeness=services().likeness(),
        limit=PAGE,
        offset=(page - 1) * PAGE,
        stack_score=_stack_score(selection),
    )
    with transaction() as session:
        entries = {
            entry.clip.id: entry
            for entry in review_queue.queued(session, [hit.clip_id for hit in result.hits])
        }
        hits = [hit for hit in result.hits if hit.clip_id in entries]
        return {
            "wanted": wanted,
            "result": result,
            "hits": {hit.clip_id: hit for hit in hits},
            "selection": selection,
            "filtered": _arguments(selection),
            "arguments": {**_arguments(selection), **wanted.arguments(), **_stacks_argument()},
            "total": result.total,
            "has_more": page * PAGE < result.shown_total,
            "opened": False,
            "page": page,
            **_cards(session, [entries[hit.clip_id] for hit in hits], result.stacks),
        }


def _listed() -> dict[str, Any]:
    page, selection = _page(), _selection()
    likeness, score = services().likeness(), _stack_score(selection)
    with transaction() as session:
        found = review_queue.selected(
            session,
            selection,
            PAGE + 1,
            (page - 1) * PAGE,
            by_itself=Shown.LIBRARY,
            likeness=likeness,
        )
        has_more, found = len(found) > PAGE, found[:PAGE]
        ids = [entry.clip.id for entry in found]
        view = View(selection, selection.states(Shown.LIBRARY), likeness)
        stacked = stacks.of_view(session, ids, view, score) if score is not None else []
        return {
            "wanted": None,
            "selection": selection,
            "filtered": _arguments(selection),
            "arguments": {**_arguments(selection), **_stacks_argument()},
            "total": review_queue.count(
                session, selection, by_itself=Shown.LIBRARY, likeness=likeness
            ),
            "page": page,
            "has_more": has_more,
            "opened": _opened(session, selection),
            **_cards(session, found, stacked),
        }


def _opened(session: Session, selection: Selection) -> bool:
    """Whether the address names the clips of one stack: of them every two show the same."""
    number = len(selection.ids)
    if number < 2 or number > PAGE:
        return False
    pairs = repeats.among(session, selection.ids, services().settings.repeat_score)
    return len(pairs) == number * (number - 1) // 2


def _cards(
    session: Session, found: Sequence[QueuedClip], stacked: Sequence[Sequence[int]]
) -> dict[str, Any]:
    """What the cards of clips need: of each stack the first is shown."""
    covered = covered_by_others(stacked)
    entries = [entry for entry in found if entry.clip.id not in covered]
    ids = [entry.clip.id for entry in entries]
    return {
        "entries": entries,
        "covered": len(found) - len(entries),
        "stacks": {stack[0]: stack for stack in stacked},
        "drawn": drawn_json(session, entries),
        "keyframes": artifacts.keyframes_of(session, ids),
        "same": repeats.others(session, ids, services().settings.repeat_score),
        "said": comments.counts(session, ids),
        "colours": labels.colours(session),
    }


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


def _stacks_argument() -> dict[str, str]:
    return {"stacks": "off"} if request.args.get("stacks") == "off" else {}


def _arguments(selection: Selection) -> dict[str, str]:
    """The parameters of the library's address for a selection, without its defaults."""
    given = {**selection.arguments(), "order": str(selection.order)}
    if selection.order == Order.NEWEST:
        del given["order"]
    if selection.state == (Shown.LIBRARY,):
        del given["state"]
    return given
