"""The page of source videos: what is there, how far it is, what went wrong, adding more."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from heaters_pipeline.db import source_videos
from heaters_pipeline.db.models import SourceVideo
from heaters_pipeline.domain.errors import InputError
from heaters_pipeline.domain.states import SOURCE_STEPS, ClipState
from heaters_pipeline.intake import add_source
from review_app.services import transaction

blueprint = Blueprint("sources", __name__)

PAGE = 50

QUIET = timedelta(minutes=1)
"""Without news for so long, a video may have been left by a run that died."""


@blueprint.get("/sources")
def index() -> ResponseReturnValue:
    return render_template("sources.html", **_page())


@blueprint.get("/sources/table")
def table() -> ResponseReturnValue:
    """The table alone, for the page to keep itself up to date."""
    return render_template("_sources_table.html", **_page())


@blueprint.post("/sources")
def add() -> ResponseReturnValue:
    reference = request.form.get("reference", "").strip()
    try:
        if not reference:
            raise InputError("Give the address of a video, or the path of a file on the server.")
        with transaction() as session:
            video, news = add_source(
                session,
                reference,
                title=request.form.get("title", "").strip() or None,
                needs_splicing="already_cut" not in request.form,
            )
            title = video.title
    except InputError as error:
        return render_template("sources.html", error=error, reference=reference, **_page()), 400
    flash(f"{title}: {news}.")
    return redirect(url_for("sources.index"), 303)


@blueprint.post("/sources/<key>/retry")
def retry(key: str) -> ResponseReturnValue:
    with transaction() as session:
        title = source_videos.retry(session, key).title
    flash(f"{title} is in the queue again.")
    return redirect(url_for("sources.index"), 303)


def _page() -> dict[str, Any]:
    page = max(1, request.args.get("page", 1, int))
    with transaction() as session:
        videos: Sequence[SourceVideo] = source_videos.newest_first(
            session, PAGE + 1, (page - 1) * PAGE
        )
        counts = source_videos.clip_counts(session, [video.id for video in videos])
    return {
        "videos": videos[:PAGE],
        "counts": {key: _summary(found) for key, found in counts.items()},
        "can_retry": {video.key for video in videos if _may_be_stuck(video)},
        "page": page,
        "has_more": len(videos) > PAGE,
    }


def _may_be_stuck(video: SourceVideo) -> bool:
    """Whether trying again is worth offering; the database refuses it while a run is at work."""
    at_work = video.state in {step.doing for step in SOURCE_STEPS}
    return video.error is not None or (at_work and datetime.now(UTC) - video.updated_at > QUIET)


def _summary(counts: dict[str, int]) -> dict[str, int]:
    """Clips as an operator thinks of them."""
    total = sum(counts.values())
    pending = counts.get(ClipState.PENDING_REVIEW, 0)
    failed = sum(number for state, number in counts.items() if state.endswith("_failed"))
    done = counts.get(ClipState.EMBEDDED, 0)
    return {"total": total, "pending": pending, "done": done, "failed": failed}
