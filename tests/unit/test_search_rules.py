"""How rankings become one, and which words are forgiven."""

from __future__ import annotations

import pytest

from heaters_pipeline.domain.ranking import fuse
from heaters_pipeline.domain.spelling import distance, meant


def test_what_several_rankings_have_goes_first() -> None:
    found = fuse([[1, 2, 3], [9, 3]])
    assert [each.id for each in found] == [3, 1, 9, 2]
    best = found[0]
    assert best.places == (3, 2)
    assert best.score == pytest.approx(1 / 63 + 1 / 62)
    assert found[1].places == (1, None)
    assert fuse([]) == fuse([[], []]) == []


def test_the_first_ranking_decides_between_equals() -> None:
    assert [each.id for each in fuse([[1], [2]])] == [1, 2]
    assert [each.id for each in fuse([[2], [1]])] == [2, 1]


def test_a_clip_that_a_ranking_has_twice_has_its_better_place() -> None:
    assert [each.places for each in fuse([[1, 2, 1]])] == [(1,), (2,)]


@pytest.mark.parametrize(
    ("one", "other", "far"),
    [
        ("", "", 0),
        ("", "abc", 3),
        ("harbor", "harbour", 1),
        ("nihgt", "night", 1),
        ("kitten", "sitting", 3),
        ("night", "night", 0),
    ],
)
def test_mistakes_are_counted(one: str, other: str, far: int) -> None:
    assert distance(one, other) == distance(other, one) == far


def test_few_mistakes_are_forgiven_and_fewer_in_short_words() -> None:
    assert meant("harbor", ["harbinger", "arbor", "harbour"]) == ["arbor", "harbour"]
    assert meant("brigde", ["fridge", "bridge"]) == ["bridge", "fridge"]
    assert meant("nihgt", ["night", "nigh"]) == ["night"]
    assert meant("ox", ["fox", "ax"]) == []
