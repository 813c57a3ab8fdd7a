"""What a row of the list of source videos says and offers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from sqlmodel import Session

from heaters_pipeline.db import (
    archiving,
    clip_work,
    event_log,
    imported,
    ledger,
    repeats,
    retired_partitions,
    source_list,
    source_videos,
)
from heaters_pipeline.db.event_log import Corrections
from heaters_pipeline.db.imported import ClipFile
from heaters_pipeline.db.models import Origin, RetiredPartition, SourceMove, SourceVideo
from heaters_pipeline.db.repeats import Shared
from heaters_pipeline.db.source_list import Name
from heaters_pipeline.domain.archive import Archived, Goal
from heaters_pipeline.domain.cut_points import FrameRange
from heaters_pipeline.domain.layout import Kind
from heaters_pipeline.domain.progress import seconds_left, spoken_duration
from heaters_pipeline.domain.quality import shortfall
from heaters_pipeline.domain.repeats import TOLD_SHARE
from heaters_pipeline.domain.retries import tries_told
from heaters_pipeline.domain.states import (
    COMPLETE,
    EXPORT,
    KEYFRAME,
    SETTLED,
    SOURCE_STEPS,
    SPRITE,
    ClipState,
    SourceState,
)
from review_app.presenters.texts import count, file_size, tone, words

QUIET = timedelta(minutes=1)
"""After so long without news, the run that worked on a video may have died."""

SHOWN_RANGES = 5
"""So many ranges of damaged frames are named; the others are counted."""

DETECTORS = {
    "auto": "TransNetV2 and our own search",
    "transition": "our own search",
    "transnet": "TransNetV2",
}
"""In words; the others are PySceneDetect's."""

BATCHES = {
    SPRITE: "clips with sprite sheets",
    EXPORT: "clips exported",
    KEYFRAME: "clips with keyframes",
}
"""The steps that take their time."""

_AT_WORK = frozenset(step.doing for step in SOURCE_STEPS)
_BETWEEN_STEPS = frozenset(step.waiting for step in SOURCE_STEPS)


class Batch(NamedTuple):
    """The clips of a step that a run is at work on."""

    done: int
    total: int
    what: str
    """Of those that are done, in words."""


@dataclass(frozen=True)
class Clips:
    """Clips as an operator thinks of them."""

    total: int
    pending: int
    done: int
    failed: int
    tried_again: int
    """Wait for another try."""
    batch: Batch | None


@dataclass(frozen=True)
class Bytes:
    """What one video or several take in the storage, and how much of them is approved."""

    by_kind: Mapping[Kind, int]
    approved_minutes: float

    @property
    def total(self) -> int:
        return sum(self.by_kind.values())

    @property
    def per_minute(self) -> float | None:
        return self.total / self.approved_minutes if self.approved_minutes else None


@dataclass(frozen=True)
class Row:
    video: SourceVideo
    now: datetime
    clips: Clips | None
    corrections: Corrections | None
    detector: str | None
    bytes: Bytes
    files: int
    same_as: Name | None
    shared: Sequence[Shared]
    """Videos that have much of it."""
    playlist: Name | None
    playlist_length: int
    clip_file: ClipFile | None
    """Where it is made of a clip's file."""
    film: Name | None
    """Of that clip."""
    move: SourceMove | None
    """Of source and gold master, to the cold or back."""
    retired: RetiredPartition | None
    """While its partition is not in Dagster's list."""

    @property
    def is_uploaded(self) -> bool:
        """Whether its file came through the browser; others lie, or lay, on the server."""
        return self.video.origin == Origin.UPLOAD and not self.video.url.startswith("/")

    @property
    def is_cancelled(self) -> bool:
        return self.video.error == source_videos.CANCELLED

    @property
    def badge(self) -> tuple[str, str]:
        """The state in words, and the colour family of its badge."""
        video = self.video
        if video.cancel_requested:
            return "stopping…", "busy"
        if self.is_cancelled:
            return "cancelled", "plain"
        if video.refetch_requested:
            return "fetching again", "busy" if video.progress is not None else "plain"
        if video.lost_products:
            return "making again", "busy" if video.progress is not None else "plain"
        if video.state == SourceState.NEW:
            return "waiting", "plain"
        if video.state == SourceState.EXPANDED:
            return "playlist", "plain"
        if video.archived is not None:
            return "archived", "plain"
        return words(video.state), tone(video.state)

    @property
    def error(self) -> str | None:
        """With what becomes of it."""
        return tries_told(self.video.error, self.video.tries, self.video.retry_at)

    @property
    def time_left(self) -> str | None:
        video = self.video
        if video.step_began_at is None or video.cancel_requested:
            return None
        left = seconds_left(video.progress, (self.now - video.step_began_at).total_seconds())
        return f"{spoken_duration(left)} left" if left else None

    @property
    def shortfall(self) -> str | None:
        return shortfall(self.video.download_quality)

    @property
    def damage(self) -> tuple[str, str] | None:
        """In a few words, and what it means."""
        found = self.video.damage
        if not found:
            return None
        ranges = [FrameRange(*each) for each in found["frames"]]
        frames = sum(each.length for each in ranges)
        errors, missing = found["errors"], found["missing_seconds"]
        badge = [f"{_counted(frames, 'frame')} damaged"] if frames else []
        told = ["Parts of the source could not be decoded cleanly; everything else was kept."]
        if ranges:
            places = [
                str(each.start) if each.length == 1 else f"{each.start} to {each.end - 1}"
                for each in ranges[:SHOWN_RANGES]
            ]
            more = len(ranges) - SHOWN_RANGES
            places += [f"{_counted(more, 'more place')}"] if more > 0 else []
            told.append(f"Look at frames {', '.join(places)} before you approve clips with them.")
        if missing:
            badge.append(f"{missing:.1f} s missing")
            told.append(f"It is {missing:.1f} s shorter than its file claims.")
        return ", ".join(badge) or _counted(errors, "decoding error"), " ".join(told)

    @property
    def found_by(self) -> str | None:
        """Which detector found the cuts."""
        if self.detector is None:
            return None
        return DETECTORS.get(self.detector, f"PySceneDetect's {self.detector}")

    @property
    def mended(self) -> str | None:
        """The detector's cuts that reviewers corrected."""
        if self.corrections is None:
            return None
        merges, splits = self.corrections
        done = [f"{count(merges)} merged"] if merges else []
        done += [f"{count(splits)} split"] if splits else []
        return f"{', '.join(done)} by reviewers"

    @property
    def can_cancel(self) -> bool:
        video = self.video
        waits = video.state == SourceState.NEW
        under_way = waits or (video.error is None and video.state in _AT_WORK | _BETWEEN_STEPS)
        asked_for = video.refetch_requested or bool(video.lost_products)
        works = under_way or asked_for or video.progress is not None
        return works and not video.cancel_requested

    @property
    def can_retry(self) -> bool:
        """The database refuses it while a run is at work."""
        video = self.video
        if video.state in SETTLED:
            return False
        quiet = self.now - video.updated_at > QUIET
        return video.error is not None or (video.state in _AT_WORK and quiet)

    @property
    def can_refetch(self) -> bool:
        video = self.video
        idle = not video.refetch_requested and video.progress is None
        fell_short = self.shortfall is not None or video.error is not None
        return (
            video.state in COMPLETE
            and video.archived is None
            and video.origin == Origin.WEB
            and idle
            and fell_short
        )

    @property
    def can_archive(self) -> bool:
        """The database refuses it while a run is at work."""
        is_whole = self.video.state in COMPLETE and self.video.archived is None
        return is_whole and not self.can_cancel

    @property
    def can_restore(self) -> bool:
        is_coming = self.move is not None and self.move.goal == Goal.BACK
        return self.video.archived == Archived.COLD and not is_coming

    @property
    def kept(self) -> str | None:
        """Where source and gold master of an archived video are."""
        if self.video.archived is None:
            return None
        if self.video.archived == Archived.AWAY:
            return "source and gold master deleted"
        if self.move is None:
            return "source and gold master in cold storage"
        both = len(archiving.objects_of(self.video))
        way = "on their way back" if self.move.goal == Goal.BACK else "moving to cold storage"
        return f"source and gold master {way}: {self.move.moved} of {both} files"

    @property
    def can_be_listed(self) -> bool:
        """Its retired partition, in Dagster; not where somebody has asked for that."""
        return self.retired is not None and self.retired.versions is not None

    @property
    def can_remove(self) -> bool:
        """The database refuses it while a run is at work."""
        return not self.can_cancel and not self.video.cancel_requested

    @property
    def lost(self) -> str:
        """What is deleted with the video, in words."""
        parts = []
        if self.clips is not None:
            done = f", {count(self.clips.done)} of them in the library" if self.clips.done else ""
            parts.append(f"{_counted(self.clips.total, 'clip')}{done}")
        if self.files:
            parts.append(f"{_counted(self.files, 'file')} of {file_size(self.bytes.total)} in all")
        return " and ".join(parts) or "nothing but its line in this list"


def rows(session: Session, videos: Sequence[SourceVideo], repeat_score: float) -> list[Row]:
    """In a fixed number of queries, however many videos there are."""
    ids = [video.id for video in videos]
    clip_files = imported.clip_files(session, ids)
    others = {video.duplicate_of_id for video in videos} | {video.playlist_id for video in videos}
    others |= {each.film_id for each in clip_files.values()}
    names = source_list.names(session, {other for other in others if other is not None})
    clips = source_videos.clip_counts(session, ids)
    tried_again = clip_work.tried_again(session, ids)
    corrections = event_log.corrections(session, ids)
    detectors = source_list.detectors(session, ids)
    by_kind = ledger.by_kind(session, ids)
    files = ledger.numbers(session, ids)
    minutes = ledger.approved_minutes(session, ids)
    shared = repeats.shared(session, ids, repeat_score, TOLD_SHARE)
    lengths = source_list.playlist_lengths(session, ids)
    cold = [video.id for video in videos if video.archived == Archived.COLD]
    moves = archiving.moves(session, cold) if cold else {}
    retired = retired_partitions.of_videos(session, ids)
    now = datetime.now(UTC)
    return [
        Row(
            video=video,
            now=now,
            clips=_clips(clips[video.id], tried_again.get(video.id, 0))
            if video.id in clips
            else None,
            corrections=corrections.get(video.id),
            detector=detectors.get(video.id),
            bytes=Bytes(by_kind.get(video.id, {}), minutes.get(video.id, 0)),
            files=files.get(video.id, 0),
            same_as=names.get(video.duplicate_of_id or 0),
            shared=shared.get(video.id, ()),
            playlist=names.get(video.playlist_id or 0),
            playlist_length=lengths.get(video.id, 0),
            clip_file=clip_files.get(video.id),
            film=names.get(clip_files[video.id].film_id) if video.id in clip_files else None,
            move=moves.get(video.id),
            retired=retired.get(video.id),
        )
        for video in videos
    ]


def total(found: Sequence[Row]) -> Bytes:
    by_kind: dict[Kind, int] = {}
    for row in found:
        for kind, size in row.bytes.by_kind.items():
            by_kind[kind] = by_kind.get(kind, 0) + size
    return Bytes(by_kind, sum(row.bytes.approved_minutes for row in found))


def _clips(by_state: dict[str, int], tried_again: int) -> Clips:
    return Clips(
        total=sum(by_state.values()),
        pending=by_state.get(ClipState.PENDING_REVIEW, 0),
        done=by_state.get(ClipState.EMBEDDED, 0),
        failed=sum(number for state, number in by_state.items() if state.endswith("_failed")),
        tried_again=tried_again,
        batch=_batch(by_state),
    )


def _batch(by_state: dict[str, int]) -> Batch | None:
    """A run takes all its clips through one step, then through the next."""
    for step, what in BATCHES.items():
        if left := by_state.get(step.doing, 0):
            done = by_state.get(step.done, 0)
            return Batch(done, done + left, what)
    return None


def _counted(number: int, noun: str) -> str:
    return f"{count(number)} {noun}{'' if number == 1 else 's'}"
