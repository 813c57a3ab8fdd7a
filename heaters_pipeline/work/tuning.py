"""Which threshold would have agreed best with what reviewers decided."""

from __future__ import annotations

from typing import NamedTuple

from heaters_pipeline.db import clips, source_videos
from heaters_pipeline.domain.agreement import Agreement, agreement
from heaters_pipeline.domain.errors import InputError
from heaters_pipeline.media.cuts.detectors import open_detector
from heaters_pipeline.media.products.thumbnails import open_thumbnails
from heaters_pipeline.work.pipeline import Pipeline

FACTORS = [n / 10 for n in range(4, 19)]
"""The thresholds to try, as multiples of the detector's own."""


class Trial(NamedTuple):
    threshold: float
    agreement: Agreement
    present: bool
    """Whether this threshold is in use."""


def try_thresholds(pipeline: Pipeline, key: str) -> list[Trial]:
    """Detects cuts at each threshold, from the stored thumbnails, and compares them with the clips
    that reviewers have decided on, merged or split. Raises InputError where there are none."""
    with pipeline.transaction() as session:
        video = source_videos.get(session, key)
        decided = [clip.frames for clip in clips.judged(session, video.id)]
        if not decided or video.frame_scores_filepath is None:
            raise InputError(
                f"Nobody has decided on a clip of {video.title} yet: review some first."
            )
        rate = source_videos.mean_rate(session, video)
    settings = pipeline.settings
    trials = []
    with pipeline.storage.fetch(video.frame_scores_filepath) as path:
        thumbnails = open_thumbnails(path)
        name, least, model = settings.detector, settings.min_clip_seconds, settings.detector_model
        own = open_detector(name, least, model=model).threshold
        present = settings.detector_threshold or own
        for threshold in sorted({present, *(round(own * factor, 3) for factor in FACTORS)}):
            detector = open_detector(name, least, threshold, model)
            cuts = detector.detect(thumbnails, rate).cuts()
            found = agreement(cuts, decided, len(thumbnails))
            trials.append(Trial(threshold, found, threshold == present))
    return trials


def best(trials: list[Trial]) -> Trial:
    """The trial with the best agreement; among equals the one in use, else the middle one."""
    top = max(trial.agreement.f1 for trial in trials)
    equals = [trial for trial in trials if trial.agreement.f1 == top]
    return next((trial for trial in equals if trial.present), equals[len(equals) // 2])
