"""Which frames have a tile, and where it lies."""

from dataclasses import replace
from fractions import Fraction

import pytest

from heaters_pipeline.domain.errors import InputError
from heaters_pipeline.domain.sprites import SpriteIndex, frames_apart, grid_for, tile_count


@pytest.mark.parametrize(
    ("rate", "frames"),
    [
        (Fraction(1), 1),
        (Fraction(7), 1),
        (Fraction(24000, 1001), 5),
        (Fraction(25), 5),
        (Fraction(30000, 1001), 6),
        (Fraction(60), 12),
        (Fraction(120), 12),
        (Fraction(1000), 12),
    ],
)
def test_tiles_are_a_fifth_of_a_second_apart_and_never_more_than_twelve_frames(
    rate: Fraction, frames: int
) -> None:
    assert frames_apart(rate) == frames


@pytest.mark.parametrize(("frames", "every", "tiles"), [(1, 5, 1), (5, 5, 1), (6, 5, 2), (9, 1, 9)])
def test_the_first_frame_has_a_tile_and_every_nth_after_it(
    frames: int, every: int, tiles: int
) -> None:
    assert tile_count(frames, every) == tiles == len(range(0, frames, every))


INDEX = SpriteIndex(every=5, width=160, height=90, count=201, offsets=[36, 1000, 1700, 1800])


def test_sheets_lie_back_to_back() -> None:
    assert INDEX.sheets == 3
    assert [INDEX.span(sheet) for sheet in range(3)] == [(36, 964), (1000, 700), (1700, 100)]
    for sheet in (-1, 3):
        with pytest.raises(InputError, match="There are 3 sprite sheets"):
            INDEX.span(sheet)


def test_an_index_is_kept_as_json() -> None:
    stored = INDEX.as_json()
    assert stored == {
        **{"every": 5, "columns": 10, "rows": 10, "width": 160, "height": 90, "count": 201},
        **{"sheets": 3, "offsets": [36, 1000, 1700, 1800], "first": 0},
    }
    assert SpriteIndex.from_json(stored) == INDEX
    older = {name: value for name, value in stored.items() if name != "first"}
    assert SpriteIndex.from_json(older) == INDEX


def test_the_tiles_of_a_clip_begin_with_its_first_frame() -> None:
    assert list(replace(INDEX, first=42, count=3).frames) == [42, 47, 52]


@pytest.mark.parametrize(
    ("tiles", "grid"), [(1, (1, 1)), (7, (7, 1)), (11, (10, 2)), (100, (10, 10)), (101, (10, 10))]
)
def test_the_sheets_of_a_short_clip_are_small(tiles: int, grid: tuple[int, int]) -> None:
    assert grid_for(tiles) == grid
