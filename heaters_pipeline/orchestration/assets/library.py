"""From approved clips to files, keyframes and vectors.

A run works through all clips of its video that are due, in one process. A clip that fails takes
its sentence with it; the others go on.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import dagster as dg

from heaters_pipeline.db import artifacts, clip_work, embeddings, ledger, source_videos
from heaters_pipeline.db.models import Clip, ClipFile, SourceVideo
from heaters_pipeline.domain import layout
from heaters_pipeline.domain.states import EMBED, EXPORT, KEYFRAME, ClipState, Step
from heaters_pipeline.files.scratch import scratch_folder
from heaters_pipeline.media.clips.embeddings import Embedder, mean_vector, model_name, open_embedder
from heaters_pipeline.media.clips.export import export_clip
from heaters_pipeline.media.clips.keyframes import extract_keyframes, keyframe_numbers
from heaters_pipeline.media.ffmpeg.checksums import read_checksums
from heaters_pipeline.orchestration.assets.steps import failures_in_words, in_words, ledger_metadata
from heaters_pipeline.orchestration.partitions import heaters_videos
from heaters_pipeline.orchestration.resources import Database, ObjectStore
from heaters_pipeline.settings import get_settings
from heaters_pipeline.storage import Storage

GROUP = "library"
STRATEGY = "keyframe_mean"


@dg.asset(
    deps=["gold_master", "virtual_clips"],
    partitions_def=heaters_videos,
    group_name=GROUP,
    kinds={"ffmpeg"},
    pool="export",
)
def exported_clips(
    context: dg.AssetExecutionContext, database: Database, store: ObjectStore
) -> dg.MaterializeResult[Any]:
    """An MP4 of every approved clip past its undo window, cut from the gold master and proven, by
    checksum, to hold exactly its frames."""
    storage = store.open()

    def export_all(video: SourceVideo, due: Sequence[Clip], batch: Batch) -> None:
        with ExitStack() as files:
            folder = files.enter_context(scratch_folder(get_settings().home))
            gold = files.enter_context(storage.fetch(str(video.gold_master_filepath)))
            sums = files.enter_context(storage.fetch(str(video.frame_checksums_filepath)))
            checksums = read_checksums(sums)
            for clip in due:
                with batch.one(clip) as facts:
                    out = folder / f"{clip.id}.mp4"
                    frames = clip.clean_frames if get_settings().export_trimmed else clip.frames
                    export_clip(
                        gold,
                        checksums,
                        frames.start,
                        frames.end,
                        out,
                        rate=video.rate,
                        rotation=video.rotation or 0,
                        sample_aspect=video.sample_aspect,
                        stall_seconds=get_settings().stall_seconds,
                    )
                    path = layout.clip_file(clip.id)
                    storage.put(out, path)
                    with database.transaction() as session:
                        ledger.record(session, video.id, {path: out.stat().st_size})
                    out.unlink()
                    facts |= {
                        "clip_filepath": path,
                        "exported_frames": frames.as_json(),
                        "is_virtual": False,
                    }

    result = _work_through(context, database, EXPORT, export_all)
    with database.transaction() as session:
        video = source_videos.get(session, context.partition_key)
    return dg.MaterializeResult(
        metadata={**(result.metadata or {}), **ledger_metadata(database, video.id)}
    )


@dg.asset(
    deps=[exported_clips],
    partitions_def=heaters_videos,
    group_name=GROUP,
    kinds={"ffmpeg"},
)
def clip_keyframes(
    context: dg.AssetExecutionContext, database: Database, store: ObjectStore
) -> dg.MaterializeResult[Any]:
    """Still pictures of every exported clip."""
    storage = store.open()

    def extract_all(_video: SourceVideo, due: Sequence[Clip], batch: Batch) -> None:
        with scratch_folder(get_settings().home) as folder:
            for clip in due:
                with batch.one(clip), storage.fetch(str(clip.clip_filepath)) as file:
                    _keep_keyframes(database, storage, clip, file, folder)

    return _work_through(context, database, KEYFRAME, extract_all)


@dg.asset(
    deps=[clip_keyframes],
    partitions_def=heaters_videos,
    group_name=GROUP,
    kinds={"postgres"},
    pool="model",
)
def clip_embeddings(
    context: dg.AssetExecutionContext, database: Database, store: ObjectStore
) -> dg.MaterializeResult[Any]:
    """A vector of every clip with keyframes, by which clips are found. Clips of the library that
    have one of another model only get one of the present model, too."""
    storage, model = store.open(), get_settings().embedding_model

    def embed_all(_video: SourceVideo, due: Sequence[Clip], batch: Batch) -> None:
        embedder = open_embedder(model)
        for clip in due:
            with batch.one(clip):
                _embed(database, storage, clip, embedder)
        embeddings.ensure_index(database.engine, embedder.model, embedder.dimensions)

    without: list[int] = []
    result = _work_through(context, database, EMBED, embed_all)
    with failures_in_words(), database.video_lock(context.partition_key):
        with database.transaction() as session:
            video = source_videos.get(session, context.partition_key)
            missing = embeddings.missing(session, video.id, model_name(model), STRATEGY)
        if missing:
            embedder = open_embedder(model)
            for clip in missing:
                try:
                    _embed(database, storage, clip, embedder)
                except Exception as error:
                    without.append(clip.id)
                    context.log.error(f"Clip {clip.id} has no new vector: {in_words(error)}")
            embeddings.ensure_index(database.engine, embedder.model, embedder.dimensions)
    return dg.MaterializeResult(
        metadata={
            **(result.metadata or {}),
            "added": len(missing) - len(without),
            "without": without,
        }
    )


class Batch:
    """The clips of one run: each taken on its own, done or failed with its sentence."""

    def __init__(self, database: Database, step: Step[ClipState], log: Callable[[str], None]):
        self._database = database
        self._step = step
        self._log = log
        self.done: list[int] = []
        self.failed: list[int] = []

    @contextmanager
    def one(self, clip: Clip) -> Iterator[ClipFile]:
        """Work on one clip; the yielded dict takes the column values to write when it is done."""
        facts: ClipFile = {}
        try:
            yield facts
        except Exception as error:
            self.fail(clip, error)
        else:
            with self._database.transaction() as session:
                clip_work.finish(session, clip.id, self._step, facts)
            self.done.append(clip.id)

    def fail(self, clip: Clip, error: BaseException) -> None:
        with self._database.transaction() as session:
            clip_work.fail(session, clip.id, self._step, in_words(error))
        self.failed.append(clip.id)
        self._log(f"Clip {clip.id}: {in_words(error)}")


def _work_through(
    context: dg.AssetExecutionContext,
    database: Database,
    step: Step[ClipState],
    work: Callable[[SourceVideo, Sequence[Clip], Batch], None],
) -> dg.MaterializeResult[Any]:
    """Claims the video's clips that are due for `step` and works on them under its lock."""
    batch = Batch(database, step, context.log.error)
    with failures_in_words(), database.video_lock(context.partition_key):
        with database.transaction() as session:
            video = source_videos.get(session, context.partition_key)
            due = clip_work.claim(session, video.id, step, get_settings().undo_window_seconds)
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
    return dg.MaterializeResult(
        metadata={
            "done": len(batch.done),
            "failed": len(batch.failed),
            "failed_clips": batch.failed,
        }
    )


def _keep_keyframes(
    database: Database, storage: Storage, clip: Clip, file: Path, folder: Path
) -> None:
    numbers = keyframe_numbers(clip.file_frames.length)
    stall_seconds = get_settings().stall_seconds
    pictures = extract_keyframes(file, numbers, folder, stall_seconds=stall_seconds)
    with database.transaction() as session:
        for picture in pictures:
            frame = clip.file_frames.start + picture.frame
            path = layout.keyframe(clip.id, frame)
            storage.put(picture.path, path)
            ledger.record(session, clip.source_video_id, {path: picture.path.stat().st_size})
            artifacts.save_keyframe(
                session,
                clip.id,
                frame=frame,
                filepath=path,
                width=picture.width,
                height=picture.height,
            )


def _embed(database: Database, storage: Storage, clip: Clip, embedder: Embedder) -> None:
    with database.transaction() as session:
        keyframes = artifacts.keyframes(session, clip.id)
    with ExitStack() as files:
        pictures = [files.enter_context(storage.fetch(each.filepath)) for each in keyframes]
        vector = mean_vector(embedder.embed(pictures))
    with database.transaction() as session:
        embeddings.save(session, clip.id, embedder.model, STRATEGY, vector.tolist())
