"""Our detector as PySceneDetect runs it, beside the pipeline's own cuts."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import scenedetect  # noqa: TID253

from heaters_pipeline.media.cuts.detectors import open_detector
from heaters_pipeline.media.cuts.scene_detector import METRIC, TransitionDetector, thumbnail_of
from heaters_pipeline.media.ffmpeg.probe import probe
from heaters_pipeline.media.products.thumbnails import ThumbnailFile, open_thumbnails
from heaters_pipeline.media.products.transcode import Product, transcode
from tests.films import Film, Join, Shot
from tests.footage import STALL_SECONDS

pytestmark = pytest.mark.long

SHOTS = (
    Shot(1, 40),
    Shot(2, 40, happening="flash", at=20),
    Shot(3, 60, "dark"),
    Shot(4, 40),
    Shot(5, 50, happening="whip", at=20),
)
JOINS = (Join("cut"), Join("dissolve", 14), Join("fade", 20, hold=4), Join("cut"))


FILM = Film("small", SHOTS, JOINS)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Large enough for PySceneDetect to scale it down."""
    return FILM.write(tmp_path_factory.mktemp("film"), 320, 180)[0]


def detected(film: Path, **options) -> list[int]:
    scenes = scenedetect.detect(str(film), TransitionDetector(**options))
    return [begin.frame_num for begin, _ in scenes[1:]]


def thumbnails(film: Path, folder: Path) -> ThumbnailFile:
    wanted = frozenset({Product.FRAME_SCORES})
    made = transcode(film, probe(film), folder, wanted, stall_seconds=STALL_SECONDS)
    return open_thumbnails(made.thumbnails)


def pipelines(film: Path, folder: Path) -> list[int]:
    detector = open_detector("transition", 0.6)
    return detector.detect(thumbnails(film, folder), probe(film).rate).cuts()


def same(cuts: Sequence[int], others: Sequence[int], off: int = 1) -> bool:
    """Within a drawn transition that takes time, any frame is as good."""
    gradual = [
        range(each["start"], each["end"] + 1)
        for each in FILM.truth["transitions"]
        if each["kind"] != "cut"
    ]
    return len(cuts) == len(others) and all(
        abs(one - other) <= off or any(one in each and other in each for each in gradual)
        for one, other in zip(cuts, others, strict=True)
    )


def test_the_cuts_of_a_file_are_the_pipeline_s(film: Path, tmp_path: Path) -> None:
    cuts = detected(film)
    assert len(cuts) == len(JOINS)
    assert same(cuts, pipelines(film, tmp_path))


@pytest.mark.whole
def test_the_cuts_of_real_footage_are_the_pipeline_s(media_folder: Path, tmp_path: Path) -> None:
    film = media_folder / "shots_a.mp4"
    if not film.is_file():
        pytest.skip(f"no {film.name} there")
    cuts, others = detected(film), pipelines(film, tmp_path)
    assert len(cuts) == len(others)
    assert max(abs(one - other) for one, other in zip(cuts, others, strict=True)) <= 1


def test_thumbnails_are_nearly_those_of_the_transcode(film: Path, tmp_path: Path) -> None:
    theirs = thumbnails(film, tmp_path)[:].astype(int)
    video = scenedetect.open_video(str(film))
    ours = np.array([thumbnail_of(video.read()) for _ in theirs])
    assert np.abs(ours - theirs).mean() < 2
    assert np.abs(ours - theirs).max() < 24


def test_frames_may_be_skipped_and_scaled_down(film: Path) -> None:
    cuts = detected(film)
    for skip, downscale in ((1, 1), (0, 8)):
        manager = scenedetect.SceneManager()
        manager.auto_downscale, manager.downscale = False, downscale
        manager.add_detector(TransitionDetector())
        manager.detect_scenes(scenedetect.open_video(str(film)), frame_skip=skip)
        found = [begin.frame_num for begin, _ in manager.get_scene_list()[1:]]
        assert same(found, cuts, 1 + 2 * skip), (skip, downscale)


def test_settings_are_used_and_one_detector_serves_several_files(film: Path) -> None:
    assert detected(film, threshold=1.1) == []
    assert detected(film, min_scene_len="60s") == detected(film, min_scene_len=1500)
    assert len(detected(film, min_scene_len=1500)) == 1
    detector = TransitionDetector()
    assert scenedetect.detect(str(film), detector) == scenedetect.detect(str(film), detector)


def test_statistics_hold_the_scores(film: Path, tmp_path: Path) -> None:
    stats = tmp_path / "stats.csv"
    scenes = scenedetect.detect(str(film), TransitionDetector(), stats_file_path=str(stats))
    head, *rows = (line.split(",") for line in stats.read_text().splitlines())
    scores = [float(row[head.index(METRIC)]) for row in rows]
    assert len(scores) == scenes[-1][1].frame_num
    assert scores[scenes[1][0].frame_num] > 0.5 > min(scores)


def test_no_temporary_file_stays(film: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    detected(film)
    half_way = TransitionDetector()
    video = scenedetect.open_video(str(film))
    half_way.process_frame(video.position, video.read())
    assert len([*tmp_path.iterdir()]) == 1
    del half_way
    assert [*tmp_path.iterdir()] == []


def test_a_film_of_one_frame_is_one_scene(tmp_path: Path) -> None:
    one, _ = Film("one", (Shot(1, 1),), ()).write(tmp_path)
    assert detected(one) == []


def test_no_frames_have_no_cuts(film: Path) -> None:
    last = scenedetect.FrameTimecode(0, Fraction(25))
    assert TransitionDetector().post_process(last) == []
    assert scenedetect.detect(str(film), TransitionDetector(), start_time=3600.0) == []
