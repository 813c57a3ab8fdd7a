"""Files made from exported clips."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import delete, func
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from heaters_pipeline.db import ledger
from heaters_pipeline.db.embeddings import PREVIEW
from heaters_pipeline.db.models import ArtifactKind, Clip, ClipArtifact, ClipEmbedding


def save_keyframe(
    session: Session, clip_id: int, *, frame: int, filepath: str, width: int, height: int
) -> None:
    """Records a keyframe whose file has been written, also over an earlier one: `created_at` says
    when. `frame` is its number in the source video."""
    statement = insert(ClipArtifact).values(
        clip_id=clip_id,
        kind=ArtifactKind.KEYFRAME,
        frame=frame,
        filepath=filepath,
        width=width,
        height=height,
    )
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["clip_id", "kind", "frame"],
            set_={
                "filepath": filepath,
                "width": width,
                "height": height,
                "created_at": func.now(),
            },
        )
    )


def leave_library(session: Session, clips: Iterable[Clip]) -> list[str]:
    """Makes clips that were exported mere ranges of frames again; the storage keys of the files
    that they leave behind. Their previews stay."""
    held = {clip.id: clip for clip in clips if not clip.is_virtual}
    if not held:
        return []
    found = keyframes_of(session, list(held))
    files = [str(clip.clip_filepath) for clip in held.values()]
    files += [each.filepath for keyframes in found.values() for each in keyframes]
    session.execute(
        delete(ClipEmbedding).where(
            col(ClipEmbedding.clip_id).in_(held), col(ClipEmbedding.strategy) != PREVIEW
        )
    )
    session.execute(delete(ClipArtifact).where(col(ClipArtifact.clip_id).in_(held)))
    ledger.forget(session, files)
    for clip in held.values():
        clip.is_virtual, clip.clip_filepath = True, None
        clip.exported_frames, clip.receipt = None, None
    return files


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
