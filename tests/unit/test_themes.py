"""How many themes there are, when they are due, which go on, and what they are called."""

from __future__ import annotations

from collections import Counter

import pytest

from heaters_pipeline.domain.errors import InputError
from heaters_pipeline.domain.themes import (
    LONGEST_NAME,
    Standing,
    Term,
    Words,
    given_name,
    how_many,
    matched,
    names,
    terms,
)


def test_the_number_of_themes_grows_with_the_library_within_bounds() -> None:
    sizes = (0, 7, 8, 50, 200, 1000, 500_000)
    assert [how_many(clips) for clips in sizes] == [0, 0, 2, 5, 10, 22, 32]


@pytest.mark.parametrize(
    ("standing", "is_due"),
    [
        (Standing(7, 7, 0, 0, False), False),  # too few
        (Standing(8, 8, 0, 0, False), True),  # the first ones
        (Standing(100, 100, 100, 100, True), False),
        (Standing(119, 119, 100, 100, True), False),
        (Standing(120, 120, 100, 100, True), True),  # 20 came
        (Standing(100, 100, 100, 90, True), True),  # 10 went and 10 came
        (Standing(1019, 1019, 1000, 1000, True), False),
        (Standing(1200, 1200, 1000, 1000, True), True),
        (Standing(100, 49, 100, 100, False), False),  # another model, not yet of most
        (Standing(100, 50, 100, 100, False), True),
    ],
)
def test_themes_are_due_once_enough_has_changed(standing: Standing, is_due: bool) -> None:
    assert standing.is_due is is_due


def test_why_there_are_none() -> None:
    def why(clips: int, with_vector: int) -> str:
        return Standing(clips, with_vector, 0, 0, False).why_none("m")

    assert why(0, 0).startswith("The library is empty")
    assert why(5, 0).startswith("No clip of the library has a vector by m yet")
    assert why(5, 1) == "1 clip has a vector by m: themes are made of 8 or more."
    assert why(9, 9).startswith("9 clips have a vector by m, and the themes are being made")


def test_a_theme_goes_on_where_most_of_its_clips_stay() -> None:
    before = dict.fromkeys(range(10), 1) | dict.fromkeys(range(10, 20), 2)
    assert matched(before, [range(10), range(10, 20)]) == [1, 2]
    assert matched(before, [range(10, 20), range(10)]) == [2, 1]
    # It lost some, and others came.
    assert matched(before, [range(6), [*range(6, 10), *range(100, 120)]]) == [1, None]
    # Half of it is not most of it.
    assert matched(before, [range(5), range(5, 10)]) == [None, None]
    # Two fell together: the larger one goes on, or the older.
    assert matched(before, [range(1, 20)]) == [2]
    assert matched(before, [range(20)]) == [1]
    # Clips that left the library say nothing.
    assert matched(before, [range(3), range(3, 4)]) == [1, None]
    assert matched({}, [range(3)]) == [None]


def test_terms_are_labels_and_the_words_of_texts() -> None:
    found = terms(["night train"], "The Harbour_2019, part 2", None)
    assert found == {Term("night train", True), Term("harbour", False)}


def words(clips: int, **having: int) -> Words:
    return Words(clips, Counter({Term(text, False): count for text, count in having.items()}))


def test_a_theme_is_called_by_what_tells_it_from_the_others() -> None:
    groups = [
        words(10, city=10, bridge=8, rain=3),
        words(10, city=10, market=9),
        words(10, city=10),
        words(10, city=10, once=1),
    ]
    assert names(groups) == ["Bridge, rain", "Market", None, None]


def test_a_label_says_more_than_a_word_of_a_title_and_is_told_once() -> None:
    having = Counter({Term("harbour", False): 10, Term("Night", True): 8, Term("night", False): 8})
    assert names([Words(10, having), words(30, city=30)])[0] == "Night, harbour"


def test_no_two_themes_are_called_the_same() -> None:
    groups = [words(10, sea=10, boat=9), words(10, sea=10, boat=9), words(60, city=60)]
    assert names(groups)[:2] == ["Sea, boat", "Sea, boat (2)"]
    groups = [words(10, sea=10, boat=9, mast=8), words(60, city=60)]
    assert names(groups, taken=["sea, BOAT"])[0] == "Sea, boat, mast"
    assert names([words(5, **{"x" * 90: 5}), words(5)])[0] == "X" + "x" * (LONGEST_NAME - 6)


def test_a_name_that_a_person_gives() -> None:
    assert given_name("  By the\n sea ") == "By the sea"
    assert given_name("  ") is None
    with pytest.raises(InputError, match="60 characters"):
        given_name("x" * 61)
