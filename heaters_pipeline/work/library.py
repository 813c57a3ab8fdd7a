"""From approved clips to files, keyframes and vectors.

Each function works through all clips of one video that are due for its step. A clip that fails
keeps its sentence, and the others go on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from heaters_pipeline.db import artifacts, clip_work, embeddings, source_videos
from heaters_pipeline.db.models import Clip, ClipFile, SourceVideo
from heaters_pipeline.domain import layout
from heaters_pipeline.domain.cut_points import FrameRange
from heaters_pipeline.domain.states import EMBED, EXPORT, KEYFRAME, ClipState, Step
from heaters_pipeline.domain.stills import still_frames
from heaters_pipeline.files.scratch import scratch_folder
from heaters_pipeline.media.clips.embeddings import (
    Embedder,
    mean_vector,
    model_name,
    open_embedder,
)
from heaters_pipeline.media.clips.export import export_clip
from heaters_pipeline.media.clips.gold_range import GoldRange
from heaters_pipeline.media.clips.keyframes import extract_keyframes
from heaters_pipeline.media.ffmpeg.checksums import Checksums, read_checksums
from heaters_pipeline.work.cuts import flashes_of
from heaters_pipeline.work.objects import keep
from heaters_pipeline.work.pipeline import Pipeline
from heaters_pipeline.work.step import sentence_of

STRATEGY = "keyframe_mean"


@dataclass(frozen=True)
class Batch:
    """The clips of one step: which are done, and which failed."""

    pipeline: Pipeline
    step: Step[ClipState]
    done: list[int] = field(default_factory=list)
    failed: list[int] = field(default_factory=list)

    @contextmanager
    def one(self, clip: Clip) -> Iterator[ClipFile]:
        """Work on one clip; the yielded dict takes the columns to write when it is done."""
        columns = ClipFile()
        try:
            yield columns
            with self.pipeline.transaction() as session:
                clip_work.finish(session, clip.id, self.step, columns)
        except Exception as error:
            self.fail(clip, error)
        else:
            self.done.append(clip.id)

    def fail(self, clip: Clip, error: BaseException) -> None:
        sentence = sentence_of(error)
        with self.pipeline.transaction() as session:
            clip_work.fail(session, clip.id, self.step, sentence)
        self.failed.append(clip.id)
        self.pipeline.log.error(f"Clip {clip.id}: {sentence}")


@dataclass(frozen=True)
class Embedded:
    batch: Batch
    added: int
    """Vectors of the present model for clips that had one of another model only."""
    without: list[int]
    """Clips that could get none."""


def export_clips(pipeline: Pipeline, key: str) -> Batch:
    """Cuts an MP4 of every approved clip past its undo window from the gold master, proven by
    checksum to hold exactly its frames."""

    def export_all(video: SourceVideo, due: Sequence[Clip], batch: Batch) -> None:
        storage = pipeline.storage
        with (
            scratch_folder(pipeline.settings.home) as folder,
            storage.fetch(str(video.gold_master_filepath)) as gold,
            storage.fetch(str(video.frame_checksums_filepath)) as sums,
        ):
            checksums = read_checksums(sums)
            for clip in due:
                with batch.one(clip) as columns:
                    columns.update(_export(pipeline, video, clip, gold, checksums, folder))

    return _work_through(pipeline, key, EXPORT, export_all)


def take_keyframes(pipeline: Pipeline, key: str) -> Batch:
    """Takes still images of every exported clip."""

    def take_all(video: SourceVideo, due: Sequence[Clip], batch: Batch) -> None:
        flashes = flashes_of(video)
        with scratch_folder(pipeline.settings.home) as folder:
            for clip in due:
                with batch.one(clip), pipeline.storage.fetch(str(clip.clip_filepath)) as file:
                    _keep_keyframes(pipeline, clip, flashes, file, folder)

    return _work_through(pipeline, key, KEYFRAME, take_all)


def embed_clips(pipeline: Pipeline, key: str) -> Embedded:
    """Gives a vector to every clip with keyframes, and one of the present model to clips of the
    library that have one of another model only."""
    model = pipeline.settings.embedding_model
    renewed: list[int] = []

    @cache
    def embedder() -> Embedder:
        return open_embedder(model)

    def embed_each(
        found: Sequence[Clip], one: Callable[[Clip], AbstractContextManager[object]]
    ) -> None:
        opened = embedder()
        for clip in found:
            with one(clip):
                _embed(pipeline, clip, opened)
        embeddings.ensure_index(pipeline.engine, opened.model, opened.dimensions)

    @contextmanager
    def renewing(clip: Clip) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            pipeline.log.error(f"Clip {clip.id} has no new vector: {sentence_of(error)}")
        else:
            renewed.append(clip.id)

    batch = _work_through(
        pipeline, key, EMBED, lambda _video, due, batch: embed_each(due, batch.one)
    )
    with pipeline.video_lock(key):
        with pipeline.transaction() as session:
            video = source_videos.get(session, key)
            missing = embeddings.missing(session, video.id, model_name(model), STRATEGY)
        if missing:
            embed_each(missing, renewing)
    without = [clip.id for clip in missing if clip.id not in renewed]
    return Embedded(batch, len(renewed), without)


def _work_through(
    pipeline: Pipeline,
    key: str,
    step: Step[ClipState],
    work: Callable[[SourceVideo, Sequence[Clip], Batch], None],
) -> Batch:
    """Claims the video's clips that are due for `step` and works on them under its lock."""
    batch = Batch(pipeline, step)
    with pipeline.video_lock(key):
        with pipeline.transaction() as session:
            video = source_videos.get(session, key)
            window = pipeline.settings.undo_window_seconds
            due = clip_work.claim(session, video.id, step, window)
        if due:
            try:
                work(video, due, batch)
            except BaseException as error:
                settled = {*batch.done, *batch.failed}
                for clip in due:
                    if clip.id not in settled:
                        batch.fail(clip, error)
                if not isinstance(error, Exception):
                    raise
    return batch


def _export(
    pipeline: Pipeline,
    video: SourceVideo,
    clip: Clip,
    gold: Path,
    checksums: Checksums,
    folder: Path,
) -> ClipFile:
    """Makes and stores the clip's file; the columns that name it."""
    settings = pipeline.settings
    out = folder / f"{clip.id}.mp4"
    frames = clip.clean_frames if settings.export_trimmed else clip.frames
    source = GoldRange(gold, checksums, frames, video.rate, video.orientation, video.sample_aspect)
    receipt = export_clip(source, out, stall_seconds=settings.stall_seconds)
    path = layout.clip_file(clip.id)
    keep(pipeline, video.id, {path: out})
    out.unlink()
    return {
        "clip_filepath": path,
        "exported_frames": frames.as_json(),
        "receipt": receipt,
        "is_virtual": False,
    }


def _keep_keyframes(
    pipeline: Pipeline, clip: Clip, flashes: Sequence[FrameRange], file: Path, folder: Path
) -> None:
    wanted = still_frames(clip.file_frames, flashes)
    numbers = [frame - clip.file_frames.start for frame in wanted]
    keyframes = extract_keyframes(
        file, numbers, folder, stall_seconds=pipeline.settings.stall_seconds
    )
    by_frame = {clip.file_frames.start + keyframe.frame: keyframe for keyframe in keyframes}
    files = {layout.keyframe(clip.id, frame): each.path for frame, each in by_frame.items()}
    keep(pipeline, clip.source_video_id, files)
    with pipeline.transaction() as session:
        for frame, keyframe in by_frame.items():
            artifacts.save_keyframe(
                session,
                clip.id,
                frame=frame,
                filepath=layout.keyframe(clip.id, frame),
                width=keyframe.width,
                height=keyframe.height,
            )


def _embed(pipeline: Pipeline, clip: Clip, embedder: Embedder) -> None:
    with pipeline.transaction() as session:
        keyframes = artifacts.keyframes(session, clip.id)
    with ExitStack() as files:
        images = [files.enter_context(pipeline.storage.fetch(each.filepath)) for each in keyframes]
        vector = mean_vector(embedder.embed(images))
    with pipeline.transaction() as session:
        embeddings.save(session, clip.id, embedder.model, STRATEGY, vector.tolist())
