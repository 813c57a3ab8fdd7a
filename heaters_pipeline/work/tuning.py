"""Which threshold would have agreed best with what reviewers decided."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from heaters_pipeline.db import clips, frame_indexes, source_videos
from heaters_pipeline.db.models import Clip
from heaters_pipeline.domain.agreement import Agreement, agreement
from heaters_pipeline.domain.cut_points import FrameRange, without_short
from heaters_pipeline.domain.decisions import Action
from heaters_pipeline.domain.errors import InputError
from heaters_pipeline.domain.states import ClipState
from heaters_pipeline.media.cuts.detection import no_progress
from heaters_pipeline.media.cuts.detectors import open_detector
from heaters_pipeline.media.products.thumbnails import open_thumbnails
from heaters_pipeline.work.evidence import remembered
from heaters_pipeline.work.pipeline import Pipeline

FACTORS = [n / 10 for n in range(4, 19)]
"""The thresholds to try, as multiples of the detector's own."""


class Trial(NamedTuple):
    threshold: float
    agreement: Agreement
    present: bool
    """Whether this threshold is in use."""


def try_thresholds(
    pipeline: Pipeline, key: str | None = None, on_progress: Callable[[float], None] | None = None
) -> list[Trial]:
    """Detects cuts at each threshold, from the stored thumbnails, and compares them with the clips
    that reviewers have decided on, merged or split: of one video, or of all that have such clips.
    Raises InputError where there are none. `on_progress` is told the share that is done."""
    keys = [key] if key is not None else _decided_keys(pipeline)
    present, thresholds = _thresholds(pipeline)
    total = dict.fromkeys(thresholds, Agreement(0, 0, 0))
    for number, each in enumerate(keys):
        for step, (threshold, found) in enumerate(_agreements(pipeline, each, thresholds), 1):
            total[threshold] = total[threshold].plus(found)
            if on_progress:
                on_progress((number + step / len(thresholds)) / len(keys))
    return [Trial(threshold, found, threshold == present) for threshold, found in total.items()]


def best(trials: list[Trial]) -> Trial:
    """The trial with the best agreement; among equals the one in use, else the middle one."""
    top = max(_merit(trial) for trial in trials)
    equals = [trial for trial in trials if _merit(trial) == top]
    return next((trial for trial in equals if trial.present), equals[len(equals) // 2])


def _merit(trial: Trial) -> tuple[float, int]:
    """Where no cut agrees, the fewest errors do."""
    _, false, missed = trial.agreement
    return trial.agreement.f1, -false - missed


def _decided_keys(pipeline: Pipeline) -> list[str]:
    with pipeline.transaction() as session:
        keys = clips.judged_videos(session)
    if not keys:
        raise InputError("Nobody has decided on a clip of any video yet: review some first.")
    return keys


def _thresholds(pipeline: Pipeline) -> tuple[float, list[float]]:
    """The one in use, and all to try."""
    settings = pipeline.settings
    own = open_detector(settings.detector).threshold
    present = settings.detector_threshold or own
    return present, sorted({present, *(round(own * factor, 3) for factor in FACTORS)})


def _agreements(
    pipeline: Pipeline, key: str, thresholds: list[float]
) -> Iterator[tuple[float, Agreement]]:
    """Of one video, at each threshold. Raises Conflict while a run works on the video."""
    with pipeline.video_lock(key):
        with pipeline.transaction() as session:
            video = source_videos.get(session, key)
            judged = clips.judged(session, video.id)
            if not judged or video.frame_scores_filepath is None:
                raise InputError(
                    f"Nobody has decided on a clip of {video.title} yet: review some first."
                )
            rate = frame_indexes.mean_rate(session, video)
        decided: list[FrameRange] = []
        waiting: list[FrameRange] = []
        for clip in judged:
            (waiting if _waits(clip) else decided).append(clip.frames)
        settings = pipeline.settings
        least = round(settings.min_clip_seconds * rate)
        with pipeline.storage.fetch(video.frame_scores_filepath) as path:
            thumbnails = open_thumbnails(path)
            remember = remembered(pipeline, video, path, no_progress)
            for threshold in thresholds:
                detector = open_detector(settings.detector, threshold)
                found = detector.detect(thumbnails, rate, remember)
                cuts = without_short(found.certainty(), least)
                yield threshold, agreement(cuts, decided, len(thumbnails), waiting)


def _waits(clip: Clip) -> bool:
    """Whether a reviewer may still split the clip. A merge says that there is no cut within."""
    return clip.state == ClipState.PENDING_REVIEW and clip.made_by != Action.MERGE
