"""What shows again what was there before is found, told, stacked, decided at once, taken apart."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import dagster as dg
import numpy as np
import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy import Engine
from sqlmodel import select

from heaters_pipeline.db import clips, removal, repeats, source_videos
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.db.models import Clip, RepeatRow, SourceVideo
from heaters_pipeline.domain.repeats import METHOD
from heaters_pipeline.domain.states import ClipState
from heaters_pipeline.orchestration.sensors import missing_repeats
from heaters_pipeline.settings import Settings
from heaters_pipeline.work.pipeline import Pipeline, open_pipeline
from heaters_pipeline.work.repeats import seek_missing, seek_repeats
from review_app.views import library
from tests.jobs import run_job, tick
from tests.reviewer import Reviewer
from tests.rows import ready_video, show_the_same
from tests.small_films import COPIES, Film, cropped, mirrored, shot, takes

AddFilm = Callable[..., list[Clip]]


@pytest.fixture
def pipeline(engine: Engine, settings: Settings) -> Pipeline:
    return open_pipeline(engine, settings)


@pytest.fixture
def add(pipeline: Pipeline, tmp_path: Path) -> AddFilm:
    """Adds a film of shots, one clip each, and seeks what it repeats."""

    def added(key: str, shots: Sequence[Film], *, seeks: bool = True) -> list[Clip]:
        file = tmp_path / f"{key}.rgb"
        file.write_bytes(b"".join(each.tobytes() for each in shots))
        path = f"videos/{key}/thumbnails.rgb"
        pipeline.storage.put(file, path)
        ends = np.cumsum([len(each) for each in shots]).tolist()
        _, live = ready_video(pipeline.engine, key, frame_count=ends[-1], cuts=ends[:-1])
        with pipeline.transaction() as session:
            source_videos.record(session, key, {"frame_scores_filepath": path})
            video = source_videos.get(session, key)
        if seeks:
            seek_repeats(pipeline, video)
        return live

    return added


def pairs(pipeline: Pipeline, *films: Sequence[Clip]) -> set[tuple[int, int]]:
    """Which clips are the same, each named by its place in all films."""
    ids = [clip.id for film in films for clip in film]
    with pipeline.transaction() as session:
        found = repeats.among(session, ids, pipeline.settings.repeat_score)
    return {(ids.index(each.clip_id), ids.index(each.other_id)) for each in found}


def test_every_kind_of_copy_is_found_in_another_film_and_in_the_same(
    pipeline: Pipeline, add: AddFilm
) -> None:
    shots = [shot(seed, 50) for seed in range(len(COPIES))]
    first = add("first", [*shots, shot(20, 40)])
    copies = [copy(one) for copy, one in zip(COPIES, shots, strict=True)]
    second = add("second", [shot(30, 40), *copies, shot(31, 25)])
    expected = {(place, place + 8) for place in range(len(COPIES))}
    assert pairs(pipeline, first, second) == expected
    twice = add("twice", [shot(40, 50), shot(41, 30), COPIES[0](shot(40, 50))])
    assert pairs(pipeline, first, second, twice) == {*expected, (15, 17)}
    with pipeline.transaction() as session:
        told = repeats.of_clips(session, [second[1 + COPIES.index(mirrored)].id], 0.6)
    assert [each.is_mirrored for each in told] == [True]


def test_a_film_is_read_once_however_many_clips_repeat_it(
    pipeline: Pipeline, add: AddFilm, monkeypatch: pytest.MonkeyPatch
) -> None:
    shots = [shot(seed, 90) for seed in range(8)]
    add("first", shots)
    asked = []

    def count(name: str) -> None:
        plain = getattr(pipeline.storage, name)

        def counted(_: object, *rest: object) -> object:
            asked.append(name)
            return plain(*rest)

        monkeypatch.setattr(type(pipeline.storage), name, counted)

    for name in ("read_range", "size", "exists"):
        count(name)
    second = add("second", shots)
    assert asked == ["size", "read_range", "read_range"]  # of two blocks
    with pipeline.transaction() as session:
        assert len(repeats.of_clips(session, [clip.id for clip in second], 0.6)) == 8


def test_a_take_among_many_from_one_place_is_found(pipeline: Pipeline, add: AddFilm) -> None:
    """Also where the copy's own takes are more alike than the original and the copy."""
    shots = takes(1, 14, 50)
    first = add("first", shots)
    second = add("second", [cropped(each) for each in shots])
    found = pairs(pipeline, first, second)
    assert {(place, place + 14) for place in range(14)} <= found


def test_a_short_clip_in_a_longer_one_stays_found_when_the_long_one_is_cut(
    pipeline: Pipeline, add: AddFilm, app: Flask, engine: Engine
) -> None:
    long = shot(1, 120)
    add("long", [long, shot(2, 40)])
    short = add("short", [long[70:100]])
    reviewer = Reviewer(app)
    whole = next(clip for clip in reviewer.queue(limit=10) if clip["end_frame"] == 120)
    assert reviewer.decide(whole, "split", frame=60).status_code == 200
    parts = [clip for clip in reviewer.queue(limit=10) if clip["end_frame"] in (60, 120)]
    with transaction(engine) as session:
        told = repeats.of_clips(session, [short[0].id], 0.6)
    assert [each.other_id for each in told] == [parts[1]["id"]]
    assert told[0].share > 0.9
    page = reviewer.client.get(f"/clips/{short[0].id}").get_data(as_text=True)
    assert "The same as" in page


def test_films_that_share_much_are_told(
    pipeline: Pipeline, add: AddFilm, app: Flask, engine: Engine
) -> None:
    shots = [shot(seed, 50) for seed in range(4)]
    add("first", shots[:3], seeks=False)
    add("second", [*(COPIES[0](each) for each in shots[1:3]), shots[3][:30]], seeks=False)
    assert seek_missing(pipeline, 1).done == ["first"]
    assert seek_missing(pipeline, 5).done == ["second"]
    assert seek_missing(pipeline, 5).done == []
    page = app.test_client().get("/sources").get_data(as_text=True)
    told = re.findall(r"(\d+) % of this is in (\w+)", page)
    assert {title for _, title in told} == {"First", "Second"}
    assert {
        title: abs(int(share) - {"First": 77, "Second": 67}[title]) < 4 for share, title in told
    }
    with transaction(engine) as session:
        removal.remove(session, "first", actor="me")
    with transaction(engine) as session:
        assert session.exec(select(RepeatRow)).all() == []


@pytest.fixture
def both(engine: Engine) -> tuple[list[Clip], list[Clip]]:
    """Two films whose clips are the same, two by two, but for the last."""
    films = [ready_video(engine, key, cuts=[10, 50])[1] for key in ("one", "other")]
    for clip, other in list(zip(*films, strict=True))[:2]:
        show_the_same(engine, clip.id, other.id)
    return films[0], films[1]


def handed(reviewer: Reviewer, **query: object) -> list[list[int]]:
    return list(reviewer.lease(stacks=1, **query)["stacks"])


def test_a_stack_of_two_films_is_decided_and_undone_as_one(
    app: Flask, engine: Engine, both: tuple[list[Clip], list[Clip]]
) -> None:
    reviewer = Reviewer(app)
    first, second = both
    # Even where the first clip alone was asked for.
    assert handed(reviewer, limit=1) == [[first[0].id, second[0].id]]
    wanted = [{"id": clip[0].id, "version": clip[0].version} for clip in both]
    made = reviewer.post("/api/v1/decisions", {"action": "approve", "clips": wanted}).get_json()
    assert made["refused"] == []

    def states() -> set[str]:
        with transaction(engine) as session:
            return {clips.get(session, each["id"]).state for each in wanted}

    assert states() == {ClipState.REVIEW_APPROVED}
    assert reviewer.post("/api/v1/undo", {}).get_json()["undone"] == 2
    assert states() == {ClipState.PENDING_REVIEW}
    # Of one film alone, nothing of the other is handed out.
    assert handed(reviewer, limit=1, video="one", anew=1) == []


def test_what_another_reviewer_has_and_what_is_decided_is_in_no_stack(
    app: Flask, both: tuple[list[Clip], list[Clip]]
) -> None:
    first, second = both
    other, reviewer = Reviewer(app), Reviewer(app)
    other.page, reviewer.page = "their-page", "my-page"
    other.client.set_cookie("reviewer", "someone")
    assert [clip["id"] for clip in other.queue(limit=1, video="other")] == [second[0].id]
    assert handed(reviewer, limit=10) == [[first[1].id, second[1].id]]
    assert reviewer.decide(reviewer.clip(first[1].id), "approve").status_code == 200
    assert handed(reviewer, limit=10) == []
    told = reviewer.client.get(f"/api/v1/clips/{second[1].id}/alike").get_json()
    assert (told["same"], told["clips"][0]["state"]) == ([first[1].id], "review_approved")


def test_what_is_taken_apart_stays_apart(
    app: Flask, engine: Engine, both: tuple[list[Clip], list[Clip]]
) -> None:
    reviewer = Reviewer(app)
    first, second = both
    assert reviewer.post("/api/v1/apart", {"clips": [first[0].id]}).status_code == 400
    asked = {"clips": [second[0].id, first[0].id]}
    assert reviewer.post("/api/v1/apart", asked).status_code == 200
    assert handed(reviewer, limit=10) == [[first[1].id, second[1].id]]
    show_the_same(engine, second[0].id, first[0].id, score=0.95)
    # Clips that are cut anew are other rows of the same frames.
    clip = reviewer.clip(first[0].id)
    assert reviewer.decide(clip, "split", frame=3).status_code == 200
    assert handed(reviewer, limit=10) == [[first[1].id, second[1].id]]


def test_videos_of_an_older_method_are_looked_through_anew_and_broken_ones_rest(
    pipeline: Pipeline, add: AddFilm, engine: Engine
) -> None:
    one = shot(1, 50)
    first, second = add("first", [one]), add("second", [COPIES[0](one)])
    lost = add("lost", [shot(2, 50)], seeks=False)
    with transaction(engine) as session:
        session.execute(sa.update(RepeatRow).values(method=METHOD - 1, score=0.51))
        session.execute(sa.update(SourceVideo).values(repeats_method=None))
        path = source_videos.get(session, "lost").frame_scores_filepath
    assert path is not None
    pipeline.storage.delete(path)
    filled = seek_missing(pipeline, 2)
    assert (filled.done, filled.failed) == (["first", "second"], {})
    with transaction(engine) as session:
        (row,) = session.exec(select(RepeatRow)).all()
        assert (row.method, row.score > 0.9) == (METHOD, True)
    filled = seek_missing(pipeline, 2)
    assert (filled.done, list(filled.failed)) == ([], ["lost"])
    with transaction(engine) as session:
        assert repeats.unsought(session, 5) == []
        session.execute(
            sa.update(SourceVideo).values(repeats_tried_at=sa.func.now() - 2 * repeats.REST)
        )
        assert repeats.unsought(session, 5) == ["lost"]
    assert pairs(pipeline, first, second, lost) == {(0, 1)}


def cards(app: Flask, url: str) -> list[tuple[int, list[int]]]:
    """The clips that a page of the library shows, each with those of its stack."""
    page = app.test_client().get(url).get_data(as_text=True)
    found = re.findall(r'<li class="card[^"]*" data-id="(\d+)"(?: data-stack="([\d,]+)")?', page)
    return [(int(clip), [int(each) for each in stack.split(",") if each]) for clip, stack in found]


def test_the_library_shows_a_stack_once_on_whatever_page_its_clips_are(
    app: Flask, engine: Engine, both: tuple[list[Clip], list[Clip]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the order of time: one, two, three; of the other film one and two show the same."""
    (one, two, three), (as_one, as_two, other) = ([clip.id for clip in film] for film in both)
    url = "/library?state=pending&order=time"
    expected = [(one, [one, as_one]), (two, [two, as_two]), (three, []), (other, [])]
    assert cards(app, url) == expected
    singles: list[tuple[int, list[int]]] = [
        (each, []) for each in (one, two, three, as_one, as_two, other)
    ]
    assert cards(app, f"{url}&stacks=off") == singles
    monkeypatch.setattr(library, "PAGE", 4)
    assert cards(app, url) == [*expected[:3]]
    assert cards(app, f"{url}&page=2") == [(other, [])]
    assert cards(app, f"{url}&video=other") == [(as_one, []), (as_two, []), (other, [])]
    opened = f"/library?ids={one},{as_one}&order=given"
    assert cards(app, opened) == [(one, []), (as_one, [])]
    assert "These 2 clips show the same." in app.test_client().get(opened).get_data(as_text=True)
    reviewer = Reviewer(app)
    assert reviewer.post("/api/v1/apart", {"clips": [one, as_one]}).status_code == 200
    assert (one, []) in cards(app, url)
    assert "show the same." not in app.test_client().get(opened).get_data(as_text=True)


def test_a_search_finds_a_stack_once(
    app: Flask, engine: Engine, both: tuple[list[Clip], list[Clip]]
) -> None:
    (one, two, three), (as_one, as_two, other) = ([clip.id for clip in film] for film in both)
    with transaction(engine) as session:
        session.execute(sa.update(Clip).values(note="harbour"))
    found = cards(app, "/library?words=harbour&state=pending")
    assert {three, other} < {clip for clip, _ in found}
    assert sorted(sorted(stack) for _, stack in found if stack) == [[one, as_one], [two, as_two]]
    assert len(found) == 4
    assert len(cards(app, "/library?words=harbour&state=pending&stacks=off")) == 6


def test_the_sensor_has_older_videos_looked_through(
    pipeline: Pipeline, add: AddFilm, instance: dg.DagsterInstance
) -> None:
    one = shot(1, 50)
    films = [add("first", [one], seeks=False), add("second", [COPIES[0](one)], seeks=False)]
    assert len(tick(missing_repeats, instance)) == 1
    assert run_job(instance, "repeats", None).success
    assert tick(missing_repeats, instance) == []
    assert pairs(pipeline, *films) == {(0, 1)}
