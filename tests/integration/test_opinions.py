"""Two people decide on a clip, each without knowing what the other said: in the database, and over
HTTP."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine

from heaters_pipeline.db import (
    clip_work,
    clips,
    labels,
    opinions,
    replanning,
    review_queue,
    reviews,
)
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.db.models import Clip, SourceVideo
from heaters_pipeline.db.scopes import Scope
from heaters_pipeline.domain.decisions import APPROVE, SKIP, Group, Nudge, Side, Split
from heaters_pipeline.domain.errors import Conflict, HeatersError
from heaters_pipeline.domain.roles import Role
from heaters_pipeline.domain.selection import Selection
from heaters_pipeline.domain.states import EXPORT
from tests.decisions import annotate, decide, live, undo
from tests.people import Browser, add_people, signed_in
from tests.rows import ready_video

PENDING, APPROVED, SKIPPED = "pending_review", "review_approved", "review_skipped"


def ask_two(engine: Engine, source_key: str | None = None, label: str | None = None) -> None:
    with transaction(engine) as session:
        opinions.put(session, Scope(source_key, label), 100)


@pytest.fixture
def world(engine: Engine) -> tuple[SourceVideo, list[Clip]]:
    """A film of four clips on which two people decide."""
    made = ready_video(engine, frame_count=100, cuts=[20, 50, 75])
    ask_two(engine)
    return made


def queue(engine: Engine, reviewer: str, **wanted: object) -> list[int]:
    """Ids of the clips that the reviewer is handed; nothing stays leased."""
    with transaction(engine) as session:
        found = review_queue.lease_queue(
            session, reviewer, 10, 60, Selection(**wanted), page=reviewer
        )
        review_queue.release(session, reviewer, reviewer)
        counted = review_queue.pending_counts(session, reviewer, Selection(**wanted))
        assert counted.total == len(found)
        return [each.clip.id for each in found]


def now(engine: Engine, clip: Clip) -> tuple[str, list[tuple[str, str]]]:
    with transaction(engine) as session:
        found = clips.get(session, clip.id)
        return found.state, [(each["actor"], each["action"]) for each in found.opinions]


def test_a_decision_holds_once_two_agree_and_the_pipeline_waits_for_it(engine, world) -> None:
    video, (clip, other, *_) = world
    decide(engine, clip, APPROVE, "ann")
    decide(engine, other, APPROVE, "ann")
    assert now(engine, clip) == (PENDING, [("ann", "approve")])
    with transaction(engine) as session:
        assert clip_work.claim(session, video.id, EXPORT, 0) == []
    assert clip.id not in queue(engine, "ann")
    assert clip.id in queue(engine, "ben")
    decide(engine, clip, APPROVE, "ben")
    with transaction(engine) as session:
        assert [each.id for each in clip_work.claim(session, video.id, EXPORT, 0)] == [clip.id]


def test_of_two_who_decide_at_once_each_counts(engine, world) -> None:
    _, (clip, *_) = world

    def approve(actor: str) -> str:
        try:
            decide(engine, clip, APPROVE, actor, version=clip.version)
        except Conflict as conflict:
            return str(conflict)
        return ""

    with ThreadPoolExecutor(2) as pool:
        answers = sorted(pool.map(approve, ["ann", "ben"]))
    assert answers == ["", f"Clip {clip.id} has changed since you saw it: it is pending now."]
    ((_, action),) = now(engine, clip)[1]
    assert action == "approve"


def test_where_two_differ_a_third_settles_it(engine, world) -> None:
    _, (clip, *_) = world
    decide(engine, clip, APPROVE, "ann")
    decide(engine, clip, SKIP, "ben")
    assert now(engine, clip)[0] == PENDING
    for who in ("ann", "ben", "cyd"):
        assert clip.id not in queue(engine, who)
    add_people(engine, ann=Role.ADMIN, ben=Role.REVIEWER, cyd=Role.REVIEWER)
    assert queue(engine, "ann", differ=True) == queue(engine, "ben", differ=True) == []
    assert queue(engine, "cyd", differ=True) == [clip.id]
    for who in ("ann", "ben"):
        with pytest.raises(Conflict, match="one of the two"):
            decide(engine, clip, SKIP, who)
    decide(engine, clip, SKIP, "cyd")
    assert now(engine, clip) == (SKIPPED, [("ann", "approve"), ("ben", "skip"), ("cyd", "skip")])


def test_of_two_people_the_admin_settles_it(engine, world) -> None:
    _, (clip, *_) = world
    add_people(engine, ann=Role.ADMIN, ben=Role.REVIEWER)
    decide(engine, clip, APPROVE, "ann")
    decide(engine, clip, SKIP, "ben")
    assert queue(engine, "ben", differ=True) == []
    assert queue(engine, "ann", differ=True) == [clip.id]
    with transaction(engine) as session:
        version = clips.get(session, clip.id).version
        reviews.decide(
            session, actor="ann", clip_id=clip.id, version=version, decision=APPROVE, is_admin=True
        )
    assert now(engine, clip)[0] == APPROVED


def test_an_undo_takes_back_the_own_opinion_and_leaves_the_others(engine, world) -> None:
    _, (clip, *_) = world
    first = decide(engine, clip, APPROVE, "ann")
    decide(engine, clip, APPROVE, "ben")
    with pytest.raises(Conflict, match=r"ben has approved clip \d+ since"):
        undo(engine, first.event_id)
    undo(engine, actor="ben", page="ben")
    assert now(engine, clip) == (PENDING, [("ann", "approve")])
    assert clip.id in queue(engine, "ben")
    undo(engine, first.event_id, page="ann")
    assert now(engine, clip) == (PENDING, [])
    assert clip.id in queue(engine, "ann")


def test_a_decision_that_is_sent_again_is_one_opinion(engine, world) -> None:
    _, (clip, *_) = world
    made = decide(engine, clip, APPROVE, "ann")
    again = decide(engine, clip, APPROVE, "ann", version=clip.version)
    assert again.event_id == made.event_id
    assert now(engine, clip)[1] == [("ann", "approve")]
    with pytest.raises(Conflict, match="now somebody else has to"):
        decide(engine, clip, APPROVE, "ann")


def test_other_frames_begin_anew_and_what_one_said_before_comes_back_with_the_undo(
    engine, world
) -> None:
    video, (first, second, third, _) = world
    for who in ("ann", "ben"):
        decide(engine, first, APPROVE, who)
        decide(engine, third, SKIP, who)
    decide(engine, second, SKIP, "ann")
    decide(engine, second, Nudge(Side.PREVIOUS, second.start_frame + 1), "cyd")
    assert now(engine, first) == now(engine, second) == (PENDING, [])
    undo(engine, actor="cyd")
    assert now(engine, first) == (APPROVED, [("ann", "approve"), ("ben", "approve")])
    assert now(engine, second) == (PENDING, [("ann", "skip")])
    decide(engine, third, Split([third.start_frame + 1]), "cyd")
    made = [clip for clip in live(engine, video) if clip.made_by == "split"]
    assert [now(engine, clip) for clip in made] == [(PENDING, [])] * 2
    with pytest.raises(Conflict, match="Two people decide on clip"):
        decide(engine, made[1], Group(), "cyd")


def test_of_a_batch_each_clip_counts_by_itself(engine, world) -> None:
    _, (one, two, three, _) = world
    decide(engine, one, SKIP, "ann")
    decide(engine, two, SKIP, "ben")
    with transaction(engine) as session:
        versions = {each.id: clips.get(session, each.id).version for each in (one, two, three)}
        outcome, refused = reviews.decide_all(
            session, actor="ben", versions=versions, decision=SKIP
        )
    assert [*refused] == [two.id]
    assert [now(engine, each)[0] for each in (one, two, three)] == [SKIPPED, PENDING, PENDING]
    undo(engine, outcome.event_id, "ben")
    assert now(engine, one) == (PENDING, [("ann", "skip")])
    assert now(engine, three) == (PENDING, [])


def test_rules_are_for_films_labels_and_shares_and_what_has_begun_goes_on(engine) -> None:
    video, (one, two, three, four) = ready_video(engine, frame_count=100, cuts=[20, 50, 75])
    _, (elsewhere, *_) = ready_video(engine, "film-2")
    ask_two(engine, video.key)
    decide(engine, one, SKIP, "ann")
    decide(engine, elsewhere, SKIP, "ann")
    assert (now(engine, one)[0], now(engine, elsewhere)[0]) == (PENDING, SKIPPED)
    with transaction(engine) as session:
        opinions.drop(session, Scope(video.key))
        with pytest.raises(HeatersError, match="no rule for source film-1"):
            opinions.drop(session, Scope(video.key))
    decide(engine, two, SKIP, "ann")
    assert now(engine, two) == (SKIPPED, [])
    decide(engine, one, SKIP, "ben")
    assert now(engine, one)[0] == SKIPPED
    with transaction(engine) as session:
        labels.add(session, "hard")
    ask_two(engine, label="hard")
    annotate(engine, three, labels=["hard"])
    decide(engine, three, SKIP, "ann")
    decide(engine, four, SKIP, "ann")
    assert [now(engine, each)[0] for each in (three, four)] == [PENDING, SKIPPED]
    ask_two(engine)
    decide(engine, two, APPROVE, "ben")
    assert now(engine, two) == (APPROVED, []), "one person had decided on it before"


def test_new_cut_points_leave_a_clip_with_an_opinion(engine, world) -> None:
    video, (first, *_) = world
    decide(engine, first, SKIP, "ann")
    with transaction(engine) as session:
        replanning.replan(session, video, [first.start_frame + 2, first.end_frame])
    assert live(engine, video)[0].id == first.id


def test_kappa_is_counted_by_pair_and_by_label(engine, world) -> None:
    _, made = world
    for clip, theirs, also in zip(
        made, (APPROVE, APPROVE, SKIP, SKIP), (APPROVE, SKIP, SKIP, SKIP), strict=True
    ):
        first, second = ("ann", "ben") if clip.id % 2 else ("ben", "ann")
        decide(engine, clip, theirs if first == "ann" else also, first)
        decide(engine, clip, also if first == "ann" else theirs, second)
    annotate(engine, made[0], labels=["night"])
    with transaction(engine) as session:
        found = opinions.agreement(session)
        assert opinions.still_open(session) == (0, 1)
    assert [*found.of_pairs] == [("ann", "ben")]
    number, share, kappa = found.of_pairs["ann", "ben"]
    assert (number, share) == (4, 0.75)
    assert kappa == pytest.approx(0.5)
    assert found.of_labels == {"night": (1, 1.0, None)}


def test_the_second_learns_nothing_of_the_first_until_both_have_decided(
    app: Flask, engine: Engine, world
) -> None:
    _, (clip, *_) = world
    add_people(engine, zenobia=Role.ADMIN, ben=Role.REVIEWER, cyd=Role.REVIEWER)
    first, second, third = (signed_in(app, name) for name in ("zenobia", "ben", "cyd"))

    def told(browser: Browser) -> str:
        pages = [
            f"/clips/{clip.id}",
            f"/api/v1/clips/{clip.id}",
            f"/api/v1/clips/{clip.id}/history",
            f"/api/v1/queue?clip={clip.id}",
            "/api/v1/queue?limit=10",
            "/api/v1/queue?limit=10&differ=yes",
            "/team",
            "/library?state=pending",
            "/api/v1/clips?state=pending",
            f"/api/v1/queue?clip={clip.id}&reviewer=zenobia",
            "/api/v1/mine",
            "/statistics?reviewer=ben",
        ]
        texts = [browser.client.get(page).text for page in pages]
        reviewers = re.compile(r"(?s)<h2>Reviewers, last 30 days.*?</section>")
        return " ".join(reviewers.sub("", text) for text in texts)

    def send(browser: Browser, action: str) -> Any:
        with transaction(engine) as session:
            version = clips.get(session, clip.id).version
        answer = browser.post(
            f"/api/v1/clips/{clip.id}/decisions", {"action": action, "version": version}
        )
        assert answer.status_code == 200, answer.text
        return answer.get_json()

    before = told(second)
    send(first, "archive")
    after = told(second)
    assert "zenobia" not in after
    assert after.count("archive") == before.count("archive")
    undone = first.post("/api/v1/undo", {})
    assert undone.status_code == 200
    assert "zenobia" not in told(second)
    send(first, "archive")
    (answered,) = send(second, "approve")["clips"]
    assert answered["state"] == PENDING
    shown = third.client.get("/api/v1/queue?differ=yes").get_json()["clips"]
    assert [each["opinions"] for each in shown] == [
        [{"actor": "zenobia", "action": "archive"}, {"actor": "ben", "action": "approve"}]
    ]
    assert "zenobia" in told(third)
    assert send(third, "approve")["clips"][0]["state"] == APPROVED
    assert "archived by zenobia, approved by ben, approved by cyd" in told(third)
    events = second.client.get(f"/api/v1/clips/{clip.id}/history").get_json()["events"]
    assert [(each["actor"], each["action"]) for each in events[:2]] == [
        ("cyd", "approve"),
        ("ben", "approve"),
    ], "the newest first"


def test_an_undo_that_gives_other_frames_voids_what_was_said_since(engine, world) -> None:
    _, (first, second, *_) = world
    decide(engine, second, Nudge(Side.PREVIOUS, second.start_frame + 1), "cyd")
    decide(engine, first, APPROVE, "ann")
    for who in ("ann", "ben"):
        decide(engine, second, SKIP, who)
    undo(engine, actor="cyd")
    assert now(engine, first) == now(engine, second) == (PENDING, [])


def test_an_undo_brings_no_opinion_back_that_another_undo_voided(engine, world) -> None:
    _, (_, clip, *_) = world
    decide(engine, clip, Nudge(Side.PREVIOUS, clip.start_frame + 1), "cyd")
    decide(engine, clip, SKIP, "ann")
    decide(engine, clip, SKIP, "ben")
    assert now(engine, clip)[0] == SKIPPED
    undo(engine, actor="cyd")
    assert now(engine, clip) == (PENDING, [])
    undo(engine, actor="ben")
    assert now(engine, clip) == (PENDING, []), "Ann spoke of other frames"
    undo(engine, actor="ann")
    assert now(engine, clip) == (PENDING, [])


def test_an_undo_that_an_opinion_bars_does_not_tell_of_it(engine, world) -> None:
    video, (clip, *_) = world
    decide(engine, clip, Split([10]), "ann")
    first, *_ = live(engine, video)
    decide(engine, first, SKIP, "ben")
    with pytest.raises(Conflict) as refused:
        undo(engine, actor="ann")
    assert str(refused.value) == (
        f"Somebody has decided on clip {first.id} since: undo that first."
    )


def test_operators_set_rules_on_the_page_of_the_team(app: Flask, engine: Engine) -> None:
    video, _ = ready_video(engine)
    add_people(engine, ann=Role.ADMIN, olga=Role.OPERATOR, ben=Role.REVIEWER)
    operator, reviewer = signed_in(app, "olga"), signed_in(app, "ben")
    assert reviewer.send("POST", "/team/opinions", share="100").status_code == 403
    assert operator.send("POST", "/team/opinions", share="20", video=video.key).status_code == 303
    assert operator.send("POST", "/team/opinions", share="200").status_code == 400
    assert (
        operator.send("POST", "/team/opinions", share="9", video="x", label="y").status_code == 400
    )
    for browser in (operator, reviewer):
        assert "Two people decide on 20 % of the clips" in browser.load("/team").text
    assert "Set a rule" not in reviewer.load("/team").text
    assert operator.send("POST", "/team/opinions/drop", video=video.key).status_code == 303
    assert "One person decides on each clip" in reviewer.load("/team").text


def test_the_page_of_statistics_tells_how_well_people_agree(
    app: Flask, engine: Engine, world
) -> None:
    for clip in world[1][:3]:
        for who in ("ann", "ben"):
            decide(engine, clip, SKIP if clip is world[1][0] else APPROVE, who)
    add_people(engine, ann=Role.ADMIN)
    ann = signed_in(app, "ann")
    page = ann.load("/statistics")
    assert page.status_code == 200
    text = " ".join(re.sub(r"<[^>]+>", " ", page.text).split())
    assert "Between Clips Agreed Kappa ann and ben 3 100 % 1.00" in text
    told = ann.client.get("/api/v1/statistics").get_json()["agreement"]
    assert told["of_pairs"] == [{"people": ["ann", "ben"], "number": 3, "share": 1.0, "kappa": 1.0}]
