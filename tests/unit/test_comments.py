"""Comments: their texts, and whom they mention."""

from __future__ import annotations

import pytest

from heaters_pipeline.domain.comments import LONGEST, comment_text, mentioned
from heaters_pipeline.domain.errors import InputError

PEOPLE = ["Ann", "Ann Lee", "ben.k", "José"]


@pytest.mark.parametrize(
    ("text", "people"),
    [
        ("@ann, look", ["Ann"]),
        ("@ANN LEE and @ben.k.", ["Ann Lee", "ben.k"]),
        ("@josé @Ann @ann", ["José", "Ann"]),
        ("ann@ben.k", []),
        ("@annabel", []),
        ("@zoe", []),
        ("(@Ann)", ["Ann"]),
    ],
)
def test_people_who_are_known_are_mentioned(text: str, people: list[str]) -> None:
    assert mentioned(text, PEOPLE) == people
    assert mentioned(text, []) == []


def test_a_text_keeps_its_lines_and_nothing_that_can_not_be_shown() -> None:
    assert comment_text("  one\r\n\ttwo <b> \n") == "one\n\ttwo <b>"
    for bad in ("", " \n ", "x" * (LONGEST + 1), "bell\a", "turned \u202e round"):
        with pytest.raises(InputError):
            comment_text(bad)
