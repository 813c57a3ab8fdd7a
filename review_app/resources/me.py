"""Who a program acts for."""

from __future__ import annotations

from datetime import datetime

from flask import Blueprint
from pydantic import Field
from sqlmodel import Session

from heaters_pipeline.db import comments
from heaters_pipeline.domain.roles import Role
from review_app.access import visitor
from review_app.api.operation import Answer, Body, Query, described
from review_app.reviewer import reviewer_name
from review_app.services import transaction

blueprint = Blueprint("api_me", __name__)


class MeJson(Answer):
    name: str
    """The reviewer of the decisions that are made."""
    role: Role


class InboxPart(Query):
    limit: int = Field(50, ge=1, le=200)
    offset: int = Field(0, ge=0, le=10**6)


class InboxEntryJson(Answer):
    id: int
    """Of the comment."""
    clip_id: int
    frame: int | None
    author: str
    text: str
    title: str
    """Of the video."""
    is_read: bool
    created_at: datetime


class InboxJson(Answer):
    mentions: list[InboxEntryJson]
    """Newest first."""
    unread: int


class ReadMentions(Body):
    comments: list[int] | None = None
    """Null: all."""


@blueprint.get("/api/v1/inbox")
@described()
def inbox(part: InboxPart) -> InboxJson:
    """The comments that mention whoever asks."""
    with transaction() as session:
        return _inbox(session, part.limit, part.offset)


@blueprint.post("/api/v1/inbox/read")
@described()
def read(body: ReadMentions) -> InboxJson:
    """Marks mentions as read."""
    with transaction() as session:
        comments.read(session, reviewer_name(), body.comments)
        return _inbox(session, InboxPart().limit, 0)


def _inbox(session: Session, limit: int, offset: int) -> InboxJson:
    found = comments.inbox(session, reviewer_name(), limit, offset)
    return InboxJson(
        mentions=[
            InboxEntryJson(
                id=each.comment.id,
                clip_id=each.comment.clip_id,
                frame=each.comment.frame,
                author=each.comment.author,
                text=each.comment.text,
                title=each.title,
                is_read=each.is_read,
                created_at=each.comment.created_at,
            )
            for each in found
        ],
        unread=comments.unread(session, reviewer_name()),
    )


@blueprint.get("/api/v1/me")
@described()
def index() -> MeJson:
    """Whom the token or the session stands for."""
    return MeJson(name=reviewer_name(), role=visitor().role or Role.REVIEWER)
