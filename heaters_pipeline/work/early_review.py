"""Clips of a long film that can be reviewed while the rest of it is transcoded.

The transcode writes its proxy twice: whole, and in segments of some minutes. Each time that
segments are finished, they go into the storage, cuts are sought in the frames that are new, and
clips are laid up to the last cut that later frames can't change. When the transcode has ended, its
products take the place of the segments: the same samples, under the same proxy id.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import copy_context
from fractions import Fraction
from pathlib import Path
from secrets import token_hex

import numpy as np

from heaters_pipeline.db import clips, imported, source_videos
from heaters_pipeline.db.models import SourceFacts, SourceVideo
from heaters_pipeline.domain import layout
from heaters_pipeline.domain.clip_pipeline import ClipPipeline
from heaters_pipeline.domain.cut_points import FrameRange, without_short
from heaters_pipeline.domain.errors import InputError
from heaters_pipeline.domain.frame_index import RECORD_TYPE, TICKS_PER_SECOND, pack
from heaters_pipeline.domain.segments import Segment
from heaters_pipeline.domain.states import COMPLETE
from heaters_pipeline.media.cuts.detection import Detection
from heaters_pipeline.media.cuts.detectors import open_detector
from heaters_pipeline.media.cuts.stitched import begins_at, margin, stitched
from heaters_pipeline.media.ffmpeg.probe import VideoFacts
from heaters_pipeline.media.products.frame_index import ProxyCodec, proxy_codec
from heaters_pipeline.media.products.growing import Growing, Segments, take_samples
from heaters_pipeline.media.products.sample_table import Numbers, read_sample_table
from heaters_pipeline.media.products.transcode import GoldMaster
from heaters_pipeline.work.clips import lay_beginning
from heaters_pipeline.work.cuts import is_imported, save_cuts
from heaters_pipeline.work.objects import delete_due, hashed, keep
from heaters_pipeline.work.pipeline import Pipeline
from heaters_pipeline.work.step import sentence_of

LOOK_SECONDS = 1.0
"""Between two looks at what the transcode has finished."""


def early_review(
    pipeline: Pipeline, video: SourceVideo, facts: VideoFacts, source_sha256: str
) -> EarlyReview | None:
    """How clips of the video come before its transcode has ended; None of a short film, of one
    whose proxy is there already, and of one whose clips are not for detection alone to lay."""
    if (
        facts.duration_seconds <= _seconds(pipeline)
        or video.pipeline != ClipPipeline.VIRTUAL
        or not video.needs_splicing
        or video.state in COMPLETE
        or video.proxy_filepath is not None
        or is_imported(video)
        # Of a damaged source, frames may be decoded anew, in other numbers.
        or GoldMaster(pipeline.settings.gold_master) is GoldMaster.COPY
    ):
        return None
    with pipeline.transaction() as session:
        if imported.stays_empty(session, video.id):
            return None
    return EarlyReview(pipeline, video, source_sha256)


def refuse_other_source(pipeline: Pipeline, video: SourceVideo, source_sha256: str) -> None:
    """Clips name frames by number. Raises InputError where an unfinished video has clips that were
    laid over another source than this one."""
    before = video.proxy_segments
    laid_over = before["source_sha256"] if before else video.products_sha256
    if video.pipeline != ClipPipeline.VIRTUAL or video.state in COMPLETE:
        return
    if laid_over in (None, source_sha256):
        return
    with pipeline.transaction() as session:
        if clips.of_video(session, video.id):
            raise InputError(
                f"{video.title} has clips already, and its source has other bytes now: remove the "
                "video, then add it again."
            )


class EarlyReview:
    """Lays the first clips of one video while it is transcoded."""

    def __init__(self, pipeline: Pipeline, video: SourceVideo, source_sha256: str) -> None:
        self._pipeline = pipeline
        self._video = video
        self._source_sha256 = source_sha256
        self.proxy_id: str | None = None
        """Under which frames of the last run can be looked at; None where none can."""

    @property
    def segments(self) -> Segments:
        return Segments(_seconds(self._pipeline), self._follow)

    @contextmanager
    def _follow(self, growing: Growing) -> Iterator[None]:
        """What fails here ends the early review, and nothing else: in the end all is laid from the
        whole."""
        self.proxy_id = None
        over = threading.Event()

        def watch() -> None:
            try:
                beginning = _Beginning(self._pipeline, self._video, self._source_sha256, growing)
                while not over.wait(LOOK_SECONDS):
                    if beginning.goes_on():
                        self.proxy_id = beginning.proxy_id
            except Exception as error:
                self._pipeline.log.warning(
                    "No further clips can be reviewed before the whole film is transcoded: "
                    + sentence_of(error)
                )

        watcher = threading.Thread(
            target=copy_context().run, args=(watch,), name="early review", daemon=True
        )
        watcher.start()
        try:
            yield
        finally:
            over.set()
            watcher.join()


class _Beginning:
    """What one run has finished of a proxy, and what was found in it."""

    def __init__(
        self, pipeline: Pipeline, video: SourceVideo, source_sha256: str, growing: Growing
    ) -> None:
        settings = pipeline.settings
        self._pipeline = pipeline
        self._video = video
        self._source_sha256 = source_sha256
        self._growing = growing
        self._detector = open_detector(settings.detector, settings.detector_threshold)
        self.proxy_id = token_hex(layout.PROXY_ID_LENGTH // 2)
        self._codec: ProxyCodec | None = None
        self._files: list[Path] = []
        """The finished small files, stored or not."""
        self._sizes: list[Numbers] = []
        """Of the samples of each."""
        self._stored: list[Segment] = []
        self._found: Detection | None = None
        self._sought = 0
        """The frame before which later frames can't change what was found."""
        self._settled = 0
        """The last cut before that."""
        with pipeline.transaction() as session:
            earlier = source_videos.get(session, video.key).proxy_segments
        self._least = sum(part["frames"] for part in earlier["parts"]) if earlier else 0
        """Frames that an earlier run had finished: what shows less does not replace it."""

    def goes_on(self) -> bool:
        """Takes in the segments that were finished since; whether there were any."""
        for file in self._growing.finished_parts():
            if file not in self._files:
                self._codec = self._codec or proxy_codec(file)
                self._files.append(file)
                self._sizes.append(read_sample_table(file).sizes)
        count = sum(map(len, self._sizes))
        if len(self._stored) == len(self._files) or count < self._least:
            return False
        ticks = self._growing.ticks()[:count]
        if len(ticks) < count or self._growing.thumbnail_count() < count:
            return False
        self._seek_cuts(ticks)
        self._store()
        self._write(ticks)
        delete_due(self._pipeline)  # of an earlier run
        return True

    def _seek_cuts(self, ticks: Numbers) -> None:
        count = len(ticks)
        rate = Fraction((count - 1) * TICKS_PER_SECOND, int(ticks[-1])) if count > 1 else None
        rate = rate or self._video.rate
        start = begins_at(self._sought, rate)
        thumbnails = self._growing.thumbnails_of(FrameRange(start, count))
        found = self._detector.detect(thumbnails, rate)
        self._found = stitched(self._found, found, start, self._sought)
        self._sought = max(self._sought, count - margin(rate))
        shortest = round(self._pipeline.settings.min_clip_seconds * rate)
        cuts = without_short(self._found.certainty(), shortest)
        sure = [cut for cut in cuts if cut <= self._sought]
        self._settled = max(self._settled, *sure[-1:], 0)

    def _store(self) -> None:
        for number in range(len(self._stored), len(self._files)):
            file, sizes = self._files[number], self._sizes[number]
            samples = file.with_suffix(".samples")
            take_samples(file, samples)
            made = hashed(samples)
            own = layout.name_of(made.sha256)
            path = layout.proxy_segment(self._video.key, self.proxy_id, number, own)
            keep(self._pipeline, self._video.id, {path: made})
            self._stored.append({"path": path, "frames": len(sizes), "bytes": int(sizes.sum())})
            samples.unlink()
            file.unlink()

    def _write(self, ticks: Numbers) -> None:
        """All at once: what can be looked at, and the clips in it."""
        assert self._codec and self._found  # noqa: S101
        sizes = np.concatenate(self._sizes)
        index = np.empty(len(sizes), RECORD_TYPE)
        index["offset"], index["size"], index["ticks"] = np.cumsum(sizes) - sizes, sizes, ticks
        columns: SourceFacts = {
            "proxy_segments": {"source_sha256": self._source_sha256, "parts": self._stored},
            "proxy_id": self.proxy_id,
            "proxy_codec": self._codec.codec,
            "proxy_description": self._codec.description,
            "proxy_width": self._codec.width,
            "proxy_height": self._codec.height,
            "frame_count": len(index),
            "keyframe_offsets": pack(index),
        }
        key = self._video.key
        with self._pipeline.transaction() as session:
            # Clips first and the video after them, as decisions lock them.
            clips.lock_live(session, self._video.id)
            source_videos.record(session, key, columns)
            save_cuts(session, key, self._found, self._detector.name)
            if self._settled:
                video = source_videos.get(session, key)
                lay_beginning(session, self._pipeline.settings, video, self._settled)
        self._pipeline.log.info(f"Frames up to {self._settled} can be reviewed.")


def _seconds(pipeline: Pipeline) -> float:
    return 60 * pipeline.settings.review_segment_minutes
