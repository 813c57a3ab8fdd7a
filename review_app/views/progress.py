"""How far a reviewer is, as JSON."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from heaters_pipeline.db import progress, statistics
from review_app.reviewer import reviewer_name
from review_app.services import services, transaction

blueprint = Blueprint("progress", __name__)


@blueprint.get("/api/progress")
def index() -> ResponseReturnValue:
    """`?video=key`: of that film the `decided` and `total` clips; the reviewer's `pace` in
    decisions an hour (null: too few to tell); `on_the_way`, how many approved clips are not in the
    library yet; `export_in`, the seconds that the reviewer's latest approval still rests (null:
    none does); and the `next_film` with clips that wait, other than this one."""
    video, me = request.args.get("video") or None, reviewer_name()
    since = datetime.now(UTC) - statistics.PACE_PERIOD
    window = services().settings.undo_window_seconds
    with transaction() as session:
        film = progress.of_film(session, video) if video else None
        following = progress.next_film(session, reviewer_name(), video)
        mine = statistics.pace(session, since, me).get(me)
        return jsonify(
            film=film._asdict() if film else None,
            pace=mine.an_hour if mine else None,
            on_the_way=progress.on_the_way(session),
            export_in=progress.seconds_to_export(session, me, window),
            next_film=following._asdict() if following else None,
        )
