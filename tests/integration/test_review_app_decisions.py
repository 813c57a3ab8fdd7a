"""Decisions, batches, selections, labels and removals over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy import Engine
from sqlmodel import Session

from heaters_pipeline.db import (
    clip_work,
    clips,
    embeddings,
    likeness,
    source_list,
    source_videos,
)
from heaters_pipeline.db.embeddings import PREVIEW
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.db.likeness import Likeness
from heaters_pipeline.db.source_list import Choice
from heaters_pipeline.domain.states import EXPORT
from heaters_pipeline.settings import Settings
from review_app.api.decisions import LARGEST_BATCH
from tests.reviewer import Reviewer
from tests.rows import ready_video, show_the_same


@pytest.fixture
def app_settings(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The app learns from each decision at once."""
    monkeypatch.setattr("review_app.learnt.KEPT_SECONDS", 0.0)
    return settings


@pytest.fixture
def reviewer(app: Flask, engine: Engine) -> Reviewer:
    """With clips of frames 0 to 9, 10 to 49, 50 to 69 and 70 to 99."""
    ready_video(engine, frame_count=100, cuts=[10, 50, 70])
    return Reviewer(app)


def ranges(found: list[dict[str, Any]]) -> list[tuple[int, int]]:
    return [(clip["start_frame"], clip["end_frame"]) for clip in found]


def test_nobody_waits_for_a_clip_while_the_app_learns(
    reviewer: Reviewer, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each request here learns anew: no clip is locked meanwhile."""
    lockable: list[int] = []
    learn = likeness.learn

    def learn_and_look(session: Session) -> Likeness | None:
        with engine.begin() as other:
            rows = other.execute(sa.text("SELECT id FROM clips FOR UPDATE NOWAIT"))
            lockable.append(len(rows.all()))
        return learn(session)

    monkeypatch.setattr(likeness, "learn", learn_and_look)
    first, second, third, _ = reviewer.queue()
    assert reviewer.decide(first, "approve").status_code == 200
    assert reviewer.decide(second, "group").status_code == 200
    assert reviewer.decide(third, "split", frame=60).status_code == 200
    assert reviewer.decide(first, "skip").status_code == 409
    assert reviewer.post("/api/v1/undo", {}).status_code == 200
    batch(reviewer, "skip", reviewer.queue()[:1])
    assert len(lockable) >= 7
    assert min(lockable) >= 4


def pending(answer: Any) -> list[tuple[int, int]]:
    found = answer.get_json()["clips"]
    return ranges([clip for clip in found if clip["state"] == "pending_review"])


def batch(reviewer: Reviewer, action: str, found: list[dict[str, Any]], **fields: Any) -> Any:
    seen = [{"id": clip["id"], "version": clip["version"]} for clip in found]
    answer = reviewer.post("/api/v1/decisions", {"action": action, "clips": seen, **fields})
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return answer.get_json()


def test_a_brief_answer_tells_what_a_mark_or_an_annotation_changed(reviewer: Reviewer) -> None:
    def brief(clip: dict[str, Any], action: str, **fields: Any) -> Any:
        body = {"action": action, "version": clip["version"], **fields}
        answer = reviewer.post(f"/api/v1/clips/{clip['id']}/decisions", body, brief=1).get_json()
        assert isinstance(answer["event_id"], int)
        return answer["clips"]

    def now(clip: dict[str, Any]) -> Any:
        return reviewer.post(f"/api/v1/clips/{clip['id']}/lease", {}).get_json()["clip"]

    first, second, *_ = reviewer.queue()
    for action, fields in (
        ("approve", {}),
        ("annotate", {"labels": ["night"], "rating": 4, "chosen_frames": [3]}),
        ("skip", {}),
    ):
        seen = now(first)
        [told] = brief(seen, action, **fields)
        assert seen | told == now(first)
        assert len(told) < len(seen) / 2
    assert brief(seen, "skip") == [told]  # its answer was lost
    assert reviewer.decide(now(first), "nudge", edge="end", frame=8).status_code == 200
    assert brief(seen, "skip") == [now(first)]  # and its frames are others now
    assert [len(each) for each in brief(now(second), "split", frame=30)] == [len(second)] * 3


def test_a_clip_carries_its_neighbours_and_what_was_said_of_it(reviewer: Reviewer) -> None:
    first, second, *_, last = reviewer.queue()
    assert (first["previous"], last["next"]) == (None, None)
    assert first["next"] == second["previous"] | {
        key: second[key] for key in ("id", "start_frame", "end_frame", "state")
    }
    said = {"labels": ["indoor"], "rating": 4, "note": "dark"}
    answer = reviewer.decide(first, "annotate", **said).get_json()
    assert said.items() <= answer["clips"][0].items()
    assert said.items() <= reviewer.queue()[0].items()
    assert reviewer.queue()[0]["score"] is None
    assert reviewer.queue()[0]["video"]["sprites"] is None


def test_splits_merges_and_nudges(reviewer: Reviewer) -> None:
    _, second, third, _ = reviewer.queue()
    answer = reviewer.decide(second, "nudge", edge="end", frame=45)
    assert ranges(answer.get_json()["clips"]) == [(10, 45), (45, 70)]
    assert [clip["version"] for clip in answer.get_json()["clips"]] == [2, 2]
    again = reviewer.decide(second, "nudge", edge="end", frame=45)
    assert again.get_json()["event_id"] == answer.get_json()["event_id"]
    assert reviewer.decide(third, "approve").status_code == 409

    second = reviewer.queue()[1]
    parts = reviewer.decide(second, "split", frames=[20, 30])
    assert pending(parts) == [(10, 20), (20, 30), (30, 45)]
    middle = reviewer.queue()[2]
    assert pending(reviewer.decide(middle, "merge", side="next")) == [(20, 45)]
    merged = reviewer.queue()[2]
    assert pending(reviewer.decide(merged, "merge", side="previous")) == [(10, 45)]
    for left in ([(10, 20), (20, 45)], [(20, 30), (30, 45)], [(10, 45)]):
        assert pending(reviewer.post("/api/v1/undo", {})) == left
    undone = reviewer.post("/api/v1/undo", {}).get_json()
    assert (ranges(undone["clips"]), undone["undone"]) == ([(10, 50), (50, 70)], 1)


def test_a_group_is_one_decision_on_two_clips(reviewer: Reviewer) -> None:
    _, second, third, _ = reviewer.queue()
    answer = reviewer.decide(second, "group").get_json()
    assert ranges(answer["clips"]) == [(0, 10), (10, 50)]
    assert {clip["state"] for clip in answer["clips"]} == {"review_approved"}
    assert reviewer.decide(second, "group").get_json()["event_id"] == answer["event_id"]
    assert ranges(reviewer.queue()) == [(50, 70), (70, 100)]

    reviewer.decide(third, "archive")
    refused = reviewer.decide(reviewer.queue()[0], "group")
    assert refused.status_code == 409
    assert refused.get_json()["detail"] == (
        "The clip before is archived, so this one can't be grouped with it any more."
    )
    reviewer.post("/api/v1/undo", {})

    mine = reviewer.client.get("/api/v1/mine").get_json()
    (decision,) = mine["recent"]
    assert (mine["today"], decision["action"], decision["count"]) == (1, "group", 1)
    assert (decision["start_frame"], decision["end_frame"]) == (0, 50)
    undone = reviewer.post("/api/v1/undo", {"event_id": answer["event_id"]})
    assert (undone.get_json()["undone"], pending(undone)) == (1, [(0, 10), (10, 50)])
    assert ranges(reviewer.queue()) == [(0, 10), (10, 50), (50, 70), (70, 100)]
    assert reviewer.client.get("/api/v1/mine").get_json()["today"] == 0


@pytest.mark.parametrize(
    "body",
    [
        {"action": "merge", "side": "left"},
        {"action": "split", "frames": []},
        {"action": "split", "frames": [20, "30"]},
        {"action": "split", "frames": 20},
        {"action": "split", "frames": [20, 10]},
        {"action": "nudge", "frame": 12},
        {"action": "nudge", "edge": "middle", "frame": 12},
        {"action": "nudge", "edge": "start"},
        {"action": "nudge", "edge": "start", "frame": 0},
        {"action": "annotate"},
        {"action": "annotate", "rating": 9},
        {"action": "annotate", "labels": ["a,b"]},
        {"action": "remove"},
        {"action": ["approve"]},
    ],
)
def test_what_makes_no_sense_is_refused_with_a_sentence(
    reviewer: Reviewer, body: dict[str, Any]
) -> None:
    before = reviewer.queue()
    clip = before[1]
    answer = reviewer.post(f"/api/v1/clips/{clip['id']}/decisions", {"version": 1, **body})
    assert answer.status_code == 400
    assert answer.get_json()["detail"].endswith(".")
    assert reviewer.queue() == before


def test_a_batch_tells_what_was_done_and_what_was_not(app: Flask, reviewer: Reviewer) -> None:
    found = reviewer.queue()
    Reviewer(app).decide(found[1], "skip")
    answer = batch(reviewer, "approve", [*found[:3], {"id": 999, "version": 1}])
    assert answer["batch_id"] == answer["event_id"]
    assert ranges(answer["clips"]) == [(0, 10), (50, 70)]
    stale, unknown = sorted(answer["refused"], key=lambda each: each["id"])
    assert (stale["id"], stale["clip"]["state"]) == (found[1]["id"], "review_skipped")
    assert "changed since" in stale["error"]
    assert (unknown["id"], unknown["clip"]) == (999, None)

    mine = reviewer.client.get("/api/v1/mine").get_json()
    assert mine["today"] == 2
    assert [(each["id"], each["count"]) for each in mine["recent"]] == [(answer["event_id"], 2)]
    undone = reviewer.post("/api/v1/undo", {"event_id": answer["event_id"]}).get_json()
    assert (undone["undone"], ranges(undone["clips"])) == (2, [(0, 10), (50, 70)])
    assert reviewer.post("/api/v1/undo", {"event_id": answer["event_id"]}).status_code == 410
    none = batch(reviewer, "skip", found[1:2])
    assert (none["batch_id"], none["event_id"], none["clips"]) == (None, None, [])


def test_annotations_are_no_decisions_in_the_count(reviewer: Reviewer) -> None:
    found = reviewer.queue()
    answer = batch(reviewer, "annotate", found[:2], labels=["indoor"])
    assert [clip["labels"] for clip in answer["clips"]] == [["indoor"]] * 2
    mine = reviewer.client.get("/api/v1/mine").get_json()
    assert (mine["today"], len(mine["recent"])) == (0, 1)
    told = mine["recent"][0]
    assert told["fields"] == ["labels"]
    assert (told["was"]["labels"], told["now"]["labels"]) == ([], ["indoor"])


def test_a_moved_cut_is_told_by_the_clip_that_follows_it(reviewer: Reviewer) -> None:
    first, second, *_ = reviewer.queue()
    reviewer.decide(first, "nudge", edge="end", frame=12)
    (told,) = reviewer.client.get("/api/v1/mine").get_json()["recent"]
    assert told["was"]["id"] == told["now"]["id"] == second["id"]
    assert (told["was"]["start_frame"], told["now"]["start_frame"]) == (10, 12)
    assert told["now"]["video"]["key"] == second["video"]["key"]


@pytest.mark.parametrize(
    "body",
    [
        {"action": "merge", "clips": [{"id": 1, "version": 1}]},
        {"action": "approve"},
        {"action": "approve", "clips": []},
        {"action": "approve", "clips": [1]},
        {"action": "approve", "clips": [{"id": 1}]},
        {"action": "approve", "clips": [{"id": n, "version": 1} for n in range(1001)]},
        {"action": "annotate", "clips": [{"id": 1, "version": 1}]},
    ],
)
def test_a_batch_that_makes_no_sense_is_refused(reviewer: Reviewer, body: dict[str, Any]) -> None:
    assert reviewer.post("/api/v1/decisions", body).status_code == 400


def test_the_queue_of_a_selection(app: Flask, reviewer: Reviewer, engine: Engine) -> None:
    def asked(**query: Any) -> Any:
        return reviewer.lease(**query)

    ready_video(engine, "film-2")
    everything = asked(limit=2)
    assert (len(everything["clips"]), everything["total"], everything["pending"]) == (2, 7, 7)
    longest = asked(video="film-1", order="longest", limit=1)
    assert (ranges(longest["clips"]), longest["total"]) == ([(10, 50)], 4)
    assert ranges(asked(max_seconds=0.9, order="shortest", video="film-1")["clips"]) == [
        (0, 10),
        (50, 70),
    ]

    other = Reviewer(app)
    other.queue(video="film-2", limit=3)
    assert asked(video="film-2") == {
        "clips": [],
        **{"pending": 3, "with_others": 3, "total": 3, "available": 0},
    }

    first = reviewer.queue()[0]
    reviewer.decide(first, "skip")
    skipped = asked(state="skipped", video="film-1")
    assert ranges(skipped["clips"]) == [(0, 10)]
    assert (skipped["total"], skipped["pending"], skipped["with_others"]) == (1, 3, 0)
    other.queue(video="film-1", limit=3)
    assert asked(state="skipped")["available"] == 1  # whatever others have of those that wait
    assert asked(state="approved")["total"] == 0
    assert ranges(asked(clip=first["id"])["clips"]) == [(0, 10)]
    for wrong in ({"order": "odd"}, {"limit": 1001}, {"min_score": 2}):
        assert reviewer.client.get("/api/v1/queue", query_string=wrong).status_code == 400
        assert reviewer.post("/api/v1/queue", {}, **wrong).status_code == 400


def test_one_clip_that_is_asked_for_is_kept_for_who_asked_first(
    app: Flask, reviewer: Reviewer, engine: Engine
) -> None:
    last = reviewer.queue()[-1]
    reviewer.post("/api/v1/release", {})
    assert reviewer.clip(last["id"]) == last
    other = Reviewer(app)
    assert other.clip(last["id"]) == last
    assert last["id"] not in [clip["id"] for clip in other.queue()]


def test_a_clip_that_was_decided_on_opens_with_its_verdict_and_can_be_decided_on_anew(
    app: Flask, reviewer: Reviewer
) -> None:
    first, second, third, _ = reviewer.queue()

    def opened(clip: dict[str, Any]) -> Any:
        return reviewer.post(f"/api/v1/clips/{clip['id']}/lease", {}).get_json()["clip"]

    assert opened(first) == first
    assert first["verdict"] is None
    reviewer.client.post(
        "/api/v1/reviewer", json={"name": "ann"}, headers={"X-CSRFToken": reviewer.token}
    )
    reviewer.decide(first, "approve")
    approved = opened(first)
    assert (approved["state"], approved["verdict"]["action"]) == ("review_approved", "approve")
    assert approved["verdict"]["actor"] == "ann"
    assert datetime.fromisoformat(approved["verdict"]["at"]).tzinfo is not None
    anew = Reviewer(app).decide(approved, "archive").get_json()
    assert opened(first)["verdict"]["action"] == "archive"
    reviewer.post("/api/v1/undo", {"event_id": anew["event_id"]})
    assert opened(first)["state"] == "review_approved"
    assert opened(first)["verdict"] == approved["verdict"]

    reviewer.decide(opened(second), "annotate", rating=3)
    assert opened(second)["verdict"] is None
    split = reviewer.decide(third, "split", frame=60).get_json()
    for gone in (
        reviewer.client.get(f"/api/v1/clips/{third['id']}"),
        reviewer.post(f"/api/v1/clips/{third['id']}/lease", {}),
    ):
        assert gone.status_code == 410
        assert "was replaced by a merge or a split" in gone.get_json()["detail"]
    assert reviewer.client.get("/api/v1/clips/999999").status_code == 404
    assert reviewer.post("/api/v1/clips/999999/lease", {}).status_code == 404
    recent = reviewer.client.get("/api/v1/mine").get_json()["recent"]
    made = [clip["id"] for clip in split["clips"] if clip["state"] == "pending_review"]
    assert [each["clip_id"] for each in recent] == [made[0], second["id"], first["id"]]


def test_older_decisions_are_told_page_by_page(
    reviewer: Reviewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("review_app.views.decisions.RECENT", 2)
    found = reviewer.queue()
    made = [reviewer.decide(clip, "skip").get_json()["event_id"] for clip in found]

    def told(**query: Any) -> tuple[list[int], bool]:
        mine = reviewer.client.get("/api/v1/mine", query_string=query).get_json()
        return [each["id"] for each in mine["recent"]], mine["has_older"]

    assert told() == ([made[3], made[2]], True)
    assert told(before=made[2]) == ([made[1], made[0]], True)
    assert told(before=made[0]) == ([], False)
    undone = reviewer.post("/api/v1/undo", {"event_id": made[1]}).get_json()
    assert (undone["undone"], undone["today"]) == (1, 3)
    assert told(before=made[2]) == ([made[0]], False)


def test_reading_leases_nothing(app: Flask, reviewer: Reviewer, engine: Engine) -> None:
    for _ in range(2):
        anybody = app.test_client()
        (first, *_) = anybody.get("/api/v1/queue?stacks=1").get_json()["clips"]
        assert anybody.get(f"/api/v1/clips/{first['id']}").get_json()["clip"] == first
        assert anybody.get(f"/api/v1/queue?clip={first['id']}").get_json()["clips"] == [first]
    with transaction(engine) as session:
        leased = sa.text("SELECT count(*) FROM clips WHERE leased_by IS NOT NULL")
        assert session.scalar(leased) == 0
    assert len(reviewer.queue()) == 4


def test_each_page_of_a_reviewer_has_leases_of_its_own(app: Flask, reviewer: Reviewer) -> None:
    reviewer.page = "one"
    first, second = reviewer.queue(limit=2)
    split = reviewer.decide(second, "split", frame=30).get_json()
    made = [clip["id"] for clip in split["clips"] if clip["state"] == "pending_review"]
    assert [clip["id"] for clip in reviewer.queue(limit=3)] == [first["id"], *made]
    reviewer.page = "two"
    others = [clip["id"] for clip in reviewer.queue()]
    assert len(others) == 2
    assert not {first["id"], *made} & {*others}
    answer = reviewer.client.get("/api/v1/queue", headers={"X-Heaters-Page": "two"}).get_json()
    assert (answer["pending"], answer["with_others"], answer["available"]) == (5, 0, 2)
    reviewer.post("/api/v1/undo", {"event_id": split["event_id"]})
    assert len(reviewer.queue()) == 3
    reviewer.post("/api/v1/release", {})
    reviewer.page = "one"
    assert len(reviewer.queue(limit=1)) == 1
    assert [clip["id"] for clip in Reviewer(app).queue()] == sorted([*others, second["id"]])


@pytest.mark.parametrize("page", ["", "a b", "x" * 65, "é"])
def test_a_page_with_a_malformed_token_is_refused(reviewer: Reviewer, page: str) -> None:
    reviewer.page = page
    assert reviewer.post("/api/v1/release", {}).status_code == 400


def test_clips_are_scored_by_what_was_decided(reviewer: Reviewer, engine: Engine) -> None:
    first, second, third, fourth = reviewer.queue()
    with transaction(engine) as session:
        for clip, place in ((first, 1.0), (second, -1.0), (third, 0.9), (fourth, 0.1)):
            embeddings.save(session, clip["id"], "m", PREVIEW, [place, 0.5])
    reviewer.decide(first, "approve")
    assert [clip["score"] for clip in reviewer.queue()] == [None] * 3
    reviewer.decide(second, "archive")
    uncertain = reviewer.queue(order="uncertain")
    assert [clip["id"] for clip in uncertain] == [fourth["id"], third["id"]]
    assert 0.5 < uncertain[0]["score"] < uncertain[1]["score"] < 0.9
    assert [clip["id"] for clip in reviewer.queue(min_score=0.8)] == [third["id"]]


@pytest.mark.parametrize("event_id", [10**6, -1])
def test_a_decision_that_never_was_can_not_be_undone(reviewer: Reviewer, event_id: int) -> None:
    refused = reviewer.post("/api/v1/undo", {"event_id": event_id})
    assert refused.status_code == 400
    assert refused.get_json()["detail"] == f"There is no decision {event_id}."


def test_a_video_is_removed_and_added_again(
    reviewer: Reviewer, engine: Engine, settings: Settings
) -> None:
    clip = reviewer.queue()[0]
    reviewer.decide(clip, "approve")
    form = {"csrf_token": reviewer.token}
    answer = reviewer.client.post("/sources/film-1/remove", data=form)
    assert answer.status_code == 303
    assert reviewer.queue() == []
    page = reviewer.client.get("/sources").get_data(as_text=True)
    assert "Film-1 is removed." in page
    assert "video-film-1" not in page
    refused = reviewer.post("/api/v1/undo", {"event_id": reviewer_event(engine, clip["id"])})
    assert refused.status_code == 410
    assert "has been removed since" in refused.get_json()["detail"]
    assert reviewer.client.get("/api/v1/mine").get_json()["recent"] == []
    history = reviewer.client.get(f"/clips/{clip['id']}").get_data(as_text=True)
    assert "removed with its video" in history
    assert 'name="event_id"' not in history
    assert reviewer.client.post("/sources/film-1/remove", data=form).status_code == 400
    assert reviewer.client.post("/sources/no-such/remove", data=form).status_code == 404
    assert reviewer.client.post("/sources/film-1/remove").status_code == 400  # no token
    with transaction(engine) as session:
        assert source_list.newest_first(session, Choice.ALL, "", 9, 0) == []


def reviewer_event(engine: Engine, clip_id: int) -> int:
    with transaction(engine) as session:
        return next(e.id for e in clips.history(session, clip_id) if e.action == "approve")


def test_a_video_with_a_run_at_work_is_not_removed(reviewer: Reviewer, engine: Engine) -> None:
    from heaters_pipeline.db.locks import video_lock

    with video_lock(engine, "film-1"):
        form = {"csrf_token": reviewer.token}
        assert reviewer.client.post("/sources/film-1/remove", data=form).status_code == 409
    with transaction(engine) as session:
        assert source_videos.get(session, "film-1").state == "ready"
        assert clip_work.claim(session, 1, EXPORT, 0) == []
    assert len(reviewer.queue()) == 4


HUGE = 10**30


@pytest.mark.parametrize(
    ("url", "body"),
    [
        ("/api/v1/clips/1/decisions", {"action": "annotate", "version": 1, "note": "\ud800"}),
        (f"/api/v1/clips/{HUGE}/decisions", {"action": "skip", "version": 1}),
        ("/api/v1/decisions", {"action": "skip", "clips": [{"id": HUGE, "version": 1}]}),
        ("/api/v1/undo", {"event_id": HUGE}),
    ],
)
def test_what_no_database_holds_is_refused_with_a_sentence(
    reviewer: Reviewer, url: str, body: dict[str, Any]
) -> None:
    answer = reviewer.post(url, body)
    assert answer.status_code == 400
    assert answer.get_json()["detail"].endswith((": check it.", "line 1 column 39."))


def test_json_without_end_is_refused_with_a_sentence(reviewer: Reviewer) -> None:
    headers = {"X-CSRFToken": reviewer.token, "Content-Type": "application/json"}
    answer = reviewer.client.post("/api/v1/undo", data="[" * 100_000, headers=headers)
    assert (answer.status_code, "must carry a JSON object" in answer.text) == (400, True)


@pytest.mark.parametrize(
    "url",
    [
        *(f"/clips/{HUGE}{part}" for part in ("", "/clip.mp4", "/keyframes/1.jpg")),
        "/media/%00/frames/0-3",
    ],
)
def test_addresses_of_what_can_not_be_lead_nowhere(reviewer: Reviewer, url: str) -> None:
    answer = reviewer.client.get(url)
    assert (answer.status_code, "check it" in answer.text) == (404, True)


@pytest.mark.parametrize(
    "url", [f"/{page}?page={HUGE}" for page in ("library", "sources", "statistics")]
)
def test_parameters_that_no_database_holds_are_refused(reviewer: Reviewer, url: str) -> None:
    answer = reviewer.client.get(url)
    assert (answer.status_code, "check it" in answer.text) == (400, True)


def test_clips_that_show_the_same_come_as_stacks(reviewer: Reviewer, engine: Engine) -> None:
    ids = [clip["id"] for clip in reviewer.queue()]
    show_the_same(engine, ids[0], ids[2])
    with transaction(engine) as session:
        for clip_id, vector in zip(ids, ([1, 0], [0, 1], [0.99, 0.05], [0.9, 0.2]), strict=True):
            embeddings.save(session, clip_id, "m", PREVIEW, vector)

    def stacks(**query: object) -> list[list[int]]:
        return list(reviewer.lease(stacks=1, **query)["stacks"])

    assert stacks() == [[ids[0], ids[2]]]
    assert stacks(order="longest") == [[ids[2], ids[0]]]
    assert stacks(limit=1) == [[ids[0], ids[2]]]
    assert "stacks" not in reviewer.client.get("/api/v1/queue").get_json()

    def alike(place: int) -> tuple[list[int], int]:
        found = reviewer.client.get(f"/api/v1/clips/{ids[place]}/alike").get_json()
        return [ids.index(clip["id"]) for clip in found["clips"]], len(found["same"])

    told = [alike(place) for place in range(4)]
    assert told == [([2, 3], 1), ([], 0), ([0, 3], 1), ([2, 0], 0)]


def test_clips_that_are_leased_with_their_stacks_fit_into_one_batch(
    reviewer: Reviewer, engine: Engine
) -> None:
    frames = LARGEST_BATCH + 1
    _, made = ready_video(engine, "long", frame_count=frames, cuts=range(1, frames))
    show_the_same(engine, made[0].id, made[-1].id)

    def leased(limit: int) -> tuple[int, list[list[int]]]:
        found = reviewer.lease(video="long", limit=limit, stacks=1)
        return len(found["clips"]), found["stacks"]

    assert leased(LARGEST_BATCH) == (LARGEST_BATCH, [])
    assert leased(LARGEST_BATCH - 1) == (LARGEST_BATCH, [[made[0].id, made[-1].id]])
