"""Clips with files to hand over, without footage: the files are a few bytes of their own."""

from __future__ import annotations

import hashlib
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import Engine
from sqlmodel import col

from heaters_pipeline.db import clip_exports
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.db.models import Clip, ExportProfile
from heaters_pipeline.domain.profiles import MAIN
from heaters_pipeline.domain.receipts import Receipt
from heaters_pipeline.domain.states import ClipState
from heaters_pipeline.storage import Storage


def content(clip_id: int) -> bytes:
    return f"the film of clip {clip_id}\n".encode() * 1000


def export(
    engine: Engine, storage: Storage, folder: Path, clip_id: int, *, made: bytes | None = None
) -> str:
    """Gives a clip a file of the main profile, and puts it into the library; its SHA-256."""
    body = content(clip_id) if made is None else made
    local = folder / f"{clip_id}.bin"
    local.unlink(missing_ok=True)  # the storage shares the blocks of the one before
    local.write_bytes(body)
    digest = hashlib.sha256(body).hexdigest()
    key = f"clips/{clip_id}/clip.mp4"
    storage.put(local, key)
    with transaction(engine) as session:
        clip = session.get_one(Clip, clip_id)
        main = sa.select(ExportProfile).where(col(ExportProfile.name) == MAIN)
        receipt: Receipt = {
            "frame_count": clip.frames.length,
            "duration_seconds": clip.frames.length / 25,
            "size": len(body),
            "sha256": digest,
            "psnr_least": 40.0,
            "psnr_mean": 45.0,
            "audio_lag": None,
            "ffmpeg": "7.1",
        }
        clip_exports.save(
            session,
            clip,
            session.scalars(main).one(),
            filepath=key,
            frames=clip.frames,
            receipt=receipt,
        )
        for name, value in (clip_exports.main_file(session, clip_id) or {}).items():
            setattr(clip, name, value)
        clip.state = ClipState.EMBEDDED
    return digest


def unexport(engine: Engine, clip_id: int) -> None:
    """Takes the file away again: the clip waits for review."""
    with transaction(engine) as session:
        clip_exports.forget(session, [clip_id])
        clip = session.get_one(Clip, clip_id)
        clip.is_virtual, clip.clip_filepath, clip.exported_frames = True, None, None
        clip.receipt, clip.state = None, ClipState.PENDING_REVIEW
