"""A selection that plays back to back."""

from __future__ import annotations

from flask import Blueprint, jsonify, render_template
from flask.typing import ResponseReturnValue

from heaters_pipeline.db import collections, handed, review_queue
from heaters_pipeline.domain.states import ClipState
from review_app.fields import arguments
from review_app.presenters.clip_json import played_json
from review_app.services import services, transaction

blueprint = Blueprint("reel", __name__)

MOST = 1000
"""Clips of one reel."""


@blueprint.get("/reel")
def index() -> ResponseReturnValue:
    with transaction() as session:
        selection = handed.selection(session, arguments())
        title = "Reel"
        if selection.collection is not None:
            title = collections.get(session, selection.collection).name
    return render_template("reel.html", title=title, arguments=selection.arguments())


@blueprint.get("/reel/clips.json")
def listed() -> ResponseReturnValue:
    """The clips of the selection that can be played, in its order; `left_out` counts the others."""
    likeness = services().likeness()
    with transaction() as session:
        ids = handed.clip_ids(session, handed.selection(session, arguments()), likeness)
        entries = {
            entry.clip.id: entry
            for entry in review_queue.queued(session, ids[:MOST])
            if entry.video.proxy_id is not None and entry.clip.state != ClipState.SUPERSEDED
        }
        clips = played_json(session, [entries[each] for each in ids if each in entries])
    return jsonify(clips=clips, left_out=len(ids) - len(clips))
