"""Files made from exported clips."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import delete, update
from sqlmodel import Session, col, select
from typing_extensions import TypedDict

from heaters_pipeline.db import clip_exports, deletions, group_exports
from heaters_pipeline.db.embeddings import PREVIEW
from heaters_pipeline.db.models import (
    ArtifactKind,
    Clip,
    ClipArtifact,
    ClipEmbedding,
    ClipExport,
    ClipTheme,
    ExportFailure,
    GroupExport,
    VectorFailure,
)
from heaters_pipeline.db.prepared import Prepared, given_ids


class KeyframeFile(TypedDict):
    """Columns of a keyframe."""

    frame: int
    """Its number in the source video."""
    filepath: str
    width: int
    height: int


def leave_library(
    session: Session, clips: Iterable[Clip], *, have_exports: bool | None = None
) -> None:
    """Makes clips that were exported, or were about to be, mere ranges of frames again, and has
    their files deleted. Their previews stay. `have_exports`: what `HAVE_EXPORTS` says of them, or
    of more clips; None: it was not asked yet."""
    leaving = list(clips)
    held = {clip.id: clip for clip in leaving if not clip.is_virtual}
    if not held:
        if have_exports is None:
            ((have_exports,),) = HAVE_EXPORTS(session, clip_ids=[clip.id for clip in leaving])
        if not have_exports:
            return
    group_exports.forget(session, [clip.id for clip in leaving])
    files = clip_exports.forget(session, [clip.id for clip in leaving])
    if not (held or files):
        return
    found = keyframes_of(session, list(held))
    files = [*{*files, *(str(clip.clip_filepath) for clip in held.values())}]
    files += [each.filepath for keyframes in found.values() for each in keyframes]
    forget_vectors(session, held)
    session.execute(delete(ClipArtifact).where(col(ClipArtifact.clip_id).in_(held)))
    deletions.enter(session, files, "its clip left the library")
    for clip in held.values():
        clip.is_virtual, clip.clip_filepath = True, None
        clip.exported_frames, clip.receipt = None, None
        clip.keyframes_basis, clip.keyframes_asked_at = None, None


_IDS: Any = sa.any_(given_ids("clip_ids"))

HAVE_EXPORTS = Prepared(
    sa.select(
        sa.or_(
            sa.exists().where(
                col(GroupExport.first_clip_id).in_(
                    sa.select(sa.func.coalesce(Clip.grouped_with_clip_id, Clip.id)).where(
                        col(Clip.id) == _IDS
                    )
                )
            ),
            *(sa.exists().where(col(kind.clip_id) == _IDS) for kind in (ClipExport, ExportFailure)),
        )
    )
)
"""Whether the clips `clip_ids`, or their groups, were exported, or failed to be: most decisions are
on clips that never were, and are spared a statement for each table."""


def replace_keyframes(
    session: Session, clip_id: int, now: Sequence[KeyframeFile], basis: str
) -> None:
    """The clip's keyframes are `now`, made by `basis`; their files have been written. The files of
    others are deleted, and the vectors that were made of them go."""
    before = keyframes(session, clip_id)
    forget_vectors(session, [clip_id])
    session.execute(delete(ClipArtifact).where(col(ClipArtifact.clip_id) == clip_id))
    session.add_all(
        ClipArtifact(clip_id=clip_id, kind=ArtifactKind.KEYFRAME, **each) for each in now
    )
    kept = {each["filepath"] for each in now}
    others = [each.filepath for each in before if each.filepath not in kept]
    deletions.enter(session, others, "other keyframes replaced it")
    session.execute(update(Clip).where(col(Clip.id) == clip_id).values(keyframes_basis=basis))


def forget_vectors(session: Session, clip_ids: Collection[int]) -> None:
    """Those of keyframes, what kept them from being made, and the places in themes that they gave
    the clips; previews stay."""
    for kind in (VectorFailure, ClipTheme):
        session.execute(delete(kind).where(col(kind.clip_id).in_(clip_ids)))
    session.execute(
        delete(ClipEmbedding).where(
            col(ClipEmbedding.clip_id).in_(clip_ids), col(ClipEmbedding.strategy) != PREVIEW
        )
    )


def keyframes(session: Session, clip_id: int) -> Sequence[ClipArtifact]:
    """The clip's keyframes in film order."""
    return session.exec(
        select(ClipArtifact)
        .where(ClipArtifact.clip_id == clip_id, ClipArtifact.kind == ArtifactKind.KEYFRAME)
        .order_by(col(ClipArtifact.frame))
    ).all()


def keyframes_of(session: Session, clip_ids: Sequence[int]) -> dict[int, list[ClipArtifact]]:
    """The keyframes of several clips, each clip's in film order."""
    rows = session.exec(
        select(ClipArtifact)
        .where(col(ClipArtifact.clip_id).in_(clip_ids), ClipArtifact.kind == ArtifactKind.KEYFRAME)
        .order_by(col(ClipArtifact.clip_id), col(ClipArtifact.frame))
    )
    found: dict[int, list[ClipArtifact]] = {}
    for artifact in rows:
        found.setdefault(artifact.clip_id, []).append(artifact)
    return found
