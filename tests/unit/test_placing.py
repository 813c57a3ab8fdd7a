"""A clip that was cut from a film and encoded again is found in it, to the frame."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from heaters_pipeline.media.repeats.placing import FilmToSearch, NoPlace, Place
from tests.small_films import encoded_again, recoloured, shot

RATE = Fraction(25)
LENGTH = 40
SHOTS = [shot(seed, LENGTH) for seed in range(12)]
FILM = FilmToSearch(np.concatenate(SHOTS), RATE)


@pytest.mark.parametrize("late", [0, 3], ids=["whole shot", "part of a shot"])
@pytest.mark.parametrize("wrong_by", [0, 7, -30, 300, None])
def test_a_clip_is_found_whatever_the_guess(wrong_by: int | None, late: int) -> None:
    for number in (0, 5, 11):
        start = number * LENGTH + late
        clip = encoded_again(SHOTS[number][late:])
        guess = None if wrong_by is None else start + wrong_by
        found = FILM.place(clip, RATE, guess)
        assert isinstance(found, Place)
        assert (found.start, found.error) == (start, 0)


def test_what_is_not_in_the_film_has_no_place() -> None:
    found = FILM.place(encoded_again(shot(99, LENGTH)), RATE, 80)
    assert isinstance(found, NoPlace)
    assert "differs" in found.reason


def test_a_clip_with_frames_of_elsewhere_has_no_place() -> None:
    clip = encoded_again(SHOTS[4])
    clip[-2:] = shot(99, 2)
    assert isinstance(FILM.place(clip, RATE, 4 * LENGTH), NoPlace)


def test_where_nothing_moves_the_guess_decides_and_says_how_exact_it_is() -> None:
    still = shot(50, LENGTH, speed=0)
    film = FilmToSearch(np.concatenate([SHOTS[0], still, SHOTS[1]]), RATE)
    inner = encoded_again(still[10:-10])
    found = film.place(inner, RATE, LENGTH + 10)
    assert isinstance(found, Place)
    assert found.start == LENGTH + 10
    assert found.error >= 10
    assert isinstance(film.place(inner, RATE, None), NoPlace)
    whole = film.place(encoded_again(still), RATE, None)
    assert isinstance(whole, Place)
    assert (whole.start, whole.error) == (LENGTH, 0)


def test_what_the_film_shows_twice_is_where_it_was_said_to_be() -> None:
    film = FilmToSearch(np.concatenate([*SHOTS[:3], SHOTS[1], *SHOTS[4:]]), RATE)
    clip = encoded_again(SHOTS[1])
    for start in (LENGTH, 3 * LENGTH):
        found = film.place(clip, RATE, start + 2)
        assert isinstance(found, Place)
        assert found.start == start
    twice = film.place(clip, RATE, None)
    assert isinstance(twice, NoPlace)
    assert "twice" in twice.reason


def test_a_black_clip_is_where_it_was_said_to_be() -> None:
    black = np.full((LENGTH, *SHOTS[0].shape[1:]), 16, np.uint8)
    film = FilmToSearch(np.concatenate([SHOTS[0], black, SHOTS[1]]), RATE)
    found = film.place(encoded_again(black), RATE, LENGTH)
    assert isinstance(found, Place)
    assert found.start == LENGTH
    assert isinstance(film.place(black, RATE, 0), NoPlace)
    assert isinstance(film.place(black, RATE, None), NoPlace)


def test_a_clip_longer_than_the_film_has_no_place() -> None:
    assert isinstance(FilmToSearch(SHOTS[0], RATE).place(FILM.thumbnails, RATE, 0), NoPlace)


def test_a_clip_of_another_rate_is_named_with_its_place() -> None:
    found = FILM.place(encoded_again(SHOTS[3])[::2], RATE / 2, 3 * LENGTH)
    assert isinstance(found, NoPlace)
    assert (found.best, found.reason) == (
        3 * LENGTH,
        f"Its file has {LENGTH // 2} frames for {LENGTH} of the film.",
    )


def test_a_recoloured_clip_is_named_not_placed_wrongly() -> None:
    found = FILM.place(recoloured(SHOTS[6]), RATE, None)
    assert (found.best if isinstance(found, NoPlace) else found.start) == 6 * LENGTH
