"""How far a reviewer is, as JSON."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Blueprint

from heaters_pipeline.db import progress, statistics
from review_app.api.operation import Answer, Query, described
from review_app.reviewer import reviewer_name
from review_app.services import services, transaction

blueprint = Blueprint("progress", __name__)


class OfFilm(Query):
    video: str | None = None
    """The key of a source video."""


class FilmJson(Answer):
    title: str
    decided: int
    total: int
    """Clips."""


class NextFilmJson(Answer):
    key: str
    title: str
    pending: int


class ProgressJson(Answer):
    film: FilmJson | None
    pace: float | None
    """The reviewer's decisions an hour. None: too few to tell."""
    on_the_way: int
    """Approved clips that are not in the library yet."""
    export_in: float | None
    """Seconds that the reviewer's latest approval still rests. None: none does."""
    next_film: NextFilmJson | None
    """With clips that wait, other than this one."""


@blueprint.get("/api/v1/progress")
@described()
def index(asked: OfFilm) -> ProgressJson:
    """How far the reviewer is in a film, and what comes next."""
    video, me = asked.video, reviewer_name()
    since = datetime.now(UTC) - statistics.PACE_PERIOD
    window = services().settings.undo_window_seconds
    with transaction() as session:
        film = progress.of_film(session, video) if video else None
        following = progress.next_film(session, reviewer_name(), video)
        mine = statistics.pace(session, since, me).get(me)
        return ProgressJson(
            film=FilmJson.model_validate(film) if film else None,
            pace=mine.an_hour if mine else None,
            on_the_way=progress.on_the_way(session),
            export_in=progress.seconds_to_export(session, me, window),
            next_film=NextFilmJson.model_validate(following) if following else None,
        )
