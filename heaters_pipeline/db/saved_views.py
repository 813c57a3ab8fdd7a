"""Selections of clips under names that all reviewers share."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlmodel import Session, col, select

from heaters_pipeline.db.models import SavedView
from heaters_pipeline.domain.errors import Conflict, InputError, NotFound
from heaters_pipeline.domain.selection import Selection

LONGEST_NAME = 60


def listed(session: Session) -> Sequence[SavedView]:
    """By name."""
    order = sa.func.lower(SavedView.name), col(SavedView.name)
    return session.exec(select(SavedView).order_by(*order)).all()


def get(session: Session, view_id: int) -> SavedView:
    view = session.get(SavedView, view_id)
    if view is None:
        raise NotFound("Somebody has deleted this view.")
    return view


def save(session: Session, name: str, selection: Selection, actor: str) -> SavedView:
    """The order is named even if it is the usual one, as pages differ in what they show by
    themselves. Raises Conflict where a view has that name."""
    arguments = {**selection.arguments(), "order": str(selection.order)}
    view = SavedView(name=_free_name(session, name), arguments=arguments, saved_by=actor)
    session.add(view)
    session.flush()
    return view


def rename(session: Session, view_id: int, name: str) -> SavedView:
    """Raises Conflict where another view has that name."""
    view = locked(session, view_id)
    if " ".join(name.split()) != view.name:
        view.name = _free_name(session, name)
    session.flush()
    return view


def delete(session: Session, view_id: int) -> None:
    session.delete(locked(session, view_id))


def locked(session: Session, view_id: int) -> SavedView:
    view = session.get(SavedView, view_id, with_for_update=True)
    if view is None:
        raise NotFound("Somebody has deleted this view.")
    return view


def _free_name(session: Session, name: str) -> str:
    name = " ".join(name.split())
    if not 1 <= len(name) <= LONGEST_NAME or not name.isprintable():
        raise InputError(f"The name of a view has 1 to {LONGEST_NAME} characters.")
    if session.exec(select(SavedView.id).where(SavedView.name == name)).first() is not None:
        raise Conflict(f"There is a view {name} already: choose another name.")
    return name
