"""Sprite sheets of clips: of the clips of a physical video before anybody reviews them, of others
where somebody asks for them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlmodel import Session

from heaters_pipeline.db import artifacts, clip_work, clips, deletions, source_videos
from heaters_pipeline.db.archiving import refuse_archived
from heaters_pipeline.db.models import Clip, SourceVideo
from heaters_pipeline.domain import layout
from heaters_pipeline.domain.clip_pipeline import ClipPipeline
from heaters_pipeline.domain.cut_points import FrameRange
from heaters_pipeline.domain.side_by_side import Room
from heaters_pipeline.domain.sprites import SpriteIndex
from heaters_pipeline.domain.states import (
    BEFORE_REVIEW,
    CUT_BEFORE_REVIEW,
    SPRITE,
    ClipState,
)
from heaters_pipeline.files.scratch import scratch_folder
from heaters_pipeline.media.clips.clip_sprites import sprites_of_file, sprites_of_range
from heaters_pipeline.work.gold_master import GoldMaster, open_gold_master
from heaters_pipeline.work.library import Batch, work_through
from heaters_pipeline.work.objects import hashed, keep
from heaters_pipeline.work.pipeline import Pipeline
from heaters_pipeline.work.side_by_side import room_here, side_by_side
from heaters_pipeline.work.step import sentence_of


@dataclass(frozen=True)
class SpritesMade:
    batch: Batch
    """Of clips that wait for review once they have their sheets."""
    added: int
    """Clips that got sheets besides: their frames have changed, or somebody asked for them."""
    failed: int


def make_sprites(pipeline: Pipeline, key: str, *, of_all: bool = False) -> SpritesMade:
    """Makes the sprite sheets of every clip of a physical video that is not for reviewers without
    them, and of those of its clips that a merge, a split or a moved cut gave other frames; with
    `of_all`, of all live clips of the video that have none, physical or virtual."""

    def make_all(video: SourceVideo, due: Sequence[Clip], batch: Batch) -> None:
        with _opened(pipeline, video, due) as workshop:
            batch.each(workshop.room, due, workshop.make)

    batch = work_through(pipeline, key, SPRITE, make_all)
    with pipeline.video_lock(key):
        with pipeline.transaction() as session:
            video = source_videos.get(session, key)
            lacking = _lacking(session, video, of_all=of_all)
        with _opened(pipeline, video, lacking) as workshop:
            made = side_by_side(workshop.try_to_make, lacking, workshop.room.clips)
    return SpritesMade(batch, sum(made), len(made) - sum(made))


def sprites_before_review(pipeline: Pipeline, key: str) -> SpritesMade | None:
    """`make_sprites` of a physical video; None of a virtual one, whose clips need none."""
    with pipeline.transaction() as session:
        if source_videos.get(session, key).pipeline == ClipPipeline.VIRTUAL:
            return None
    return make_sprites(pipeline, key)


def _lacking(session: Session, video: SourceVideo, *, of_all: bool) -> list[Clip]:
    live = [
        clip
        for clip in clips.of_video(session, video.id)
        if of_all or (clip.state in CUT_BEFORE_REVIEW - BEFORE_REVIEW and not clip.is_virtual)
    ]
    known = artifacts.sprites_of(session, [clip.id for clip in live])
    return [
        clip
        for clip in live
        if clip.id not in known
        or not SpriteIndex.from_json(known[clip.id].sprites).is_of(_frames(clip))
    ]


def _has_file(clip: Clip) -> bool:
    """Whether it has a file with an image for each of its frames: a profile may want another
    rate."""
    frames = clip.receipt["frame_count"] if clip.receipt else clip.file_frames.length
    return not clip.is_virtual and frames == clip.file_frames.length


def _frames(clip: Clip) -> FrameRange:
    """Those that its sheets show."""
    return clip.file_frames if _has_file(clip) else clip.frames


@dataclass(frozen=True)
class _Workshop:
    """Threads may share it."""

    pipeline: Pipeline
    folder: Path
    room: Room
    gold: GoldMaster | None
    """None where every clip has a file."""

    def try_to_make(self, clip: Clip) -> bool:
        """Whether the clip has its sheets now. It can do without: those of its video show it."""
        try:
            self.make(clip)
        except Exception as error:
            log = self.pipeline.log
            log.warning(f"Clip {clip.id} has no sprite sheets: {sentence_of(error)}")
            return False
        return True

    def make(self, clip: Clip) -> None:
        out = self.folder / f"{clip.id}-sprites.mov"
        index = self._write(clip, out)
        file = hashed(out)
        path = layout.clip_sprites(clip.id, layout.name_of(file.sha256))
        keep(self.pipeline, clip.source_video_id, {path: file})
        out.unlink()
        with self.pipeline.transaction() as session:
            now = clips.locked(session, [clip.id])[clip.id]
            if clip.state == SPRITE.doing:
                clip_work.refuse_taken_over(session, clip, SPRITE)
            if now.state == ClipState.SUPERSEDED or now.frames != clip.frames:
                deletions.enter(session, [path], "its clip changed while it was made")
            else:
                artifacts.save_sprites(session, now, path, index)

    def _write(self, clip: Clip, out: Path) -> SpriteIndex:
        stall_seconds = self.pipeline.settings.stall_seconds
        if self.gold is None or _has_file(clip):
            with self.pipeline.storage.fetch(str(clip.clip_filepath)) as file:
                return sprites_of_file(file, clip.file_frames, out, stall_seconds=stall_seconds)
        with self.gold.part(self.gold.with_neighbours(clip.frames)) as part:
            return part.read(
                clip.frames,
                lambda source: sprites_of_range(source, out, stall_seconds=stall_seconds),
            )


@contextmanager
def _opened(pipeline: Pipeline, video: SourceVideo, due: Sequence[Clip]) -> Iterator[_Workshop]:
    """For these clips."""
    if all(map(_has_file, due)):
        with scratch_folder(pipeline.settings.home) as folder:
            yield _Workshop(pipeline, folder, room_here(len(due), video), None)
        return
    refuse_archived(video, "make sprite sheets")
    with open_gold_master(pipeline, video, len(due)) as gold:
        yield _Workshop(pipeline, gold.folder, gold.room, gold)
