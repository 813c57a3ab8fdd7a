"""Which states lead to which."""

from __future__ import annotations

from pathlib import Path

import pytest

from heaters_pipeline.domain.clip_pipeline import ClipPipeline
from heaters_pipeline.domain.errors import TransitionError
from heaters_pipeline.domain.state_diagram import CLIPS, SOURCES, page
from heaters_pipeline.domain.states import (
    BEFORE_REVIEW,
    CLIP_STEPS,
    CLIP_TRANSITIONS,
    DETECT_SCENES,
    DOWNLOAD,
    PREPROCESS,
    SOURCE_STEPS,
    SOURCE_TRANSITIONS,
    SPLICE,
    SPRITE,
    ClipState,
    SourceState,
    begins,
    can_be_given,
    can_change,
    changed,
    step_of,
)

CHECKOUT = Path(__file__).resolve().parents[2]


def test_the_diagrams_in_the_docs_are_those_of_the_tables() -> None:
    assert (CHECKOUT / "docs" / "states.md").read_text() == page(), "`make states` draws them anew"


def test_a_diagram_has_every_change_of_its_table_and_no_other() -> None:
    for diagram in (SOURCES, CLIPS):
        drawn: set[tuple[str, str]] = set()
        for line in str(diagram).splitlines():
            before, arrow, after = line.strip().partition(" -->")
            after = after.strip()
            if arrow and before != "[*]":
                ends = diagram.recalled if after == diagram.box else [after]
                drawn |= {(before, str(each)) for each in ends}
        table = {(str(state), str(each)) for state, row in diagram.table.items() for each in row}
        left = {(before, after) for before, after in table - drawn if before != after}
        assert not drawn - table
        assert {after for _, after in left} <= {*map(str, diagram.everywhere)}


def test_every_state_has_its_row_in_the_table() -> None:
    assert set(SOURCE_TRANSITIONS) == set(SourceState)
    assert set(CLIP_TRANSITIONS) == set(ClipState)


@pytest.mark.parametrize("step", [*SOURCE_STEPS, *CLIP_STEPS])
def test_a_step_can_end_well_or_badly_and_be_tried_again(step) -> None:
    assert can_change(step.doing, step.done)
    assert can_change(step.doing, step.failed)
    assert can_change(step.waiting, step.failed)
    assert can_change(step.failed, step.doing)


def test_a_video_walks_from_new_to_ready() -> None:
    state = SourceState.NEW
    for step in (DOWNLOAD, PREPROCESS, DETECT_SCENES):
        assert begins(state, step)
        state = changed(changed(state, step.doing), step.done)
    assert state == SourceState.READY


def test_a_physical_video_is_spliced_in_one_step() -> None:
    work = (DOWNLOAD, PREPROCESS, DETECT_SCENES, SPLICE)
    steps = dict.fromkeys(step_of(ClipPipeline.PHYSICAL, each) for each in work)
    assert [*steps] == [DOWNLOAD, SPLICE]
    state = SourceState.NEW
    for step in steps:
        assert begins(state, step)
        state = changed(changed(state, step.doing), step.done)
    assert state == SourceState.SPLICED
    assert not any(begins(state, step) for step in steps)


def test_nobody_decides_on_a_clip_that_has_no_file_or_no_sprite_sheet_yet() -> None:
    assert {SPRITE.waiting, SPRITE.doing, SPRITE.failed} < BEFORE_REVIEW
    for state in BEFORE_REVIEW:
        assert not any(can_be_given(state, wanted) for wanted in set(ClipState) - {state})


def test_repeating_a_step_on_a_ready_video_does_not_set_it_back() -> None:
    for step in (DOWNLOAD, PREPROCESS, DETECT_SCENES):
        assert not begins(SourceState.READY, step)


def test_a_step_is_refused_while_an_earlier_one_is_missing() -> None:
    with pytest.raises(TransitionError, match="new can't become preprocessing"):
        begins(SourceState.NEW, PREPROCESS)


def test_what_the_pipeline_works_on_can_not_be_decided_on() -> None:
    for taken in (ClipState.EXPORTING, ClipState.KEYFRAMING, ClipState.EMBEDDING):
        assert not can_change(taken, ClipState.PENDING_REVIEW)
        assert not can_change(taken, ClipState.SUPERSEDED)


def test_a_clip_of_the_library_can_be_called_back_but_not_merged_away() -> None:
    for held in (ClipState.EXPORTED, ClipState.KEYFRAMED, ClipState.EMBEDDED):
        assert can_change(held, ClipState.PENDING_REVIEW)
        assert not can_change(held, ClipState.SUPERSEDED)


def test_a_decision_can_be_taken_back_before_that() -> None:
    for decided in (
        ClipState.REVIEW_APPROVED,
        ClipState.REVIEW_SKIPPED,
        ClipState.REVIEW_ARCHIVED,
        ClipState.ARCHIVED,
        ClipState.SUPERSEDED,
    ):
        assert can_change(decided, ClipState.PENDING_REVIEW)
