"""What comes in the place of what at a destination."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from heaters_pipeline.domain.cut_points import FrameRange
from heaters_pipeline.domain.handover import Group, Handed, divided
from tests.unit.test_datasets import example


def one(clip_id: int) -> Handed:
    return example(clip_id).handed


def group(*clip_ids: int) -> Handed:
    ranges = tuple(FrameRange(each, each + 1) for each in clip_ids)
    return replace(one(clip_ids[0]), group=Group(None, clip_ids, ranges))


def entry(handed: Handed, profile: str = "web") -> dict[str, Any]:
    return {**handed.as_json(), "profile": profile}


def test_a_clip_has_one_file_of_a_profile_be_it_alone_or_in_a_group() -> None:
    alone, other, whole = entry(one(2)), entry(one(4)), entry(group(1, 2, 3))
    of_another_profile = entry(one(2), "archive")
    earlier = [alone, other, of_another_profile]
    assert divided(earlier, [group(1, 2, 3)]) == ([other, of_another_profile], [alone])
    assert divided([whole, other], [one(3)]) == ([other], [whole])
    assert divided([whole], [group(2, 3)]) == ([], [whole])
    assert divided([whole, other], [one(5)]) == ([whole, other], [])
