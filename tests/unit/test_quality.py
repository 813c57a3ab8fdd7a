"""When a download counts as less than what was listed."""

from __future__ import annotations

from typing import Any

import pytest

from heaters_pipeline.domain.quality import shortfall


def quality(
    got: tuple[Any, ...], best: tuple[Any, ...], normalised: str | None = None
) -> dict[str, Any]:
    names = ("width", "height", "fps")
    return {
        "got": dict(zip(names, got, strict=True)),
        "best_listed": dict(zip(names, best, strict=True)),
        "normalised": normalised,
    }


@pytest.mark.parametrize(
    ("got", "best", "said"),
    [
        ((640, 360, 25), (3840, 2160, 25), "got 360p of the 2160p that were listed"),
        ((640, 360, 25), (None, 2160, None), "got 360p of the 2160p that were listed"),
        ((480, 360, 25), (None, 480, None), "got 360p of the 480p that were listed"),
        ((360, 640, 30), (1080, 1920, 30), "got 640p of the 1920p that were listed"),
        (
            (1920, 1080, 29.97),
            (1920, 1080, 60),
            "got 29.97 of the 60 frames per second that were listed",
        ),
        ((1920, 1080, 59.94), (1920, 1080, 60), None),
        ((1920, 1080, 23.976), (1920, 1080, 30), None),
        ((1920, 804, 24), (1920, 1080, 24), None),
        ((1920, 804, 24), (None, 1080, None), None),
        ((3840, 2160, 25), (1920, 1080, 25), None),
        ((640, 360, 25), (None, None, None), None),
        ((None, None, None), (1920, 1080, 25), None),
    ],
)
def test_less_than_listed_is_said_in_a_phrase(
    got: tuple[Any, ...], best: tuple[Any, ...], said: str | None
) -> None:
    assert shortfall(quality(got, best)) == said


def test_a_re_encoded_download_falls_short_too() -> None:
    same = (1920, 1080, 25)
    why = "its audio ends 4.0 s before its video"
    assert shortfall(quality(same, same, why)) == f"re-encoded because {why}"
    assert shortfall(quality((640, 360, 25), same, why)) == (
        f"got 360p of the 1080p that were listed, re-encoded because {why}"
    )


@pytest.mark.parametrize("nothing", [None, {}, {"got": {}, "best_listed": None}])
def test_unknown_facts_are_no_shortfall(nothing: dict[str, Any] | None) -> None:
    assert shortfall(nothing) is None
