"""The frame indexes of source videos, read by the slices that are wanted."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

import sqlalchemy as sa
from sqlmodel import Session, col, select

from heaters_pipeline.db.models import SourceVideo
from heaters_pipeline.domain import frame_index
from heaters_pipeline.domain.cut_points import FrameRange
from heaters_pipeline.domain.frame_index import RECORD_BYTES, TICKS_PER_SECOND, FrameRecord


def frame_slice(session: Session, video_id: int, frames: FrameRange) -> list[FrameRecord]:
    """The index records of the frames of a range that the video has. Reads only these bytes."""
    packed = session.exec(
        select(
            sa.func.substring(
                SourceVideo.keyframe_offsets,
                frames.start * RECORD_BYTES + 1,
                frames.length * RECORD_BYTES,
            )
        ).where(SourceVideo.id == video_id)
    ).first()
    return frame_index.unpack(packed or b"")


def frame_ticks(session: Session, video_id: int, frames: Iterable[int]) -> dict[int, int]:
    """When each of the frames that the video has is shown, in ticks, by frame number. Reads only
    the records of these frames, all in one statement."""
    found = ticks_of(session, [(video_id, frame) for frame in frames])
    return {frame: ticks for (_, frame), ticks in found.items()}


def ticks_of(session: Session, frames: Iterable[tuple[int, int]]) -> dict[tuple[int, int], int]:
    """The same of frames of several videos, by the video's id and the frame's number."""
    asked = sorted(frames)
    video_id, number = (
        sa.func.unnest(
            *(sa.cast([each[side] for each in asked], sa.ARRAY(sa.BigInteger)) for side in (0, 1))
        )
        .table_valued("video_id", "number")
        .render_derived()
        .c
    )
    record = sa.func.substring(
        SourceVideo.keyframe_offsets, sa.cast(number, sa.Integer) * RECORD_BYTES + 1, RECORD_BYTES
    )
    rows = session.execute(
        sa.select(video_id, number, record).where(
            col(SourceVideo.id) == video_id,
            number < col(SourceVideo.frame_count),
            col(SourceVideo.keyframe_offsets).is_not(None),
        )
    )
    return {(video, frame): frame_index.unpack(packed)[0].ticks for video, frame, packed in rows}


def all_ticks(session: Session, video_id: int) -> list[int]:
    """When each frame of the video is shown, in ticks."""
    packed = session.exec(
        select(SourceVideo.keyframe_offsets).where(SourceVideo.id == video_id)
    ).one()
    return frame_index.ticks(packed or b"")


def mean_rate(session: Session, video: SourceVideo) -> Fraction:
    """Frames per second over the whole video, from its frame index: where the rate varies, what the
    container names can be several times as high."""
    count = video.frame_count or 0
    last = frame_slice(session, video.id, FrameRange(count - 1, count)) if count > 1 else []
    return Fraction((count - 1) * TICKS_PER_SECOND, last[0].ticks) if last else video.rate
