"""Undoing: whoever decided may, or an admin who says why."""

from __future__ import annotations

from sqlmodel import Session

from heaters_pipeline.db import audit, undoing
from heaters_pipeline.db.events import Outcome
from review_app.access import LOCAL, visitor, who
from review_app.presenters.texts import one_line
from review_app.reviewer import reviewer_name, reviewer_page


def undo_decision(
    session: Session, event_id: int | None, reason: str, lease_seconds: float = 0
) -> Outcome:
    """Undoes an event, or the visitor's latest that stands. What is pending again is leased to
    their page. Raises Forbidden for what somebody else decided, unless an admin gives a reason,
    which then stands in the audit log."""
    reason = one_line(reason)
    outcome = undoing.undo(
        session,
        actor=reviewer_name(),
        event_id=event_id,
        lease_seconds=lease_seconds,
        page=reviewer_page(),
        only_own=not (visitor().is_admin and (reason or visitor() == LOCAL)),
    )
    if reason:
        audit.note(session, who(), "undo", f"decision {event_id}", reason)
    return outcome
