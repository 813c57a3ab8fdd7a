"""What our detector calls a transition, and what it does not, on drawn frames."""

from __future__ import annotations

from bisect import bisect_right
from fractions import Fraction
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from heaters_pipeline.domain.cut_points import FrameRange
from heaters_pipeline.domain.errors import HeatersError
from heaters_pipeline.domain.transitions import Transition, TransitionKind, Transitions
from heaters_pipeline.media.cuts.detection import Detection, divided
from heaters_pipeline.media.cuts.detectors import open_detector
from heaters_pipeline.media.products.thumbnails import BLOCK_FRAMES, ThumbnailFile, open_thumbnails
from tests.films import Film, Frames, Join, Shot
from tests.footage import numbered_picture

RATE = Fraction(25)


def detect(frames: Frames) -> Detection:
    return open_detector("transition").detect(frames, RATE)


@cache
def joined(join: Join, style: str = "bright", frames: int = 50) -> Frames:
    return Film("joined", (Shot(1, frames, style), Shot(2, frames, style)), (join,)).small()


@cache
def happening(name: str, style: str = "bright") -> Frames:
    return Film("one", (Shot(3, 90, style, name, 36),), ()).small()


def test_a_flash_of_one_frame_is_known_and_no_transition() -> None:
    frames = Film("one", (Shot(3, 90, "bright"),), ()).small().copy()
    frames[40] = 255
    found = detect(frames)
    assert (found.transitions, found.flashes) == ((), (FrameRange(40, 41),))


@pytest.mark.parametrize("style", ["bright", "dark", "faint"])
def test_cut(style: str) -> None:
    [found] = detect(joined(Join("cut"), style)).transitions
    assert (found.kind, found.first, found.last) == (TransitionKind.CUT, 49, 50)


@pytest.mark.parametrize("frames", [4, 8, 16, 30, 60])
def test_dissolve(frames: int) -> None:
    [found] = detect(joined(Join("dissolve", frames), frames=70)).transitions
    assert found.kind is TransitionKind.DISSOLVE
    assert found.first == pytest.approx(69, abs=2 + frames / 4)
    assert found.last == pytest.approx(70 + frames, abs=2 + frames / 4)


@pytest.mark.parametrize(
    "join", [Join("fade", 12), Join("fade", 30, hold=8), Join("fade", 20, color=255, hold=4)]
)
def test_fade(join: Join) -> None:
    [found] = detect(joined(join)).transitions
    assert found.kind is TransitionKind.FADE
    assert found.first == pytest.approx(49, abs=2)
    assert found.last == pytest.approx(50 + join.frames, abs=2)


@pytest.mark.parametrize("form", [0, 1, 2, 3])
def test_wipe(form: int) -> None:
    [found] = detect(joined(Join("wipe", 16, form=form))).transitions
    assert found.kind in (TransitionKind.WIPE, TransitionKind.DISSOLVE)
    assert 49 <= (found.first + found.last) / 2 <= 66


@pytest.mark.parametrize("style", ["bright", "dark"])
@pytest.mark.parametrize(
    "name",
    [
        *("flash", "strobe", "lights", "dawn", "whip"),
        *("shake", "corrupt", "overlay", "passer", "flicker"),
    ],
)
def test_what_happens_within_a_shot_is_no_transition(name: str, style: str) -> None:
    assert detect(happening(name, style)).transitions == ()


@pytest.mark.parametrize("style", ["bright", "faint"])
def test_cut_in_flickering_light(style: str) -> None:
    shots = (Shot(5, 50, style, "flicker"), Shot(6, 50, style, "flicker"))
    frames = Film("flicker", shots, (Join("cut"),)).small()
    assert detect(frames).cuts() == [50]


@pytest.mark.parametrize("at", [36, 37, 38, 39])
def test_light_switched_on_in_a_faint_picture_is_no_transition(at: int) -> None:
    frames = Film("lights", (Shot(4, 90, "faint", "lights", at),), ()).small()
    assert detect(frames).transitions == ()


def test_cuts_between_plain_shots_beneath_one_band() -> None:
    # All shots share the numbers at the top, and differ in little but their colour.
    scenes = (80, 161, 241, 317)
    pictures = (numbered_picture(n, 96, 54, bisect_right(scenes, n)) for n in range(400))
    frames = np.stack([picture.reshape(27, 2, 48, 2, 3).mean(axis=(1, 3)) for picture in pictures])
    assert detect(frames.astype(np.uint8)).cuts() == list(scenes)


def test_cut_between_shots_with_the_same_mark_and_text_in_their_bars() -> None:
    frames = joined(Join("cut")).copy()
    frames[:, :4], frames[:, -4:] = 0, 0
    frames[:, 1:4, 2:6] = 255
    frames[:, 24:26, 6:42:2] = 180
    assert detect(frames).cuts() == [50]


def test_cut_from_fast_motion_to_rest() -> None:
    random = np.random.default_rng(0)
    row = random.integers(0, 256, (27, 9, 3), np.uint8)
    wide = np.repeat(np.tile(row, (1, 20, 1)), 6, axis=1)
    fast = np.stack([wide[:, 2 * step : 2 * step + 48] for step in range(40)])
    rest = np.repeat(joined(Join("cut"))[60:61], 40, axis=0)
    assert detect(np.concatenate([fast, rest])).cuts() == [40]


@pytest.mark.parametrize("rows", [-13, -9, -5, 5, 9, 13])
def test_page_scrolled_at_once_is_no_transition(rows: int) -> None:
    page = joined(Join("cut"))[[10, 90]].reshape(54, 48, 3)
    tops = np.where(np.arange(60) < 30, 13, 13 + rows)
    assert detect(np.stack([page[top : top + 27] for top in tops])).transitions == ()


def test_what_swings_to_and_fro_is_no_transition() -> None:
    ends = joined(Join("cut"))[[10, 90]].astype(np.float32)
    part = (1 - np.cos(np.arange(150) * np.pi / 12)) / 2
    swinging = ends[0] + (ends[1] - ends[0]) * part[:, None, None, None]
    assert detect(swinging.astype(np.uint8)).transitions == ()


@pytest.mark.parametrize("value", [0, 128, 255])
@pytest.mark.parametrize("count", [1, 2, 300])
def test_plain_films_have_no_transitions(value: int, count: int) -> None:
    assert detect(np.full((count, 27, 48, 3), value, np.uint8)).transitions == ()


@pytest.mark.parametrize("rate", ["1/10", "12", "30000/1001", "50", "60", "240"])
def test_any_rate(rate: str) -> None:
    frames = joined(Join("cut"))
    detector = open_detector("transition")
    assert detector.detect(frames, Fraction(rate)).cuts() == [50]
    for count in (1, 2, 3, 9):
        assert detector.detect(frames[:count], Fraction(rate)).cuts() == []


@pytest.mark.parametrize("slower", [2, 4])
def test_dissolve_at_a_high_rate(slower: int) -> None:
    frames = np.repeat(joined(Join("dissolve", 16)), slower, axis=0)
    [found] = open_detector("transition").detect(frames, RATE * slower).transitions
    assert found.kind is TransitionKind.DISSOLVE
    assert found.first == pytest.approx(50 * slower, abs=5 * slower)
    assert found.last == pytest.approx(66 * slower, abs=5 * slower)


def test_fades_at_either_end_of_a_film_bound_no_clip() -> None:
    shot = Film("one", (Shot(1, 60),), ()).small().astype(np.float32)
    light = np.concatenate([np.zeros(6), np.linspace(0, 1, 15), np.ones(18), np.linspace(1, 0, 21)])
    detection = detect((shot * light[:, None, None, None]).astype(np.uint8))
    assert detection.cuts() == []
    first, last = detection.transitions
    assert first.first == -1
    assert first.last == pytest.approx(20, abs=2)
    assert last.first == pytest.approx(39, abs=2)
    assert last.last == 60


def test_long_black_is_a_shot_of_its_own() -> None:
    fade = joined(Join("fade", 30, hold=10))
    black = np.zeros((80, *fade.shape[1:]), np.uint8)
    out, back = detect(np.concatenate([fade[:65], black, fade[65:]])).transitions
    assert [out.first, out.last] == pytest.approx([49, 60], abs=1)
    assert [back.first, back.last] == pytest.approx([149, 160], abs=1)


def test_fade_after_a_cut_to_black_begins_where_black_ends() -> None:
    fade = joined(Join("fade", 60))
    black = np.zeros((30, *fade.shape[1:]), np.uint8)
    cut, back = detect(np.concatenate([fade[:50], black, fade[80:]])).transitions
    assert (cut.first, cut.last) == (49, 50)
    assert [back.first, back.last] == pytest.approx([79, 110], abs=2)


@pytest.mark.parametrize("frames", [4, 8])
def test_short_shots_are_found(frames: int) -> None:
    shots = tuple(Shot(number, 40 if number != 2 else frames) for number in (1, 2, 3))
    film = Film("near", shots, (Join("cut"), Join("cut"))).small()
    assert detect(film).cuts() == [40, 40 + frames]


def test_curve_passes_the_threshold_at_transitions() -> None:
    detection = detect(joined(Join("cut")))
    assert detection.curve.shape == (100,)
    assert np.flatnonzero(detection.curve >= detection.threshold).tolist() == [50]


@pytest.mark.parametrize("count", [1, 2, 5])
def test_films_of_few_frames_have_no_cuts(count: int) -> None:
    assert detect(happening("flash")[:count]).cuts() == []


def test_a_file_read_in_blocks_gives_what_an_array_gives(tmp_path: Path) -> None:
    part = joined(Join("dissolve", 16))
    frames = np.concatenate([part] * (BLOCK_FRAMES // len(part) + 2))
    file = tmp_path / "frame_scores.rgb"
    file.write_bytes(frames.tobytes())
    thumbnails = open_thumbnails(file)
    assert isinstance(thumbnails, ThumbnailFile)
    assert thumbnails[BLOCK_FRAMES - 2 : BLOCK_FRAMES + 9 : 3].tolist() == (
        frames[BLOCK_FRAMES - 2 : BLOCK_FRAMES + 9 : 3].tolist()
    )
    assert sum(1 for _ in thumbnails) == len(thumbnails)
    assert detect(thumbnails).transitions == detect(frames).transitions
    assert len(detect(frames).transitions) == 2 * (len(frames) // len(part)) - 1


@pytest.mark.parametrize("name", ["adaptive", "content", "hash", "histogram"])
def test_pyscenedetects_detectors_find_a_cut(name: str) -> None:
    detection = open_detector(name).detect(joined(Join("cut")), RATE)
    assert detection.cuts() == [50]
    assert detection.curve.argmax() == 50
    assert detection.curve[50] >= detection.threshold


def test_detectors_that_are_not_there_are_named() -> None:
    with pytest.raises(HeatersError, match="no cut detector nonsense: choose one of auto"):
        open_detector("nonsense")


def transition(kind: str, first: int, last: int, score: float = 1.0) -> Transition:
    return Transition(TransitionKind(kind), first, last, score)


@pytest.mark.parametrize(
    ("first", "last", "boundary"), [(9, 10, 10), (9, 20, 15), (-1, 8, None), (90, 100, None)]
)
def test_boundary(first: int, last: int, boundary: int | None) -> None:
    assert transition("dissolve", first, last).boundary(100) == boundary


def test_clean_range_leaves_out_what_transitions_touch() -> None:
    around = [
        transition("fade", -1, 6),
        transition("cut", 29, 30),
        transition("dissolve", 50, 60),
        transition("fade", 90, 100),
    ]
    clips = [FrameRange(0, 30), FrameRange(30, 55), FrameRange(55, 100)]
    clean_range = Transitions(around).clean_range
    assert [clean_range(clip) for clip in clips] == [(6, 30), (30, 51), (60, 91)]


def test_clip_within_a_transition_stays_whole() -> None:
    clip = FrameRange(10, 14)
    around = Transitions([transition("dissolve", 5, 12), transition("fade", 8, 20)])
    assert around.clean_range(clip) == clip


def test_a_transition_within_a_longer_one_hides_it_from_no_edge() -> None:
    around = [
        transition("fade", 5, 60),
        transition("dissolve", 10, 20),
        transition("cut", 30, 31),
        transition("dissolve", 40, 80),
    ]
    found = Transitions(reversed(around))
    for edge in range(100):
        wanted = [each for each in around if each.first < edge <= each.last]
        assert sorted(found.over(edge), key=around.index) == wanted


def test_of_candidates_that_meet_the_surest_stays() -> None:
    cut, beside = transition("cut", 9, 10, 0.9), transition("cut", 11, 12, 0.6)
    over = transition("dissolve", 2, 30, 0.8)
    later = transition("cut", 12, 13, 0.3)
    hardly = transition("cut", 60, 61, 0.05)
    found = divided([over, beside, hardly, later, cut], np.zeros(100, np.float32), 0.5)
    assert found.transitions == (cut,)
    assert found.suggestions == (later,)
