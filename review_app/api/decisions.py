"""Decisions as requests ask for them."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field, model_validator

from heaters_pipeline.domain.annotations import AnnotationChanges, annotation_changes
from heaters_pipeline.domain.decisions import (
    APPROVE,
    ARCHIVE,
    SKIP,
    Annotate,
    Group,
    Mark,
    Merge,
    Nudge,
    Side,
    Split,
    Ungroup,
)
from review_app.api.operation import Body

LARGEST_BATCH = 1000
"""As many clips as a contact sheet holds."""

_MARKS = {"approve": APPROVE, "skip": SKIP, "archive": ARCHIVE}
_SIDES = {"start": Side.PREVIOUS, "end": Side.NEXT}


class Seen(Body):
    """A clip as it was when it was decided on."""

    id: int
    version: int


class _OnOne(Body):
    version: int
    """The clip's, as it was seen: a clip that has changed since is not decided on."""


class _OnMany(Body):
    clips: list[Seen] = Field(min_length=1, max_length=LARGEST_BATCH)


class _Marking(Body):
    action: Literal["approve", "skip", "archive"]

    @property
    def decision(self) -> Mark:
        return _MARKS[self.action]


class _Annotating(Body):
    """A field that is missing stays as it is."""

    action: Literal["annotate"]
    labels: list[str] = Field(default=[])
    add_labels: list[str] = Field(default=[])
    """To those that a clip has, as `remove_labels` go from them."""
    remove_labels: list[str] = Field(default=[])
    rating: int | None = None
    """1 to 5, the best."""
    note: str | None = None
    chosen_frames: list[int] = Field(default=[])
    """Those that are to be keyframes."""

    @property
    def decision(self) -> Annotate:
        given = self.model_dump(include=set(AnnotationChanges.__annotations__), exclude_unset=True)
        return Annotate(annotation_changes(given))


class MarkOne(_OnOne, _Marking):
    """The clip gets a state of its own."""


class AnnotateOne(_OnOne, _Annotating):
    """The clip gets labels, a rating, a note, or frames that are to be its keyframes."""


class MarkMany(_OnMany, _Marking):
    """The clips get a state of their own."""


class AnnotateMany(_OnMany, _Annotating):
    """The clips get labels, a rating, a note, or frames that are to be their keyframes."""


class GroupOne(_OnOne):
    """The clip joins the group of the one before it."""

    action: Literal["group"]

    @property
    def decision(self) -> Group:
        return Group()


class UngroupOne(_OnOne):
    """The group of the clip is taken apart."""

    action: Literal["ungroup"]

    @property
    def decision(self) -> Ungroup:
        return Ungroup()


class MergeOne(_OnOne):
    """One new clip replaces the clip and a neighbour."""

    action: Literal["merge"]
    side: Literal["previous", "next"] = "previous"

    @property
    def decision(self) -> Merge:
        return Merge(Side(self.side))


class SplitOne(_OnOne):
    """New clips replace the clip."""

    action: Literal["split"]
    frame: int | None = None
    """First frame of the second part. `frames` are those of several parts, instead."""
    frames: list[int] | None = None

    @model_validator(mode="after")
    def _names_frames(self) -> SplitOne:
        if (self.frame is None) == (self.frames is None):
            raise ValueError("a split needs frame or frames")
        return self

    @property
    def decision(self) -> Split:
        return Split(self.frames or [] if self.frame is None else [self.frame])


class NudgeOne(_OnOne):
    """The cut between the clip and a neighbour moves."""

    action: Literal["nudge"]
    edge: Literal["start", "end"]
    frame: int
    """First frame of the clip that follows the cut."""

    @property
    def decision(self) -> Nudge:
        return Nudge(_SIDES[self.edge], self.frame)


DecideOne: TypeAlias = Annotated[
    MarkOne | AnnotateOne | GroupOne | UngroupOne | MergeOne | SplitOne | NudgeOne,
    Field(discriminator="action"),
]
DecideMany: TypeAlias = Annotated[MarkMany | AnnotateMany, Field(discriminator="action")]


class Undo(Body):
    event_id: int | None = None
    """Of a decision; else the reviewer's latest that stands."""
    reason: str = ""
    """Why an admin undoes what somebody else decided."""
