"""The files that clips have, and which of them nobody can make again: those of a source video whose
gold master was deleted. No decision, undo or sweep loses them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import col

from heaters_pipeline.db.models import (
    ArtifactKind,
    Clip,
    ClipArtifact,
    ClipExport,
    ExportFailure,
    GroupExport,
    SourceVideo,
)
from heaters_pipeline.db.prepared import Prepared, given_ids
from heaters_pipeline.domain.archive import Archived
from heaters_pipeline.domain.clip_pipeline import ClipPipeline
from heaters_pipeline.domain.errors import Conflict
from heaters_pipeline.domain.states import ClipState


class Change(StrEnum):
    """What becomes of a clip, by what that does to files."""

    LEAVES = "leaves"
    """It leaves the library: a clip of a physical video keeps its main file."""
    FRAMES = "frames"
    """It has other frames, or is replaced: no file shows it any more."""
    GROUP = "group"
    """Its group has other clips, or frames: no file shows the group any more."""


_WAY_OUT = {
    Change.LEAVES: ("Clip", "archive it instead, which keeps them"),
    Change.FRAMES: ("Clip", "leave its frames as they are"),
    Change.GROUP: ("The group of clip", "leave it as it is"),
}


class Held(NamedTuple):
    """Of some clips."""

    have_exports: bool
    """Whether some of them, or their groups, were exported, or failed to be: most decisions are on
    clips that never were, and are spared a statement for each table."""
    lasting: Mapping[str, Any]
    """By the id of each clip, of a video without its gold master, with a file of its own or of its
    group: the video's `title`, and whether each `Change` would lose one."""

    def refuse_loss(self, clips: Iterable[Clip], change: Change) -> None:
        """Raises Conflict where the change would lose a file that nobody can make again."""
        for clip in clips:
            found = self.lasting.get(str(clip.id))
            if found is None or not found[change]:
                continue
            title, (who, way) = found["title"], _WAY_OUT[change]
            raise Conflict(
                f"{who} {clip.id} would lose files that nobody can make again, as the source and "
                f"the gold master of {title} were deleted: {way}."
            )

    def refuse_leaving(self, clips: Iterable[Clip]) -> None:
        """Raises Conflict where clips that leave the library, or are replaced, would lose a file
        that nobody can make again."""
        for clip in clips:
            replaced = clip.state == ClipState.SUPERSEDED
            self.refuse_loss([clip], Change.FRAMES if replaced else Change.LEAVES)


def as_held(rows: Iterable[Any]) -> Held:
    """What the row of `HELD` says."""
    ((have_exports, lasting),) = rows
    return Held(have_exports, lasting or {})


_video: Any = aliased(SourceVideo)
_IDS: Any = sa.any_(given_ids("clip_ids"))
_GROUP: Any = sa.func.coalesce(Clip.grouped_with_clip_id, Clip.id)
_EXPORT = col(ClipExport.clip_id) == col(Clip.id)
_IS_PHYSICAL = _video.pipeline == ClipPipeline.PHYSICAL
_IS_AWAY = _video.archived == Archived.AWAY

_GROUP_HAS_ONE = sa.exists().where(
    col(GroupExport.first_clip_id) == _GROUP, col(GroupExport.filepath).is_not(None)
)
_HAS_ONE = sa.or_(~col(Clip.is_virtual), sa.exists().where(_EXPORT))
_LOSES_ONE = sa.or_(
    sa.and_(~col(Clip.is_virtual), ~_IS_PHYSICAL),
    sa.exists().where(
        _EXPORT,
        sa.or_(~_IS_PHYSICAL, col(ClipExport.filepath).is_distinct_from(col(Clip.clip_filepath))),
    ),
    sa.exists().where(
        col(ClipArtifact.clip_id) == col(Clip.id), col(ClipArtifact.kind) == ArtifactKind.KEYFRAME
    ),
)

IS_LASTING = sa.and_(
    sa.exists().where(_video.id == col(Clip.source_video_id), _IS_AWAY),
    sa.or_(_HAS_ONE, _GROUP_HAS_ONE),
)
"""True of clips with files, their own or of their group, that nobody can make again."""

HELD = Prepared(
    sa.select(
        sa.or_(
            sa.exists().where(
                col(GroupExport.first_clip_id).in_(sa.select(_GROUP).where(col(Clip.id) == _IDS))
            ),
            *(sa.exists().where(col(kind.clip_id) == _IDS) for kind in (ClipExport, ExportFailure)),
        ).label("have_exports"),
        sa.select(
            sa.func.jsonb_object_agg(
                col(Clip.id),
                sa.func.jsonb_build_object(
                    *("title", _video.title),
                    *(Change.LEAVES.value, sa.or_(_LOSES_ONE, _GROUP_HAS_ONE)),
                    *(Change.FRAMES.value, sa.or_(_HAS_ONE, _GROUP_HAS_ONE)),
                    *(Change.GROUP.value, _GROUP_HAS_ONE),
                ),
            )
        )
        .join(_video, _video.id == col(Clip.source_video_id))
        .where(col(Clip.id) == _IDS, _IS_AWAY, sa.or_(_HAS_ONE, _GROUP_HAS_ONE))
        .scalar_subquery()
        .label("lasting"),
    )
)
"""What `Held` says of the clips `clip_ids`, in one row (`as_held`)."""
