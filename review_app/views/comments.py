"""Comments on clips and frames, and the inbox of whoever they mention."""

from __future__ import annotations

from datetime import datetime

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlmodel import Session

from heaters_pipeline.db import clips, comments, people
from heaters_pipeline.domain.errors import TooMany
from review_app.api.operation import Answer, Body, described
from review_app.reviewer import reviewer_name
from review_app.services import transaction

blueprint = Blueprint("comments", __name__)

PAGE = 50


class NewComment(Body):
    text: str
    frame: int | None = None
    """Of the source video; null: it is about the clip."""


class CommentJson(Answer):
    id: int
    author: str
    text: str
    frame: int | None
    created_at: datetime


class CommentsJson(Answer):
    comments: list[CommentJson]
    """Oldest first."""
    people: list[str]
    """Who can be mentioned."""


class UnreadJson(Answer):
    unread: int
    """On other clips."""


@blueprint.get("/api/v1/clips/<int:clip_id>/comments")
@described()
def listed(clip_id: int) -> CommentsJson:
    """What people have said of a clip and its frames."""
    with transaction() as session:
        clips.get(session, clip_id)
        return _listed(session, clip_id)


@blueprint.post("/api/v1/clips/<int:clip_id>/comments")
@described(TooMany)
def add(clip_id: int, body: NewComment) -> CommentsJson:
    """Says something of a clip or a frame of it. Whoever it mentions (`@name`) finds it in their
    inbox."""
    with transaction() as session:
        comments.add(session, reviewer_name(), clip_id, body.text, body.frame)
        return _listed(session, clip_id)


@blueprint.post("/api/v1/clips/<int:clip_id>/comments/read")
@described()
def read_here(clip_id: int) -> UnreadJson:
    """Marks the clip's comments that mention the reviewer as read."""
    name = reviewer_name()
    with transaction() as session:
        here = [each.id for each in comments.of_clip(session, clip_id)]
        comments.read(session, name, here)
        return UnreadJson(unread=comments.unread(session, name))


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


def _listed(session: Session, clip_id: int) -> CommentsJson:
    return CommentsJson(
        comments=[CommentJson.model_validate(each) for each in comments.of_clip(session, clip_id)],
        people=[person.name for person in people.listed(session)],
    )
