"""What a reviewer can decide, and the state that each decision leads to."""

from __future__ import annotations

from enum import StrEnum

from heaters_pipeline.domain.states import ClipState


class Action(StrEnum):
    APPROVE = "approve"
    SKIP = "skip"
    ARCHIVE = "archive"
    GROUP = "group"
    """Approve, and tie to the clip before it."""
    MERGE = "merge"
    """One clip out of this one and the one before it."""
    SPLIT = "split"
    UNDO = "undo"
    REPLAN = "replan"
    """New cut points replaced clips that nobody had decided on."""


DECIDED_STATE = {
    Action.APPROVE: ClipState.REVIEW_APPROVED,
    Action.SKIP: ClipState.REVIEW_SKIPPED,
    Action.ARCHIVE: ClipState.REVIEW_ARCHIVED,
    Action.GROUP: ClipState.REVIEW_APPROVED,
}
