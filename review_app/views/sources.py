"""The page of source videos: the list with progress and errors, and forms that act on it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypedDict

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlmodel import Session

from heaters_pipeline.db import (
    archiving,
    removal,
    retired_partitions,
    retrying,
    source_list,
    source_videos,
    stopped_automation,
)
from heaters_pipeline.db.locks import video_lock
from heaters_pipeline.db.source_list import Choice
from heaters_pipeline.domain import pages
from heaters_pipeline.domain.archive import Archived, told
from heaters_pipeline.domain.automation import stopped_told
from heaters_pipeline.domain.clip_pipeline import ClipPipeline
from heaters_pipeline.domain.errors import InputError
from heaters_pipeline.domain.roles import Role
from review_app import archived
from review_app.access import visitor
from review_app.adding import Bad
from review_app.adding import add as add_all
from review_app.guard import check_form, csrf
from review_app.presenters import source_rows
from review_app.presenters.texts import count, one_line
from review_app.reviewer import reviewer_name
from review_app.services import services, transaction
from review_app.uploads import tus

blueprint = Blueprint("sources", __name__)

PAGE = 50


class Listing(TypedDict):
    """A part of the list of source videos, as its template takes it."""

    rows: Sequence[source_rows.Row]
    in_dagster: Callable[[str], str | None]
    """By the key of a video: the address of its page in Dagster."""
    failed: retrying.Number
    """Of the whole list, not of this part alone."""
    outages: Sequence[str]
    stopped: Sequence[str]
    """What is told of sensors and schedules that somebody has stopped."""
    total: source_rows.Bytes
    counts: Mapping[Choice, int]
    choice: Choice
    find: str
    pipeline: ClipPipeline
    """That new videos get unless somebody says otherwise."""
    chosen: Mapping[str, str]
    """What the address of this part names."""
    page: int
    has_more: bool


@blueprint.get("/sources", provide_automatic_options=False)
def index() -> ResponseReturnValue:
    return render_template("sources.html", **_listing())


@blueprint.get("/sources/table")
def table() -> ResponseReturnValue:
    """The table alone, with which the page keeps itself up to date."""
    return render_template("_sources_table.html", **_listing())


@blueprint.route("/sources", methods=["OPTIONS"])
def abilities() -> Response:
    return tus.abilities()


@blueprint.post("/sources", provide_automatic_options=False)
def add() -> ResponseReturnValue:
    """Adds what the form names, or announces an upload (`uploads.tus`)."""
    if tus.is_meant():
        return tus.create()
    check_form()
    lines = [line.strip() for line in request.form.get("references", "").splitlines()]
    lines = [line for line in lines if line]
    title = one_line(request.form.get("title", ""))
    added, bad = add_all(
        lines,
        title,
        needs_splicing="already_cut" not in request.form,
        pipeline=_pipeline(request.form.get("pipeline", "")),
    )
    if not lines:
        bad = [Bad("", "Give the address of a video, or a path on the server.")]
    if len(added) == 1:
        flash(f"{added[0].title}: {added[0].news}.")
    elif added:
        news = Counter(each.news for each in added)
        flash(f"{', '.join(f'{count(number)} {each}' for each, number in news.items())}.")
    if bad:
        return render_template("sources.html", bad=bad, title=title, **_listing()), 400
    return redirect(url_for("sources.index"), 303)


csrf.exempt(add)  # an upload has no token; `add` checks the form's


@blueprint.post("/sources/<key>/retry")
def retry(key: str) -> ResponseReturnValue:
    with transaction() as session:
        title = source_videos.retry(session, key).title
    return _back(f"{title} is in the queue again.")


@blueprint.post("/sources/retry")
def retry_failed() -> ResponseReturnValue:
    """Tries again all that failed of the videos that the address of the list names."""
    choice, find, _ = _asked()
    with transaction() as session:
        done = retrying.retry_failed(session, _concerned(session, choice, find))
    return _back(f"Tried again: {done.spoken}.")


@blueprint.post("/sources/<key>/cancel")
def cancel(key: str) -> ResponseReturnValue:
    with transaction() as session:
        video = source_videos.cancel(session, key)
        news = "is being stopped" if video.cancel_requested else "is cancelled"
        title = video.title
    return _back(f"{title} {news}.")


@blueprint.post("/sources/<key>/refetch")
def refetch(key: str) -> ResponseReturnValue:
    with transaction() as session:
        title = source_videos.refetch(session, key).title
    return _back(f"{title} will be fetched again; the decisions on its clips stay.")


@blueprint.post("/sources/<key>/remove")
def remove(key: str) -> ResponseReturnValue:
    """Refused while a run is at work on the video."""
    with video_lock(services().engine, key, wait_seconds=0), transaction() as session:
        title = removal.remove(session, key, actor=reviewer_name())
    return _back(f"{title} is removed.")


@blueprint.get("/sources/<key>/archive")
def ask_archive(key: str) -> ResponseReturnValue:
    """What would be lost, and what stays."""
    with transaction() as session:
        stake = archiving.stake(session, key)
    return render_template(
        "archive.html",
        key=key,
        stake=stake,
        ways={each: told(stake, each) for each in archived.ways()},
    )


@blueprint.post("/sources/<key>/archive")
def archive(key: str) -> ResponseReturnValue:
    """Has source and gold master moved to the cold or deletes them, as the field `to` says. Refused
    while a run is at work on the video."""
    to = request.form.get("to", type=Archived)
    if to is None:
        raise InputError("Say where source and gold master go: to=cold or to=away.")
    title = archived.archive(key, to)
    return _back(f"{title} is archived: its clips can be looked at, and no more be exported.")


@blueprint.post("/sources/<key>/restore")
def restore(key: str) -> ResponseReturnValue:
    """Has source and gold master brought back from the cold."""
    title = archived.restore(key)
    return _back(f"The source and the gold master of {title} are on their way back.")


@blueprint.post("/sources/<key>/partition")
def partition(key: str) -> ResponseReturnValue:
    """Has a retired partition put into Dagster's list again."""
    with transaction() as session:
        title = retired_partitions.want(session, key).title
    return _back(f"{title} will be in Dagster's list in a moment.")


def _back(sentence: str) -> ResponseReturnValue:
    """Leads back to the same part of the list."""
    flash(sentence)
    chosen = {name: request.args[name] for name in ("show", "find", "page") if name in request.args}
    return redirect(url_for("sources.index", **chosen), 303)  # type: ignore[arg-type]


def _asked() -> tuple[Choice, str, int]:
    """Which videos, what to find, and the page, as the address names them."""
    choice = request.args.get("show", Choice.ALL, Choice)
    page = max(1, request.args.get("page", 1, int))
    return choice, one_line(request.args.get("find", "")), page


def _concerned(session: Session, choice: Choice, find: str) -> Sequence[int]:
    """The videos of whose failures a part of the list tells. Those of clips are no failures of
    their videos."""
    return source_list.ids(session, Choice.ALL if choice == Choice.FAILED else choice, find)


def _pipeline(given: str) -> ClipPipeline | None:
    """None for anything but one of the pipelines."""
    return ClipPipeline(given) if given in set(ClipPipeline) else None


def _listing() -> Listing:
    choice, find, page = _asked()
    with transaction() as session:
        videos = source_list.newest_first(session, choice, find, PAGE + 1, (page - 1) * PAGE)
        rows = source_rows.rows(session, videos[:PAGE], services().settings.repeat_score)
        counts = source_list.counts(session)
        failed = retrying.failed(session, _concerned(session, choice, find))
        down = retrying.outages_told(session, services().settings.undo_window_seconds)
    return {
        "failed": failed,
        "outages": down,
        "stopped": stopped_told(stopped_automation.stopped(services().dagster_engine)),
        "rows": rows,
        "in_dagster": _in_dagster,
        "total": source_rows.total(rows),
        "counts": counts,
        "choice": choice,
        "find": find,
        "pipeline": services().settings.pipeline,
        "chosen": {name: value for name, value in _chosen(choice, find) if value},
        "page": page,
        "has_more": len(videos) > PAGE,
    }


def _in_dagster(key: str) -> str | None:
    """The page of a source video there, for those who get in."""
    address = services().settings.dagster_address
    if address is None or not (visitor().role or Role.REVIEWER).reaches(Role.OPERATOR):
        return None
    return address + pages.in_dagster(pages.MOST_DETAILED, key)


def _chosen(choice: Choice, find: str) -> Iterator[tuple[str, str]]:
    """What the address of a part of the list names."""
    yield "show", "" if choice == Choice.ALL else choice.value
    yield "find", find
