"""Which frames of a video show again what a video shows that was there before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache, partial

import numpy as np

from heaters_pipeline.db import clips, frame_indexes, repeats, source_videos
from heaters_pipeline.db.models import Clip, SourceVideo
from heaters_pipeline.domain.cut_points import FrameRange
from heaters_pipeline.domain.errors import Conflict, HeatersError, Unavailable
from heaters_pipeline.domain.repeats import LEAST_SCORE, METHOD, TOLD_SHARE, Repeat
from heaters_pipeline.media.products.thumbnails import (
    FRAME_BYTES,
    HEIGHT,
    WIDTH,
    Frames,
    Thumbnails,
    blocks,
    open_thumbnails,
)
from heaters_pipeline.media.repeats.comparison import LEAST_SAMPLES, Part, compared
from heaters_pipeline.media.repeats.signatures import (
    CROPPED,
    as_text,
    kept,
    pictures_at,
    sampled,
    shows_something,
    signatures,
)
from heaters_pipeline.storage import ObjectMissing, Storage
from heaters_pipeline.work.pipeline import Pipeline
from heaters_pipeline.work.step import made_by

CANDIDATES = 8
"""Clips of other videos that a clip is compared with; of its own, as many more."""
KEPT_FRAMES = 512
"""A block of another video, 2 MB."""
KEPT_BLOCKS = 32


@dataclass(frozen=True)
class Sought:
    repeats: int
    shared: Mapping[str, float]
    """How much of the video is in others, by their titles, where that is TOLD_SHARE or more."""


def seek_repeats(pipeline: Pipeline, video: SourceVideo) -> Sought:
    """Looks for what the video's clips show again, unless that was done with its thumbnails. Clips
    that are cut or joined later need no other search: what is found are frames."""
    path = made_by(video.frame_scores_filepath, video, "frame_scores")
    if video.repeats_sought_in == path and video.repeats_method == METHOD:
        return Sought(0, {})
    with pipeline.transaction() as session:
        live = clips.of_video(session, video.id)
        rate = frame_indexes.mean_rate(session, video)
    with pipeline.storage.fetch(path) as file:
        thumbnails = open_thumbnails(file)
        signed = [(frame, as_text(bits[None])[0]) for frame, bits in kept(thumbnails, rate)]
        # First: of two videos at the same time, one sees the other.
        with pipeline.transaction() as session:
            repeats.save_signatures(session, video.id, signed)
        search = _Search(pipeline, video, thumbnails, rate, StoredBlocks(pipeline.storage))
        found = [each for clip in live for each in search.of(clip)]
    with pipeline.transaction() as session:
        repeats.save(session, video, found, path)
        told = repeats.shared(session, [video.id], pipeline.settings.repeat_score, TOLD_SHARE).get(
            video.id, []
        )
        return Sought(len(found), {each.video.title: each.share for each in told})


@dataclass(frozen=True)
class Filled:
    done: Sequence[str]
    """Keys of the videos that were looked through."""
    failed: Mapping[str, str]
    """Why others could not be, by their keys."""


def seek_missing(pipeline: Pipeline, most: int) -> Filled:
    """Does so for at most so many videos in which nobody has looked yet, or by an older method. One
    that can't be looked through rests for a day."""
    with pipeline.transaction() as session:
        keys = repeats.unsought(session, most)
    done, failed = [], {}
    for key in keys:
        try:
            with pipeline.video_lock(key):
                with pipeline.transaction() as session:
                    video = source_videos.get(session, key)
                seek_repeats(pipeline, video)
        except (Conflict, Unavailable):
            raise  # it is nobody's fault, and the next run begins with it
        except (HeatersError, OSError, ValueError) as error:
            failed[key] = str(error)
            with pipeline.transaction() as session:
                repeats.broke_off(session, key)
        else:
            done.append(key)
    return Filled(done, failed)


@dataclass(frozen=True)
class _Search:
    """The search for what one video repeats."""

    pipeline: Pipeline
    video: SourceVideo
    thumbnails: Thumbnails
    rate: Fraction
    blocks: StoredBlocks
    others: dict[int, tuple[Thumbnails, Fraction] | None] = field(default_factory=dict)

    def of(self, clip: Clip) -> list[tuple[int, Repeat]]:
        """What a clip repeats, of videos by their id."""
        pictures = pictures_at(
            self.thumbnails, sampled(clip.clean_frames, self.rate, LEAST_SAMPLES)
        )
        pictures = pictures[shows_something(pictures)]
        if not len(pictures):
            return []
        asked, mirrored = (
            as_text(np.concatenate([signatures(each), signatures(each, CROPPED)]))
            for each in (pictures, pictures[:, :, ::-1])
        )
        with self.pipeline.transaction() as session:
            told = repeats.candidates(session, clip, asked, mirrored, CANDIDATES)
        own = Part(self.thumbnails, clip.clean_frames, self.rate)
        found = []
        for candidate in told:
            other = self._part(candidate.clip)
            repeat = other and compared(own, other, mirrored=candidate.is_mirrored)
            if repeat and repeat.score >= LEAST_SCORE:
                found.append((candidate.clip.source_video_id, repeat))
        return found

    def _part(self, clip: Clip) -> Part | None:
        """None where the thumbnails of its video are gone."""
        if clip.source_video_id not in self.others:
            self.others[clip.source_video_id] = self._other(clip.source_video_id)
        other = self.others[clip.source_video_id]
        return other and Part(other[0], clip.clean_frames, other[1])

    def _other(self, video_id: int) -> tuple[Thumbnails, Fraction] | None:
        if video_id == self.video.id:
            return self.thumbnails, self.rate
        with self.pipeline.transaction() as session:
            video = source_videos.with_ids(session, [video_id])[video_id]
            rate = frame_indexes.mean_rate(session, video)
        if video.frame_scores_filepath is None:
            return None
        with suppress(ObjectMissing):
            return StoredThumbnails(self.blocks, video.frame_scores_filepath), rate
        return None


class StoredBlocks:
    """Reads thumbnails out of the storage, and keeps the blocks that were asked for last: a shot
    that recurs is compared again and again."""

    def __init__(self, storage: Storage) -> None:
        self.size = storage.size
        self.read = partial(_read, storage)
        self.kept = lru_cache(KEPT_BLOCKS)(self.read)


def _read(storage: Storage, path: str, frames: FrameRange) -> Frames:
    read = storage.read_range(path, frames.start * FRAME_BYTES, frames.length * FRAME_BYTES)
    return np.frombuffer(read, np.uint8).reshape(-1, HEIGHT, WIDTH, 3)


class StoredThumbnails:
    """Thumbnails in the storage, of which only what is asked for is read: what spans more than two
    blocks anew each time. Raises ObjectMissing."""

    def __init__(self, blocks: StoredBlocks, path: str) -> None:
        self._blocks, self._path = blocks, path
        self._length = blocks.size(path) // FRAME_BYTES

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, frames: slice, /) -> Frames:
        start, stop, step = frames.indices(self._length)
        first = start - start % KEPT_FRAMES
        found = [
            FrameRange(first + block.start, first + block.end)
            for block in blocks(max(start, stop) - first, KEPT_FRAMES)
        ]
        if not 1 <= len(found) <= 2:
            return self._blocks.read(self._path, FrameRange(start, max(start, stop)))[::step]
        # Whole blocks, so that what begins or ends elsewhere in them finds them, too.
        whole = [each._replace(end=min(each.start + KEPT_FRAMES, len(self))) for each in found]
        kept = np.concatenate([self._blocks.kept(self._path, each) for each in whole])
        return kept[start - first : stop - first : step]
