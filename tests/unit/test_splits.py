"""Splits of a dataset: what belongs together stays together, and the shares come out."""

from __future__ import annotations

import random
from fractions import Fraction

import pytest

from heaters_pipeline.domain.errors import InputError
from heaters_pipeline.domain.splits import SHARES, assign, groups, parse_shares


def test_clips_of_a_film_and_clips_alike_are_one_group() -> None:
    films = {1: "a", 2: "a", 3: "b", 4: "c", 5: "d"}
    assert groups([5, 4, 3, 2, 1], films, [(3, 4)]) == [[5], [4, 3], [2, 1]]
    # Through one clip that looks like another film's, both films hang together.
    assert groups([1, 2, 3, 4, 5], films, [(2, 3), (4, 5)]) == [[1, 2, 3], [4, 5]]
    assert groups([1, 2, 3], None, [(1, 3)]) == [[1, 3], [2]]


@pytest.mark.parametrize("seed", range(5))
def test_splits_have_their_shares_and_divide_no_group(seed: int) -> None:
    rng = random.Random(seed)
    films = {clip: str(rng.randrange(60)) for clip in range(1000)}
    alike = [(rng.randrange(1000), rng.randrange(1000)) for _ in range(15)]
    whole = groups(range(1000), films, alike)
    split = assign(whole, SHARES, seed)
    assert all(len({split[clip] for clip in group}) == 1 for group in whole)
    for name, share in SHARES.items():
        assert abs(sum(each == name for each in split.values()) - share * 1000) < 40
    # Neither the order of the clips nor that of the pairs makes a difference.
    clips = list(range(1000))
    rng.shuffle(clips)
    rng.shuffle(alike)
    assert assign(groups(clips, films, alike), SHARES, seed) == split


def test_another_seed_gives_other_splits() -> None:
    alone = [[clip] for clip in range(100)]
    assert assign(alone, SHARES, 1) == assign(alone, SHARES, 1) != assign(alone, SHARES, 2)


def test_no_split_is_empty_while_there_are_groups_enough() -> None:
    split = assign([list(range(50)), [50], [51]], SHARES)
    assert sorted({*split.values()}) == ["test", "train", "validation"]
    assert split[0] == "train"
    assert set(assign([[1, 2, 3]], SHARES).values()) == {"train"}
    assert assign([], SHARES) == {}


def test_a_share_of_nothing_gets_nothing() -> None:
    split = assign([[1], [2], [3]], parse_shares("train=1,validation=0,test=1"))
    assert "validation" not in split.values()


def test_shares_come_in_any_unit() -> None:
    assert parse_shares("train=80, test=20") == {"train": Fraction(4, 5), "test": Fraction(1, 5)}
    assert parse_shares("train=.5,validation=.5")["train"] == Fraction(1, 2)


@pytest.mark.parametrize(
    "text", ["dev=1", "train=x", "train=-1,test=2", "train=0", "train=1/0", ""]
)
def test_shares_that_make_no_sense_are_refused(text: str) -> None:
    with pytest.raises(InputError):
        parse_shares(text)
