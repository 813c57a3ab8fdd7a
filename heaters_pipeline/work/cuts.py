"""From thumbnails to cut points."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlmodel import Session

from heaters_pipeline.db import frame_indexes, source_videos
from heaters_pipeline.db.models import SourceVideo
from heaters_pipeline.domain.cut_points import FrameRange
from heaters_pipeline.domain.states import DETECT_SCENES
from heaters_pipeline.domain.transitions import Transition, TransitionKind, Transitions
from heaters_pipeline.media.cuts.chart import draw_detection
from heaters_pipeline.media.cuts.detection import Detection
from heaters_pipeline.media.cuts.detectors import open_detector
from heaters_pipeline.media.cuts.transition_search import TransitionSearch
from heaters_pipeline.media.products.thumbnails import open_thumbnails
from heaters_pipeline.work.evidence import remembered
from heaters_pipeline.work.pipeline import Pipeline
from heaters_pipeline.work.progress import ProgressWriter
from heaters_pipeline.work.step import made_by, source_step


@dataclass(frozen=True)
class FoundCuts:
    detector: str
    """The one that ran: `auto` only where the network was there."""
    threshold: float
    cuts: list[int]
    """The first frame of each new shot."""
    kinds: Mapping[TransitionKind, int]
    """How many transitions of each kind."""
    suggestions: int
    picture: bytes
    """The curve, the threshold and the first frame of each clip, as a JPEG."""


@dataclass(frozen=True)
class KeptCuts:
    """Of a person's list."""

    kind: str
    """Of list, as a person calls it."""
    cuts: list[int]
    """The first frame of each new shot."""


def find_cuts(
    pipeline: Pipeline, key: str, *, replaces_imported: bool = False
) -> FoundCuts | KeptCuts:
    """Finds where one shot becomes another, and how, without decoding the video again. A video that
    is not to be divided needs this for its trims alone: our own search suffices. Cuts of a person's
    list stay, unless what is found `replaces_imported` ones."""
    settings = pipeline.settings
    with source_step(pipeline, key, DETECT_SCENES) as video:
        cut_points = video.scene_cut_points
        if cut_points and is_imported(video) and not replaces_imported:
            return KeptCuts(cut_points["detector"], cut_points["cuts"])
        detector = (
            open_detector(settings.detector, settings.detector_threshold)
            if video.needs_splicing
            else TransitionSearch()
        )
        path = made_by(video.frame_scores_filepath, video, "frame_scores")
        with pipeline.transaction() as session:
            rate = frame_indexes.mean_rate(session, video)
        with pipeline.storage.fetch(path) as file:
            thumbnails = open_thumbnails(file)
            progress = ProgressWriter(pipeline, key, "cut detection")
            found = detector.detect(thumbnails, rate, remembered(pipeline, video, file, progress))
            cuts = found.cuts()
            picture = draw_detection(thumbnails, found)
        with pipeline.transaction() as session:
            save_cuts(session, key, found, detector.name)
    kinds = Counter(each.kind for each in found.transitions)
    return FoundCuts(detector.name, found.threshold, cuts, kinds, len(found.suggestions), picture)


def save_cuts(session: Session, key: str, found: Detection, detector: str) -> None:
    cut_points: dict[str, Any] = {
        "detector": detector,
        "threshold": found.threshold,
        "cuts": found.cuts(),
        "transitions": [asdict(each) for each in found.transitions],
        "suggestions": [asdict(each) for each in found.suggestions],
        "flashes": found.flashes,
    }
    source_videos.record(session, key, {"scene_cut_points": cut_points})


def save_imported(session: Session, key: str, kind: str, cuts: Sequence[int]) -> None:
    """Cuts of a person's list in place of what detection found. Of that stay the transitions that
    lie over one of these cuts, as they say what to trim, and the flashes."""
    before = source_videos.get(session, key).scene_cut_points or {}
    known = Transitions(Transition(**each) for each in before.get("transitions", ()))
    over = {
        cut: next(known.over(cut), Transition(TransitionKind.CUT, cut - 1, cut)) for cut in cuts
    }
    cut_points: dict[str, Any] = {
        "detector": kind,
        "imported": True,
        "cuts": list(cuts),
        "transitions": [asdict(each) for each in dict.fromkeys(over.values())],
        "suggestions": [],
        "flashes": before.get("flashes", []),
    }
    source_videos.record(session, key, {"scene_cut_points": cut_points})


def is_imported(video: SourceVideo) -> bool:
    """Whether a person's list says where the video is cut."""
    return bool((video.scene_cut_points or {}).get("imported"))


def flashes_of(video: SourceVideo) -> list[FrameRange]:
    """None where the cuts are from before flashes were kept."""
    return [FrameRange(*each) for each in (video.scene_cut_points or {}).get("flashes", ())]
