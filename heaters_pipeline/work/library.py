"""From approved clips to files, and from keyframes to vectors.

Each function works through all clips of one video that are due for its step. A clip that fails
keeps its sentence, and the others go on.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, partial

from heaters_pipeline.db import clip_exports, clip_work, group_exports, source_videos
from heaters_pipeline.db.archiving import refuse_archived
from heaters_pipeline.db.models import Clip, ClipFile, SourceVideo
from heaters_pipeline.domain.outages import STORAGE
from heaters_pipeline.domain.progress import seconds_left, spoken_duration
from heaters_pipeline.domain.retries import some_chance
from heaters_pipeline.domain.side_by_side import Room
from heaters_pipeline.domain.states import EMBED, EXPORT, ClipState, Step
from heaters_pipeline.files.spans import span
from heaters_pipeline.media.clips.embeddings import ModelMissing
from heaters_pipeline.work.exports import Added, add_missing, export_due
from heaters_pipeline.work.faults import may_pass
from heaters_pipeline.work.gold_master import open_gold_master
from heaters_pipeline.work.groups import GroupsMade, export_groups
from heaters_pipeline.work.outages import Outage, is_outage
from heaters_pipeline.work.pipeline import Pipeline
from heaters_pipeline.work.side_by_side import side_by_side
from heaters_pipeline.work.step import sentence_of
from heaters_pipeline.work.vectors import Filled, fill_vectors, make_vectors, open_or_say


@dataclass(frozen=True)
class Batch:
    """The clips of one step: which are done, which failed, and which wait for another try."""

    pipeline: Pipeline
    step: Step[ClipState]
    done: list[int] = field(default_factory=list)
    failed: list[int] = field(default_factory=list)
    waiting: dict[int, datetime | None] = field(default_factory=dict)
    """When clips are tried again by themselves; None: as soon as what they need answers."""
    passing: dict[int, str] = field(default_factory=dict)
    """Why clips failed for a reason that may pass: they are put back together, at the end."""
    seconds: dict[int, float] = field(default_factory=dict)
    """That each of them took, by clip; only of those that were worked on side by side."""

    @contextmanager
    def one(self, clip: Clip) -> Iterator[ClipFile]:
        """Work on one clip; the yielded dict takes the columns to write when it is done."""
        columns = ClipFile()
        try:
            yield columns
            with self.pipeline.transaction() as session:
                clip_work.refuse_taken_over(session, clip, self.step)
                clip_work.finish(session, clip.id, self.step, columns)
        except Exception as error:
            if is_outage(self.pipeline, error):
                raise Outage(STORAGE, str(error)) from error
            self.fail(clip, error)
        else:
            self.done.append(clip.id)

    def each(self, room: Room, due: Sequence[Clip], do: Callable[[Clip], ClipFile | None]) -> None:
        """Works on clips side by side; the log hears of each. `do` may return columns to write."""
        began, whole, ready = time.monotonic(), sum(clip.frames.length for clip in due), 0

        def one(clip: Clip) -> None:
            started = time.monotonic()
            with span("clip", clip=clip.id), self.one(clip) as columns:
                columns.update(do(clip) or {})
            self.seconds[clip.id] = round(time.monotonic() - started, 1)

        def tell(clip: Clip) -> None:
            nonlocal ready
            ready += clip.frames.length
            settled = len(self.done) + len(self.failed) + len(self.passing)
            left = seconds_left(ready / whole, time.monotonic() - began)
            rest = f", {spoken_duration(left)} left" if left else ""
            state = self.step.failed if clip.id in self.failed else self.step.done
            word = "to be tried again" if clip.id in self.passing else state.replace("_", " ")
            how = f"{word} in {self.seconds[clip.id]} s"
            self.pipeline.log.info(f"Clip {clip.id}: {how}, {settled} of {len(due)} clips{rest}.")

        side_by_side(one, due, room.clips, tell)
        order = [clip.id for clip in due]
        self.done.sort(key=order.index)
        self.failed.sort(key=order.index)

    def fail(self, clip: Clip, error: BaseException) -> None:
        sentence = sentence_of(error)
        if may_pass(error):
            self.passing[clip.id] = sentence
            self.pipeline.log.warning(f"Clip {clip.id}: {sentence} It is tried again.")
            return
        with self.pipeline.transaction() as session:
            if clip_work.held(session, [clip], self.step):
                clip_work.fail(session, clip.id, self.step, sentence)
        self.failed.append(clip.id)
        self.pipeline.log.error(f"Clip {clip.id}: {sentence}")

    def unsettled(self, due: Sequence[Clip]) -> list[Clip]:
        settled = {*self.done, *self.failed, *self.passing}
        return [clip for clip in due if clip.id not in settled]

    def put_back(
        self, due: Sequence[Clip], errors: Mapping[int, str], *, counted: bool = True
    ) -> None:
        """Puts clips back before the step. `counted` as in `clip_work.put_back`."""
        with self.pipeline.transaction() as session:
            held = clip_work.held(session, due, self.step)
            mine = {clip_id: why for clip_id, why in errors.items() if clip_id in held}
            put = clip_work.put_back(
                session, self.step, mine, chance=some_chance(), counted=counted
            )
        self.waiting.update(put.waiting)
        self.failed.extend(put.failed)


@dataclass(frozen=True)
class Exported:
    batch: Batch
    added: Added
    groups: GroupsMade


@dataclass(frozen=True)
class Embedded:
    batch: Batch
    filled: Filled
    """Of clips that were in the library before."""


def export_clips(pipeline: Pipeline, key: str) -> Exported:
    """Cuts the files of every approved clip past its undo window from the gold master, one by each
    of its profiles, proven to hold exactly its frames; and the files that exported clips lack."""

    def export_all(video: SourceVideo, due: Sequence[Clip], batch: Batch) -> None:
        refuse_archived(video, "export clips")
        with open_gold_master(pipeline, video, len(due)) as gold:
            batch.each(gold.room, due, lambda clip: export_due(gold, clip))

    batch = work_through(pipeline, key, EXPORT, export_all)
    with pipeline.video_lock(key):
        try:
            return Exported(batch, add_missing(pipeline, key), export_groups(pipeline, key))
        except Exception as error:
            if is_outage(pipeline, error):
                with pipeline.transaction() as session:
                    window = pipeline.settings.undo_window_seconds
                    clip_exports.ask_again(session, key, window)
                    group_exports.ask_again(session, key)
            raise


def embed_clips(pipeline: Pipeline, key: str) -> Embedded:
    """Takes every clip with keyframes into the library, with a vector where the model can be had;
    and gives clips that are there already the vector of the present model that they lack."""

    open_model = cache(partial(open_or_say, pipeline))

    def embed_all(_video: SourceVideo, due: Sequence[Clip], batch: Batch) -> None:
        made: Iterable[tuple[Clip, Exception | None]]
        try:
            made = make_vectors(pipeline, due, open_model())
        except ModelMissing:
            made = ((clip, None) for clip in due)
        for clip, problem in made:
            with batch.one(clip):
                if problem is not None:
                    raise problem

    batch = work_through(pipeline, key, EMBED, embed_all)
    with pipeline.transaction() as session:
        video_id = source_videos.get(session, key).id
    return Embedded(batch, fill_vectors(pipeline, video_id, open_model))


def retry_failed(pipeline: Pipeline, key: str) -> None:
    """Has all that failed of a video's clips and their files tried again."""
    with pipeline.transaction() as session:
        videos = [source_videos.get(session, key).id]
        clip_work.retry_failed(session, video_ids=videos)
        clip_exports.retry_failed(session, videos)
        group_exports.retry_failed(session, videos)


def work_through(
    pipeline: Pipeline,
    key: str,
    step: Step[ClipState],
    work: Callable[[SourceVideo, Sequence[Clip], Batch], None],
) -> Batch:
    """Claims the video's clips that are due for `step` and works on them under its lock."""
    batch = Batch(pipeline, step)
    with span(step.doing, video=key), pipeline.video_lock(key):
        with pipeline.transaction() as session:
            video = source_videos.get(session, key)
            window = pipeline.settings.undo_window_seconds
            due = clip_work.claim(session, video.id, step, window)
        if due:
            try:
                work(video, due, batch)
            except BaseException as error:
                left = batch.unsettled(due)
                if is_outage(pipeline, error):
                    why = sentence_of(error)
                    batch.put_back(due, {clip.id: why for clip in left}, counted=False)
                    raise
                for clip in left:
                    batch.fail(clip, error)
                if not isinstance(error, Exception):
                    raise
            finally:
                if batch.passing:
                    batch.put_back(due, batch.passing)
    return batch
