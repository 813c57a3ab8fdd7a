"""Where the bytes of a proxy lie that is still being made."""

from __future__ import annotations

import pytest

from heaters_pipeline.domain import layout
from heaters_pipeline.domain.layout import Kind
from heaters_pipeline.domain.segments import Segment, Span, spans

PARTS: list[Segment] = [
    {"path": "a", "frames": 3, "bytes": 10},
    {"path": "b", "frames": 1, "bytes": 5},
    {"path": "c", "frames": 2, "bytes": 20},
]


@pytest.mark.parametrize(
    ("start", "length", "found"),
    [
        (0, 10, [Span("a", 0, 10)]),
        (2, 3, [Span("a", 2, 3)]),
        (10, 5, [Span("b", 0, 5)]),
        (9, 2, [Span("a", 9, 1), Span("b", 0, 1)]),
        (8, 20, [Span("a", 8, 2), Span("b", 0, 5), Span("c", 0, 13)]),
        (15, 20, [Span("c", 0, 20)]),
        (34, 9, [Span("c", 19, 1)]),
    ],
)
def test_bytes_lie_in_one_part_or_in_several(start: int, length: int, found: list[Span]) -> None:
    assert spans(PARTS, start, length) == found


def test_a_segment_is_an_object_of_the_proxy_that_names_its_own_bytes() -> None:
    key = layout.proxy_segment("film-1", "0123456789abcdef", 12, "aaaaabbbbb")
    assert (layout.kind(key), layout.own_digest(key)) == (Kind.REVIEW_PROXY, "aaaaabbbbb")
    assert layout.is_ours(key)
