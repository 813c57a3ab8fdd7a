"""Comments on clips and frames as JSON, and the inbox of whoever they mention."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlmodel import Session

from heaters_pipeline.db import clips, comments, people
from heaters_pipeline.db.models import Comment
from review_app.fields import integer, json_object, text
from review_app.reviewer import reviewer_name
from review_app.services import transaction

blueprint = Blueprint("comments", __name__)

PAGE = 50


@blueprint.get("/api/clips/<int:clip_id>/comments")
def listed(clip_id: int) -> ResponseReturnValue:
    """`comments`, oldest first, and the names of the `people` who can be mentioned."""
    with transaction() as session:
        clips.get(session, clip_id)
        return jsonify(_listed(session, clip_id))


@blueprint.post("/api/clips/<int:clip_id>/comments")
def add(clip_id: int) -> ResponseReturnValue:
    """`{"text", "frame"}`; without `frame` it is about the clip. The answer is that of `listed`."""
    wanted = json_object()
    frame = None if wanted.get("frame") is None else integer(wanted, "frame")
    with transaction() as session:
        comments.add(session, reviewer_name(), clip_id, text(wanted, "text"), frame)
        return jsonify(_listed(session, clip_id))


@blueprint.post("/api/clips/<int:clip_id>/comments/read")
def read_here(clip_id: int) -> ResponseReturnValue:
    """Marks the clip's comments that mention the reviewer as read; `unread` are left elsewhere."""
    name = reviewer_name()
    with transaction() as session:
        here = [each.id for each in comments.of_clip(session, clip_id)]
        comments.read(session, name, here)
        return jsonify(unread=comments.unread(session, name))


@blueprint.get("/inbox")
def inbox() -> ResponseReturnValue:
    page = max(1, request.args.get("page", 1, int))
    with transaction() as session:
        found = comments.inbox(session, reviewer_name(), PAGE + 1, (page - 1) * PAGE)
    return render_template(
        "inbox.html", entries=found[:PAGE], page=page, has_more=len(found) > PAGE
    )


@blueprint.post("/inbox/read")
def read() -> ResponseReturnValue:
    """One comment, if the form names it, else all."""
    comment_id = request.form.get("comment", None, int)
    with transaction() as session:
        comments.read(session, reviewer_name(), None if comment_id is None else [comment_id])
    return redirect(url_for("comments.inbox"), 303)


def _listed(session: Session, clip_id: int) -> dict[str, Any]:
    return {
        "comments": [_comment_json(each) for each in comments.of_clip(session, clip_id)],
        "people": [person.name for person in people.listed(session)],
    }


def _comment_json(comment: Comment) -> dict[str, Any]:
    return {
        "id": comment.id,
        "author": comment.author,
        "text": comment.text,
        "frame": comment.frame,
        "at": comment.created_at.isoformat(),
    }
