"""Files made from clips."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy import delete, or_, update
from sqlmodel import Session, col, select
from typing_extensions import TypedDict

from heaters_pipeline.db import clip_exports, deletions, group_exports
from heaters_pipeline.db.embeddings import PREVIEW
from heaters_pipeline.db.held_files import HELD, Held, as_held
from heaters_pipeline.db.models import (
    ArtifactKind,
    Clip,
    ClipArtifact,
    ClipEmbedding,
    ClipTheme,
    SourceVideo,
    VectorFailure,
)
from heaters_pipeline.db.prepared import given_ids
from heaters_pipeline.domain.clip_pipeline import ClipPipeline
from heaters_pipeline.domain.sprites import SpriteIndex, StoredSpriteIndex


class KeyframeFile(TypedDict):
    """Columns of a keyframe."""

    frame: int
    """Its number in the source video."""
    filepath: str
    width: int
    height: int


def leave_library(session: Session, clips: Iterable[Clip], files: Held) -> None:
    """Makes clips that were exported, or were about to be, what they were before, and has the files
    that they got since deleted. Of a physical video a clip keeps its main file and its sprite
    sheets; all others are mere ranges of frames again. Their previews stay. `files` are what
    `held_files` says of these clips, or of more. Raises Conflict where a file would be lost that
    nobody can make again."""
    given = list(clips)
    files.refuse_leaving(given)
    _forget_files(session, given, _physical(session, given), files.have_exports)


def give_up_files(session: Session, clips: Iterable[Clip]) -> None:
    """Makes clips mere ranges of frames, whatever they were before. The caller leaves out those
    that are `held_files.IS_LASTING`."""
    given = list(clips)
    files = as_held(HELD(session, clip_ids=[clip.id for clip in given]))
    _forget_files(session, given, [], files.have_exports)


def _forget_files(
    session: Session, given: Sequence[Clip], spliced: Sequence[Clip], have_exports: bool
) -> None:
    """Has the files of clips deleted; not the main file and the sprite sheets of those in
    `spliced`."""
    held = [clip for clip in given if not clip.is_virtual]
    ids = [clip.id for clip in given]
    if not held and not have_exports:
        return
    group_exports.forget(session, ids)
    files = clip_exports.forget(session, ids, [str(clip.clip_filepath) for clip in spliced])
    if held:
        kept = {clip.id for clip in spliced}
        mere = [clip for clip in held if clip.id not in kept]
        forget_vectors(session, [clip.id for clip in held])
        products = delete(ClipArtifact).where(
            col(ClipArtifact.clip_id).in_([clip.id for clip in held]),
            or_(
                col(ClipArtifact.kind) == ArtifactKind.KEYFRAME,
                col(ClipArtifact.clip_id).not_in(kept),
            ),
        )
        files += session.scalars(products.returning(col(ClipArtifact.filepath)))
        files += [str(clip.clip_filepath) for clip in mere]
        for clip in mere:
            clip.is_virtual, clip.clip_filepath = True, None
            clip.exported_frames, clip.receipt = None, None
        for clip in held:
            clip.keyframes_basis, clip.keyframes_asked_at = None, None
    deletions.enter(session, files, "its clip left the library")


def _physical(session: Session, clips: Sequence[Clip]) -> list[Clip]:
    """Those of the clips that have files and are of physical videos."""
    held = [clip for clip in clips if not clip.is_virtual]
    if not held:
        return []
    physical = session.exec(
        select(SourceVideo.id).where(
            col(SourceVideo.id).in_({clip.source_video_id for clip in held}),
            SourceVideo.pipeline == ClipPipeline.PHYSICAL,
        )
    ).all()
    return [clip for clip in held if clip.source_video_id in physical]


def replace_keyframes(
    session: Session, clip_id: int, now: Sequence[KeyframeFile], basis: str
) -> None:
    """The clip's keyframes are `now`, made by `basis`; their files have been written. The files of
    others are deleted, and the vectors that were made of them go."""
    before = keyframes(session, clip_id)
    forget_vectors(session, [clip_id])
    session.execute(
        delete(ClipArtifact).where(
            col(ClipArtifact.clip_id) == clip_id, col(ClipArtifact.kind) == ArtifactKind.KEYFRAME
        )
    )
    session.add_all(
        ClipArtifact(clip_id=clip_id, kind=ArtifactKind.KEYFRAME, **each) for each in now
    )
    kept = {each["filepath"] for each in now}
    others = [each.filepath for each in before if each.filepath not in kept]
    deletions.enter(session, others, "other keyframes replaced it")
    session.execute(update(Clip).where(col(Clip.id) == clip_id).values(keyframes_basis=basis))


def save_sprites(session: Session, clip: Clip, filepath: str, index: SpriteIndex) -> None:
    """The clip's sprite sheets are in the object `filepath`, which has been written. The object of
    others is deleted."""
    before = delete(ClipArtifact).where(
        col(ClipArtifact.clip_id) == clip.id, col(ClipArtifact.kind) == ArtifactKind.SPRITES
    )
    gone = set(session.scalars(before.returning(col(ClipArtifact.filepath))))
    session.add(
        ClipArtifact(
            clip_id=clip.id,
            kind=ArtifactKind.SPRITES,
            frame=index.first,
            filepath=filepath,
            width=index.width,
            height=index.height,
            sprites=index.as_json(),
        )
    )
    session.flush()
    deletions.enter(session, gone - {filepath}, "other sprite sheets replaced it")


class ClipSprites(NamedTuple):
    """The sprite sheets of a clip."""

    filepath: str
    sprites: StoredSpriteIndex


SPRITES = sa.select(
    col(ClipArtifact.clip_id), col(ClipArtifact.filepath), col(ClipArtifact.sprites)
).where(
    col(ClipArtifact.clip_id) == sa.any_(given_ids("clip_ids")),
    col(ClipArtifact.kind) == ArtifactKind.SPRITES,
)
"""Those of the clips `clip_ids`."""


def sprites_of(session: Session, clip_ids: Collection[int]) -> dict[int, ClipSprites]:
    """The sprite sheets of those of the clips that have some, by clip."""
    return sprites_by_clip(session.execute(SPRITES, {"clip_ids": list(clip_ids)}))


def sprites_by_clip(rows: Iterable[Any]) -> dict[int, ClipSprites]:
    """Of the rows of `SPRITES`."""
    return {row.clip_id: ClipSprites(row.filepath, row.sprites) for row in rows}


def drop_sprites(session: Session, filepath: str) -> bool:
    """Forgets the sprite sheets of a clip that are gone; whether there were any. Its video's show
    the clip, too."""
    gone = delete(ClipArtifact).where(
        col(ClipArtifact.filepath) == filepath, col(ClipArtifact.kind) == ArtifactKind.SPRITES
    )
    return session.scalars(gone.returning(col(ClipArtifact.id))).first() is not None


def forget_sprites(session: Session, clip_ids: Collection[int]) -> None:
    """Has the sprite sheets of clips deleted: they show frames by other numbers by now."""
    gone = delete(ClipArtifact).where(
        col(ClipArtifact.clip_id).in_(clip_ids), col(ClipArtifact.kind) == ArtifactKind.SPRITES
    )
    paths = session.scalars(gone.returning(col(ClipArtifact.filepath))).all()
    deletions.enter(session, paths, "its clip has other frames")


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
