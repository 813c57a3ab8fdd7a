"""Films drawn from seeds: the same each time, and what their truth says is to be seen."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

from tests.drawn.genres import GENRES
from tests.drawn.happenings import flashed_at, flashes_of
from tests.drawn.joins import FORMS, STINGERS
from tests.films import Film, Frames, Join, Shot, draw_edited_film, draw_film


def alone(happening: str, style: str = "dark", seed: int = 3) -> Shot:
    return Shot(seed, 70, style, happening, 12)


def means(frames: Frames) -> np.ndarray:
    return frames.mean(axis=(1, 2, 3))


@pytest.mark.parametrize("draw", [draw_film, draw_edited_film])
def test_a_seed_gives_the_same_film_each_time(draw) -> None:
    film = draw(8, 4)
    assert film == draw(8, 4)
    frames = film.small(1)
    assert len(frames) == film.truth["frames"]
    assert np.array_equal(frames, film.small(1))
    assert len(film.truth["transitions"]) == 3


def test_the_films_to_which_constants_were_fitted_stay_as_they_are() -> None:
    truths = json.dumps([draw_film(seed).truth for seed in range(300)])
    assert hashlib.sha256(truths.encode()).hexdigest()[:16] == "58045ecf63a1c98e"
    pixels = draw_film(1, 2).small(1)[::30, 3, 7].astype(int)
    expected = [[18, 23, 24], [18, 23, 24], [17, 23, 24], [27, 28, 27]]
    assert np.abs(pixels - expected).max() <= 1


@pytest.mark.parametrize("seed", range(len(GENRES)))
def test_a_film_looks_the_same_at_any_size(seed: int) -> None:
    film = draw_edited_film(seed, 3)
    small, large = film.small(1)[::9].astype(int), film.small(3)[::9]
    assert np.abs(small - large).mean() < 6


@pytest.mark.parametrize("seed", range(8))
def test_edited_films_say_where_their_transitions_and_flashes_are(seed: int) -> None:
    film = draw_edited_film(seed)
    transitions = film.truth["transitions"]
    assert len(transitions) == len(film.shots) - 1 == 39
    assert all(each["start"] < each["end"] for each in transitions)
    assert all(one["end"] <= other["start"] for one, other in pairwise(transitions))
    assert {each["kind"] for each in transitions} <= {"cut", "dissolve", "fade", "wipe"}
    covered = {f for each in transitions for f in range(each["start"] + 1, each["end"] + 1)}
    assert not covered & set(film.truth["flashes"])


def test_edited_films_hold_what_real_ones_do() -> None:
    films = [draw_edited_film(seed) for seed in range(24)]
    shots = [shot for film in films for shot in film.shots]
    joins = [join for film in films for join in film.joins]
    happenings = Counter(shot.happening for shot in shots)
    assert min(happenings[each] for each in ("lightning", "muzzle", "whip")) >= 5
    assert sum(4 <= shot.frames <= 15 for shot in shots) > 100
    assert sum(bool(shot.take) for shot in shots) > 50
    assert {shot.style for shot in shots} >= {"night", "dark", "bright"}
    assert any(shot.bars for shot in shots)
    assert {join.form for join in joins if join.kind == "wipe"} == set(FORMS)


def test_lightning_lights_one_side_of_a_scene_and_leaves_it_as_it_was() -> None:
    shot = alone("lightning", "night")
    frames = Film("one", (shot,), ()).small(1)
    flashes = flashes_of(shot)
    assert len(flashes) >= 3
    first = flashes[0].begin
    gained = frames[first].astype(int) - frames[first - 1]
    sides = gained[:, :16].mean(), gained[:, -16:].mean()
    assert max(sides) > 3 * min(sides) > 0
    assert means(frames)[flashes[-1].begin + flashes[-1].frames] == pytest.approx(
        means(frames)[first - 1], abs=2
    )


def test_a_long_flash_ends_with_an_event_of_its_own() -> None:
    shots = [alone("lightning", seed=seed) for seed in range(20)]
    for shot in shots:
        long = [each for each in flashes_of(shot) if each.frames > 4]
        assert {each.begin + each.frames for each in long} <= {*flashed_at(shot)}
    assert any(each.frames > 4 for shot in shots for each in flashes_of(shot))


def test_muzzle_flashes_are_small_short_and_warm() -> None:
    shot = alone("muzzle", "night")
    frames = Film("one", (shot,), ()).small(1).astype(int)
    flashes = flashes_of(shot)
    assert len(flashes) >= 4
    assert {each.frames for each in flashes} <= {1, 2}
    for each in flashes:
        gained = frames[each.begin] - frames[each.begin - 1]
        assert gained.max() > 100
        assert (gained.max(axis=2) > 100).mean() < 0.15
        assert gained[..., 0].sum() > gained[..., 2].sum()


def test_a_jump_cut_keeps_the_place_and_moves_who_is_in_it() -> None:
    takes = tuple(Shot(21, 12, take=take) for take in (0, 1))
    jump = Film("jump", takes, (Join("cut"),)).small(1).astype(int)
    away = Film("away", (takes[0], Shot(22, 12, take=0)), (Join("cut"),)).small(1).astype(int)
    moved, other, still = (
        np.abs(frames[at] - frames[at - 1]).mean()
        for frames, at in ((jump, 12), (away, 12), (jump, 6))
    )
    assert 3 * still < moved < other


@pytest.mark.parametrize("form", STINGERS)
def test_a_stinger_covers_the_image_between_two_shots(form: str) -> None:
    join = Join("wipe", 20, form=form, seed=1)
    film = Film("stung", (Shot(1, 3), Shot(2, 3)), (join,))
    assert film.truth["transitions"] == [{"kind": "wipe", "start": 2, "end": 23}]
    frames = film.small(1).reshape(26, -1, 3)
    colors = [len(np.unique(frame // 8, axis=0)) for frame in frames]
    assert min(colors[8:18]) < 30 < min(colors[0], colors[-1])


@pytest.mark.parametrize("form", FORMS)
def test_a_wipe_begins_at_one_shot_and_ends_at_the_other(form: int | str) -> None:
    shots = Shot(1, 30), Shot(2, 30)
    wiped = Film("wiped", shots, (Join("wipe", 60, form=form, seed=3),)).small(1).astype(int)
    assert np.abs(wiped[30] - wiped[29]).mean() < 12
    assert np.abs(wiped[89] - wiped[90]).mean() < 12


def test_bars_are_black_whatever_happens() -> None:
    shot = Shot(3, 20, happening="flash", at=9, bars=0.125)
    frames = Film("barred", (shot,), ()).small(1)
    assert frames[:, [0, 1, 2, -3, -2, -1]].max() == 0
    assert frames[:, 4].mean() > 20
