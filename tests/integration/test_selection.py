"""Which clips a page gets, in what order, and the score that some orders go by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import Engine

from heaters_pipeline.db import clip_counts, embeddings, likeness, review_queue
from heaters_pipeline.db.embeddings import PREVIEW
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.db.likeness import Likeness
from heaters_pipeline.db.models import Clip
from heaters_pipeline.domain.decisions import APPROVE, ARCHIVE, SKIP, Group, Merge
from heaters_pipeline.domain.selection import Order, Selection, Shown
from heaters_pipeline.domain.states import ClipState
from tests.decisions import annotate, decide
from tests.rows import ready_video


@pytest.fixture
def four(engine: Engine) -> list[Clip]:
    """Clips of 10, 40, 20 and 30 frames, 25 a second."""
    return ready_video(engine, frame_count=100, cuts=[10, 50, 70])[1]


def preview(engine: Engine, places: dict[int, Sequence[float]], model: str = "m") -> None:
    with transaction(engine) as session:
        for clip_id, vector in places.items():
            embeddings.save(session, clip_id, model, PREVIEW, vector)


def learn(engine: Engine) -> Likeness | None:
    with transaction(engine) as session:
        return likeness.learn(session)


def chosen(engine: Engine, found: list[Clip], **wanted: Any) -> list[int]:
    """Places in `found` of the clips of a selection, once as they are leased and, if that makes no
    difference, as they are listed."""
    selection, learnt = Selection(**wanted), learn(engine)
    places = {clip.id: place for place, clip in enumerate(found)}
    with transaction(engine) as session:
        listed = [
            each.clip.id for each in review_queue.selected(session, selection, 99, likeness=learnt)
        ]
        assert review_queue.count(session, selection, likeness=learnt) == len(listed)
        if selection.states() == {ClipState.PENDING_REVIEW}:
            leased = review_queue.lease_queue(session, "ann", 99, 60, selection, learnt)
            assert [each.clip.id for each in leased] == listed
            counts = review_queue.pending_counts(session, "ann", selection, learnt)
            assert counts == (len(listed), 0, 0)
    return [places[clip_id] for clip_id in listed]


def test_orders_that_need_no_score(engine: Engine, four: list[Clip]) -> None:
    assert chosen(engine, four) == [0, 1, 2, 3]
    assert chosen(engine, four, order=Order.SHORTEST) == [0, 2, 3, 1]
    assert chosen(engine, four, order=Order.LONGEST) == [1, 3, 2, 0]
    assert chosen(engine, four, order=Order.NEWEST) == [3, 2, 1, 0]
    assert chosen(engine, four, order=Order.OLDEST) == [0, 1, 2, 3]
    for clip in (four[2], four[0], four[1]):
        decide(engine, clip, SKIP)
    skipped = {"state": (Shown.SKIPPED,), "order": Order.NEWEST}
    assert chosen(engine, four, **skipped) == [1, 0, 2]


def test_filters(engine: Engine, four: list[Clip]) -> None:
    _, others = ready_video(engine, "film-2")
    everything = [*four, *others]
    assert chosen(engine, everything, video="film-2") == [4, 5, 6]
    assert chosen(engine, everything, video="no-such") == []
    assert chosen(engine, four, video="film-1", min_seconds=0.8, max_seconds=1.2) == [2, 3]
    annotate(engine, four[1], labels=["indoor", "quiet"], rating=4)
    annotate(engine, four[2], labels=["quiet"], rating=2)
    assert chosen(engine, four, label=("quiet",)) == [1, 2]
    assert chosen(engine, four, label=("quiet", "indoor")) == [1]
    assert chosen(engine, four, label=("loud",)) == []
    assert chosen(engine, four, min_rating=3) == [1]
    decide(engine, four[0], APPROVE)
    decide(engine, four[1], APPROVE, "bob")
    decide(engine, four[2], SKIP, "bob")
    decide(engine, four[3], ARCHIVE, "bob")
    assert chosen(engine, four, state=(Shown.APPROVED,)) == [0, 1]
    assert chosen(engine, four, state=(Shown.APPROVED,), reviewer="bob") == [1]
    assert chosen(engine, four, state=(Shown.SKIPPED,)) == [2]
    assert chosen(engine, four, state=(Shown.SKIPPED, Shown.APPROVED)) == [0, 1, 2]
    assert chosen(engine, four, state=(Shown.ARCHIVED,)) == [3]
    assert chosen(engine, four, video="film-1") == []
    assert chosen(engine, four, clip=four[3].id) == [3]
    assert chosen(engine, four, clip=four[3].id, state=(Shown.PENDING,)) == []


def test_words_are_found_in_title_labels_and_note(engine: Engine, four: list[Clip]) -> None:
    _, others = ready_video(engine, "bridge")
    everything = [*four, *others]
    annotate(engine, four[1], labels=["old bridge"], note="100% blurred")
    annotate(engine, four[2], note="The Bridge, by night.")
    assert chosen(engine, everything, find="bridge") == [1, 2, 4, 5, 6]
    assert chosen(engine, everything, find="NIGHT bridge") == [2]
    assert chosen(engine, everything, find="film 100%") == [1]
    assert chosen(engine, everything, find="_") == []


def test_labels_in_use(engine: Engine, four: list[Clip]) -> None:
    annotate(engine, four[0], labels=["b", "a"])
    annotate(engine, four[1], labels=["b", "c"])
    decide(engine, four[1], Merge())
    with transaction(engine) as session:
        assert list(clip_counts.labels(session).items()) == [("a", 1), ("b", 1), ("c", 1)]
    annotate(engine, four[2], labels=["c"])
    with transaction(engine) as session:
        assert list(clip_counts.labels(session).items()) == [("c", 2), ("a", 1), ("b", 1)]


def test_there_is_no_score_before_there_are_decisions_of_both_kinds(
    engine: Engine, four: list[Clip]
) -> None:
    preview(engine, {clip.id: [float(place), 1.0] for place, clip in enumerate(four)})
    assert learn(engine) is None
    decide(engine, four[0], APPROVE)
    assert learn(engine) is None
    assert chosen(engine, four, order=Order.UNCERTAIN) == [1, 2, 3]
    assert chosen(engine, four, min_score=0.0) == []
    decide(engine, four[3], ARCHIVE)
    assert learn(engine) is not None
    # Two means in one place tell nothing apart.
    preview(engine, {four[3].id: [0.0, 1.0]})
    assert learn(engine) is None


def test_the_score_says_how_much_a_clip_looks_like_approved_ones(engine: Engine) -> None:
    _, found = ready_video(engine, frame_count=90, cuts=range(10, 90, 10))
    good, also_good, bad, *rest = found
    near, far, middle, unseen = rest[:4]
    preview(
        engine,
        {
            good.id: [1.0, 0.2],
            also_good.id: [1.0, -0.2],
            bad.id: [-1.0, 0.0],
            near.id: [0.9, 5.0],
            far.id: [-3.0, 0.0],
            middle.id: [0.0, -7.0],
        },
    )
    preview(engine, {unseen.id: [1.0, 2.0, 3.0]}, model="another")
    for clip, decision in ((good, APPROVE), (also_good, Group()), (bad, SKIP)):
        decide(engine, clip, decision)
    learnt = learn(engine)
    assert learnt is not None
    assert learnt.model == "m"
    with transaction(engine) as session:
        scores = likeness.scores(session, learnt, [clip.id for clip in found])
    assert scores[bad.id] == pytest.approx(0.1, abs=1e-3)
    assert (scores[good.id] + scores[also_good.id]) / 2 == pytest.approx(0.9, abs=1e-3)
    assert scores[middle.id] == pytest.approx(0.5)
    assert 0.5 < scores[near.id] < 0.9
    assert 0 < scores[far.id] < 0.1
    assert unseen.id not in scores

    assert chosen(engine, rest, order=Order.UNCERTAIN) == [2, 0, 1, 3, 4, 5]
    assert chosen(engine, rest, order=Order.BEST) == [0, 2, 1, 3, 4, 5]
    assert chosen(engine, rest, order=Order.WORST) == [1, 2, 0, 3, 4, 5]
    assert chosen(engine, rest, min_score=0.4) == [0, 2]
    assert chosen(engine, rest, max_score=0.6, order=Order.BEST) == [2, 1]
    decisive = {"state": (Shown.APPROVED,), "min_score": 0.8}
    assert chosen(engine, found, **decisive) == [0, 1]


def test_a_preview_far_away_from_all_has_a_score_too(engine: Engine, four: list[Clip]) -> None:
    first, second, third, fourth = four
    preview(engine, {first.id: [1e-3, 0.0], second.id: [0.0, 0.0], third.id: [1e3, 0.0]})
    preview(engine, {fourth.id: [-1e3, 0.0]})
    decide(engine, first, APPROVE)
    decide(engine, second, SKIP)
    with transaction(engine) as session:
        scores = likeness.scores(session, learn(engine), [third.id, fourth.id])
    assert scores[third.id] == pytest.approx(1)
    assert scores[fourth.id] == pytest.approx(0)


def test_reviewers_with_filters_get_clips_of_their_own_in_their_order(engine: Engine) -> None:
    _, found = ready_video(engine, frame_count=55, cuts=[1, 3, 6, 10, 15, 21, 28, 36, 45])
    ids = [clip.id for clip in found]
    longest = Selection(order=Order.LONGEST)
    with transaction(engine) as session:
        ann = [each.clip.id for each in review_queue.lease_queue(session, "ann", 3, 60, longest)]
        bob = [each.clip.id for each in review_queue.lease_queue(session, "bob", 3, 60, longest)]
        cid = [each.clip.id for each in review_queue.lease_queue(session, "cid", 3, 60)]
        assert (ann, bob, cid) == (ids[:6:-1], ids[6:3:-1], ids[:3])
        assert review_queue.pending_counts(session, "ann", longest) == (10, 6, 0)
        short = Selection(max_seconds=0.1)
        assert review_queue.pending_counts(session, "ann", short) == (2, 2, 0)
        # Clips that they have already are renewed where the selection has them.
        again = [each.clip.id for each in review_queue.lease_queue(session, "ann", 4, 60, longest)]
        assert again == [*ann, ids[3]]
        assert review_queue.lease_queue(session, "ann", 4, 60, short) == []


def test_a_list_that_begins_anew_owes_nothing_to_what_was_handed_out_before(
    engine: Engine,
) -> None:
    _, found = ready_video(engine, frame_count=55, cuts=[10, 19, 27, 34, 40, 45, 49, 52, 54])
    ids = [clip.id for clip in found]

    def handed(limit: int, order: Order, page: str, *, anew: bool = False) -> list[int]:
        with transaction(engine) as session:
            entries = review_queue.lease_queue(
                session, "ann", limit, 60, Selection(order=order), page=page, anew=anew
            )
        return [ids.index(each.clip.id) for each in entries]

    assert handed(3, Order.TIME, "old") == [0, 1, 2]
    with transaction(engine) as session:
        review_queue.release(session, "ann", "old")
    assert handed(3, Order.TIME, "page") == [0, 1, 2]
    assert handed(2, Order.SHORTEST, "other") == [9, 8]
    # In another order the page's own clips, and those of closed pages, stand in line again.
    assert handed(2, Order.SHORTEST, "page", anew=True) == [7, 6]
    assert handed(5, Order.SHORTEST, "page") == [7, 6, 5, 4, 3]
    assert handed(9, Order.TIME, "third") == [0, 1, 2]


def test_two_selections_asked_for_at_once_share_no_clip(engine: Engine) -> None:
    ready_video(engine, frame_count=400, cuts=range(10, 400, 10))
    with transaction(engine) as first, transaction(engine) as second:
        ann = review_queue.lease_queue(first, "ann", 20, 60, Selection(order=Order.SHORTEST))
        bob = review_queue.lease_queue(second, "bob", 20, 60, Selection(order=Order.NEWEST))
    handed_out = [each.clip.id for each in [*ann, *bob]]
    assert len(handed_out) == len(set(handed_out)) == 40
