"""Names of files that leave the house."""

from __future__ import annotations

from fractions import Fraction

import pytest

from heaters_pipeline.domain.file_names import (
    DEFAULT_NAME,
    LONGEST,
    Named,
    file_names,
    safe,
    timecode,
)


def named(title: str, clip: int = 7, labels: tuple[str, ...] = ()) -> Named:
    return Named(title, "film-1", clip, "web", labels, 1500, 1575, Fraction(25))


def names(template: str, *files: Named) -> list[str]:
    return file_names((template, each, "mp4") for each in files)


def test_a_template_is_filled() -> None:
    assert names(DEFAULT_NAME, named("The Sea")) == ["The Sea_00-01-00-00_7.mp4"]
    every = "{key} {profile} {label} {start} {end} {end_tc}"
    assert names(every, named("x", labels=("sea", "sun"))) == [
        "film-1 web sea 1500 1575 00-01-03-00.mp4"
    ]


def test_no_two_names_of_a_set_are_alike() -> None:
    files = [named("Sea"), named("sea"), named("SEA_2"), named("Se\u0301a"), named("S\u00e9a")]
    assert names("{title}", *files) == ["Sea.mp4", "sea_2.mp4", "SEA_2_2.mp4", "Séa.mp4",
                                        "Séa_2.mp4"]  # fmt: skip


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ('a/b\\c:d*e?f"g<h>i|j', "a-b-c-d-e-f-g-h-i-j"),
        (" .hidden. ", "hidden"),
        ("con", "_con"),
        ("LPT1.x", "_LPT1.x"),
        ("..", "_"),
        ("tab\there\nand\u202eback", "tab-here-and back"),
        ("映画", "映画"),
    ],
)
def test_names_are_safe_on_every_file_system(title: str, name: str) -> None:
    assert safe(title) == name


def test_long_names_are_cut_between_letters() -> None:
    cut = safe("é" * 200)
    assert len(cut.encode()) <= LONGEST and set(cut) == {"é"}


def test_a_long_title_leaves_room_for_the_rest() -> None:
    found = names(DEFAULT_NAME, *(named("夜の長い題名" * 20, clip) for clip in (7, 123456)))
    for name, clip in zip(found, (7, 123456), strict=True):
        assert name.startswith("夜の長い題名") and name.endswith(f"_00-01-00-00_{clip}.mp4")
        assert len(name.removesuffix(".mp4").encode()) <= LONGEST


def test_timecodes_count_at_the_nominal_rate() -> None:
    assert timecode(107_892, Fraction(30000, 1001)) == "00-59-56-12"
    assert timecode(90_000, Fraction(25)) == "01-00-00-00"
