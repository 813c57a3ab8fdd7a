"""States of source videos and clips, and the one table of state changes that every write obeys.

Each piece of work has four states: waiting, doing, done, failed. A step that is repeated on a row
which is already further along leaves the state as it is (`begins`), so that an operator can
materialise anything again without setting a video back.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Generic, NamedTuple, TypeVar

from heaters_pipeline.domain.clip_pipeline import ClipPipeline
from heaters_pipeline.domain.errors import TransitionError


class SourceState(StrEnum):
    NEW = "new"
    DOWNLOADING = "downloading"
    DOWNLOADED = "downloaded"
    DOWNLOAD_FAILED = "download_failed"
    PREPROCESSING = "preprocessing"
    PREPROCESSED = "preprocessed"
    PREPROCESS_FAILED = "preprocess_failed"
    DETECTING_SCENES = "detecting_scenes"
    DETECT_SCENES_FAILED = "detect_scenes_failed"
    READY = "ready"
    SPLICING = "splicing"
    """All between the download and the review of a physical video: products, cuts, files."""
    SPLICED = "spliced"
    """Each scene has its file."""
    SPLICE_FAILED = "splice_failed"
    DUPLICATE = "duplicate"
    """An earlier video has the same bytes, or is the same page."""
    EXPANDED = "expanded"
    """A playlist: each of its videos is a source video of its own."""
    REMOVED = "removed"
    """A person removed it. The row stays, so that its decisions can still be read."""


class ClipState(StrEnum):
    SPLICING = "splicing"
    """A scene of a physical video whose file is not cut yet."""
    SPLICED = "spliced"
    GENERATING_SPRITE = "generating_sprite"
    SPRITE_FAILED = "sprite_failed"
    PENDING_REVIEW = "pending_review"
    REVIEW_APPROVED = "review_approved"
    REVIEW_SKIPPED = "review_skipped"
    REVIEW_ARCHIVED = "review_archived"
    EXPORTING = "exporting"
    EXPORTED = "exported"
    EXPORT_FAILED = "export_failed"
    KEYFRAMING = "keyframing"
    KEYFRAMED = "keyframed"
    KEYFRAME_FAILED = "keyframe_failed"
    EMBEDDING = "embedding"
    EMBEDDED = "embedded"
    """In the library; with a vector, unless the model could not be had."""
    EMBEDDING_FAILED = "embedding_failed"
    ARCHIVED = "archived"
    SUPERSEDED = "superseded"


State = TypeVar("State", SourceState, ClipState)


class Step(NamedTuple, Generic[State]):
    waiting: State
    doing: State
    done: State
    failed: State


S, C = SourceState, ClipState

DOWNLOAD = Step(S.NEW, S.DOWNLOADING, S.DOWNLOADED, S.DOWNLOAD_FAILED)
PREPROCESS = Step(S.DOWNLOADED, S.PREPROCESSING, S.PREPROCESSED, S.PREPROCESS_FAILED)
DETECT_SCENES = Step(S.PREPROCESSED, S.DETECTING_SCENES, S.READY, S.DETECT_SCENES_FAILED)
SPLICE = Step(S.DOWNLOADED, S.SPLICING, S.SPLICED, S.SPLICE_FAILED)

SPRITE = Step(C.SPLICED, C.GENERATING_SPRITE, C.PENDING_REVIEW, C.SPRITE_FAILED)
EXPORT = Step(C.REVIEW_APPROVED, C.EXPORTING, C.EXPORTED, C.EXPORT_FAILED)
KEYFRAME = Step(C.EXPORTED, C.KEYFRAMING, C.KEYFRAMED, C.KEYFRAME_FAILED)
EMBED = Step(C.KEYFRAMED, C.EMBEDDING, C.EMBEDDED, C.EMBEDDING_FAILED)

SOURCE_STEPS = (DOWNLOAD, PREPROCESS, DETECT_SCENES, SPLICE)
CLIP_STEPS = (SPRITE, EXPORT, KEYFRAME, EMBED)

AT_WORK = frozenset(step.doing for step in CLIP_STEPS)
"""A step of the pipeline has taken the clip and has not ended."""

COMPLETE = frozenset({S.READY, S.SPLICED})
"""The source video is all in clips for reviewers."""

SETTLED = COMPLETE | {S.DUPLICATE, S.EXPANDED, S.REMOVED}
"""The pipeline has nothing left to do with the source video."""

BEFORE_REVIEW = frozenset({C.SPLICING, C.SPLICED, C.GENERATING_SPRITE, C.SPRITE_FAILED})
"""Of a physical video, and not for reviewers yet."""

CUT_BEFORE_REVIEW = BEFORE_REVIEW | {C.PENDING_REVIEW, C.REVIEW_SKIPPED}
"""A clip of a physical video in one of these states is to have a file. Approved ones get all of
theirs in another way, the others need none."""

REVIEWED = frozenset({C.REVIEW_APPROVED, C.REVIEW_SKIPPED, C.REVIEW_ARCHIVED})
"""A reviewer has decided, the pipeline has not acted yet."""

APPROVED = frozenset(
    {
        *(C.REVIEW_APPROVED, C.EXPORTING, C.EXPORTED, C.EXPORT_FAILED),
        *(C.KEYFRAMING, C.KEYFRAMED, C.KEYFRAME_FAILED),
        *(C.EMBEDDING, C.EMBEDDED, C.EMBEDDING_FAILED),
    }
)
"""A reviewer wants the clip; the pipeline may have got to any step."""

UNFINISHED = frozenset({C.EXPORTING, C.EXPORTED, C.KEYFRAMING, C.KEYFRAMED, C.EMBEDDING})
"""Taken by the pipeline and not embedded yet: what a killed run leaves behind."""

FINAL = frozenset({C.REVIEW_SKIPPED, C.EMBEDDED, C.ARCHIVED, C.SUPERSEDED})
"""Somebody has decided on the clip, and the pipeline has nothing left to do with it."""

GOES_ON = UNFINISHED | {C.SPLICED, C.GENERATING_SPRITE}
"""The pipeline has the clip, and goes on with it by itself."""

KEPT_WHILE_ARCHIVED = frozenset(
    {C.EXPORTED, C.KEYFRAMED, C.KEYFRAME_FAILED, C.EMBEDDED, C.EMBEDDING_FAILED}
)
"""A clip in one of these states has files, and gets it back when the decision to archive the clip
is undone before it is final."""

_RETRY = {S.NEW}

_FOLLOWING: Mapping[SourceState, frozenset[SourceState]] = {
    S.NEW: frozenset({S.DOWNLOADING, S.DOWNLOAD_FAILED}),
    S.DOWNLOADING: frozenset({S.DOWNLOADED, S.DOWNLOAD_FAILED, S.DUPLICATE, S.EXPANDED} | _RETRY),
    S.DOWNLOADED: frozenset(
        {S.PREPROCESSING, S.PREPROCESS_FAILED, S.SPLICING, S.SPLICE_FAILED} | _RETRY
    ),
    S.DOWNLOAD_FAILED: frozenset({S.DOWNLOADING} | _RETRY),
    S.PREPROCESSING: frozenset({S.DOWNLOADED, S.PREPROCESSED, S.PREPROCESS_FAILED} | _RETRY),
    S.PREPROCESSED: frozenset({S.DETECTING_SCENES, S.DETECT_SCENES_FAILED} | _RETRY),
    S.PREPROCESS_FAILED: frozenset({S.DOWNLOADING, S.PREPROCESSING} | _RETRY),
    S.DETECTING_SCENES: frozenset({S.READY, S.DETECT_SCENES_FAILED} | _RETRY),
    S.DETECT_SCENES_FAILED: frozenset(
        {S.DOWNLOADING, S.PREPROCESSING, S.DETECTING_SCENES} | _RETRY
    ),
    S.READY: frozenset(),
    S.SPLICING: frozenset({S.SPLICED, S.SPLICE_FAILED} | _RETRY),
    S.SPLICED: frozenset(),
    S.SPLICE_FAILED: frozenset({S.DOWNLOADING, S.SPLICING} | _RETRY),
    S.DUPLICATE: frozenset({S.DOWNLOADING} | _RETRY),
    S.EXPANDED: frozenset({S.DOWNLOADING} | _RETRY),
    S.REMOVED: frozenset(_RETRY),
}

SOURCE_TRANSITIONS: Mapping[SourceState, frozenset[SourceState]] = {
    state: following | {S.REMOVED} for state, following in _FOLLOWING.items()
}
"""A person can remove a video in any state, which supersedes its clips in any state."""

_DECIDABLE = REVIEWED | {C.PENDING_REVIEW, C.SUPERSEDED}

_RECALL = {C.PENDING_REVIEW, C.REVIEW_SKIPPED, C.REVIEW_ARCHIVED}
"""Where a clip of the library goes when somebody takes its approval back."""

CLIP_TRANSITIONS: Mapping[ClipState, frozenset[ClipState]] = {
    C.SPLICING: frozenset({C.SPLICED, C.SUPERSEDED}),
    C.SPLICED: frozenset({C.GENERATING_SPRITE, C.SPRITE_FAILED, C.SUPERSEDED, C.SPLICING}),
    C.GENERATING_SPRITE: frozenset({C.PENDING_REVIEW, C.SPRITE_FAILED, C.SPLICED}),
    C.SPRITE_FAILED: frozenset({C.GENERATING_SPRITE, C.SPLICED, C.SUPERSEDED}),
    C.PENDING_REVIEW: _DECIDABLE - {C.PENDING_REVIEW},
    C.REVIEW_APPROVED: _DECIDABLE | {C.EXPORTING, C.EXPORT_FAILED},
    C.REVIEW_SKIPPED: _DECIDABLE,
    C.REVIEW_ARCHIVED: _DECIDABLE | KEPT_WHILE_ARCHIVED | {C.ARCHIVED},
    C.EXPORTING: frozenset({C.EXPORTED, C.EXPORT_FAILED, C.REVIEW_APPROVED}),
    C.EXPORTED: frozenset({C.KEYFRAMING, C.KEYFRAME_FAILED} | _RECALL),
    C.EXPORT_FAILED: frozenset({C.EXPORTING, C.REVIEW_APPROVED} | _RECALL),
    C.KEYFRAMING: frozenset({C.KEYFRAMED, C.KEYFRAME_FAILED, C.EXPORTED}),
    C.KEYFRAMED: frozenset({C.EMBEDDING, C.EMBEDDING_FAILED} | _RECALL),
    C.KEYFRAME_FAILED: frozenset({C.KEYFRAMING, C.EXPORTED} | _RECALL),
    C.EMBEDDING: frozenset({C.EMBEDDED, C.EMBEDDING_FAILED, C.KEYFRAMED}),
    C.EMBEDDED: frozenset({C.EXPORTED} | _RECALL),
    C.EMBEDDING_FAILED: frozenset({C.EMBEDDING, C.KEYFRAMED, C.EXPORTED} | _RECALL),
    C.ARCHIVED: _DECIDABLE - {C.SUPERSEDED},
    C.SUPERSEDED: _DECIDABLE - {C.SUPERSEDED},
}

_SOURCE_ORDERS = (
    (
        *(S.NEW, S.DOWNLOADING, S.DOWNLOADED),
        *(S.PREPROCESSING, S.PREPROCESSED, S.DETECTING_SCENES, S.READY),
    ),
    (S.NEW, S.DOWNLOADING, S.DOWNLOADED, S.SPLICING, S.SPLICED),
)


_SPOKEN: Mapping[ClipState, str] = {
    C.GENERATING_SPRITE: "getting its sprite sheet",
    C.SPRITE_FAILED: "spliced (its sprite sheet failed)",
    C.PENDING_REVIEW: "pending",
    C.REVIEW_APPROVED: "approved",
    C.REVIEW_SKIPPED: "skipped",
    C.REVIEW_ARCHIVED: "archived",
    C.EXPORTING: "being exported",
    C.EXPORT_FAILED: "approved (its export failed)",
    C.KEYFRAMING: "being exported",
    C.KEYFRAMED: "exported",
    C.KEYFRAME_FAILED: "exported (its stills failed)",
    C.EMBEDDING: "being embedded",
    C.EMBEDDED: "in the library",
    C.EMBEDDING_FAILED: "exported (its embedding failed)",
    C.SUPERSEDED: "replaced by a merge or a split",
}


def spoken(state: ClipState) -> str:
    """The state as sentences name it, after `is`."""
    return _SPOKEN.get(state, str(state))


def can_change(current: State, wanted: State) -> bool:
    """True if the table allows `current -> wanted`. Staying put is always allowed."""
    if current == wanted:
        return True
    if isinstance(current, SourceState):
        return wanted in SOURCE_TRANSITIONS[current]
    return wanted in CLIP_TRANSITIONS[ClipState(current)]


def can_be_given(current: ClipState, wanted: ClipState) -> bool:
    """True if a reviewer may give a clip that state. What the pipeline is at work on it alone may
    change, and what nobody has been shown yet."""
    is_pipelines = current in AT_WORK | BEFORE_REVIEW
    return current == wanted or (not is_pipelines and can_change(current, wanted))


def changed(current: State, wanted: State) -> State:
    """`wanted`, if the table allows it; raises TransitionError otherwise."""
    if not can_change(current, wanted):
        raise TransitionError(f"A row that is {current} can't become {wanted}.")
    return wanted


def step_of(pipeline: ClipPipeline, step: Step[SourceState]) -> Step[SourceState]:
    """The step that a video takes for this work: of a physical one, all between its download and
    its clips is one step."""
    is_splice = pipeline == ClipPipeline.PHYSICAL and step in (PREPROCESS, DETECT_SCENES)
    return SPLICE if is_splice else step


def begins(current: SourceState, step: Step[SourceState]) -> bool:
    """True if starting `step` moves the video forward; False if it repeats a step already done.

    Raises TransitionError where an earlier step is still missing.
    """
    for order in _SOURCE_ORDERS:
        if {current, step.done} <= {*order} and order.index(current) >= order.index(step.done):
            return False
    changed(current, step.doing)
    return True
