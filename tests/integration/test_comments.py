"""Comments on clips and frames over HTTP, and the inbox of whoever they mention."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from heaters_pipeline.db import collections, comments, people
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.db.models import Clip
from heaters_pipeline.domain.comments import MOST_A_MINUTE
from heaters_pipeline.domain.decisions import Merge, Nudge, Side, Split
from heaters_pipeline.domain.errors import TooMany
from heaters_pipeline.domain.roles import Role
from tests.decisions import decide, live, undo
from tests.people import Browser, add_people, signed_in
from tests.rows import ready_video


@pytest.fixture
def team(app: Flask, engine: Engine) -> tuple[Browser, Browser]:
    """Two people."""
    add_people(engine, ann=Role.ADMIN, ben=Role.REVIEWER)
    return signed_in(app, "ann"), signed_in(app, "ben")


def say(browser: Browser, clip: Clip, text: str, **fields: object) -> Any:
    return browser.post(f"/api/v1/clips/{clip.id}/comments", {"text": text, **fields})


def texts(engine: Engine, clip: Clip) -> list[str]:
    with transaction(engine) as session:
        found = [each.text for each in comments.of_clip(session, clip.id)]
        assert comments.counts(session, [clip.id]).get(clip.id, 0) == len(found)
        return found


def test_a_comment_is_shown_where_its_clip_is_and_reaches_whom_it_mentions(
    engine: Engine, team: tuple[Browser, Browser]
) -> None:
    ann, ben = team
    _, (clip, *_) = ready_video(engine)
    said = say(ann, clip, "<b>@Ben</b>, is it & sharp? @ann @zoe", frame=3).get_json()
    assert said["people"] == ["ann", "ben"]
    assert [(each["author"], each["frame"]) for each in said["comments"]] == [("ann", 3)]
    (shown,) = ben.client.get(f"/api/v1/queue?clip={clip.id}").get_json()["clips"]
    assert shown["comments"] == 1
    page = ben.load(f"/clips/{clip.id}").text
    assert "&lt;b&gt;@Ben&lt;/b&gt;, is it &amp; sharp?" in page
    assert "on frame 3" in page
    assert "1 comment</a>" in ben.load("/library?state=pending").text
    assert '<b class="unread">1</b>' in page
    assert '<b class="unread" hidden>0</b>' in ann.load("/inbox").text
    assert f'on <a href="/clips/{clip.id}">clip {clip.id}</a>, frame 3' in ben.load("/inbox").text
    assert ben.post(f"/api/v1/clips/{clip.id}/comments/read", {}).get_json() == {"unread": 0}
    assert "is-unread" not in ben.load("/inbox").text


def test_the_inbox_is_read_one_by_one_or_whole_and_each_reads_their_own(
    engine: Engine, team: tuple[Browser, Browser]
) -> None:
    ann, ben = team
    _, (clip, *_) = ready_video(engine)
    for number in range(3):
        say(ann, clip, f"@ben {number}")
    said = say(ben, clip, "@ann yes").get_json()["comments"]
    ann.send("POST", "/inbox/read", comment=str(said[0]["id"]))
    assert '<b class="unread">3</b>' in ben.load("/inbox").text
    ben.send("POST", "/inbox/read", comment=str(said[0]["id"]))
    assert '<b class="unread">2</b>' in ben.load("/inbox").text
    ben.send("POST", "/inbox/read")
    assert '<b class="unread" hidden>0</b>' in ben.load("/inbox").text
    assert '<b class="unread">1</b>' in ann.load("/inbox").text
    with transaction(engine) as session:
        people.remove(session, people.named(session, "ben"))
    assert len(texts(engine, clip)) == 4, "what somebody said stays when they go"


def test_comments_stay_with_their_frames(engine: Engine, team: tuple[Browser, Browser]) -> None:
    ann, _ = team
    video, (first, second, third) = ready_video(engine)
    _, (elsewhere, *_) = ready_video(engine, "film-2")
    say(ann, first, "of the first")
    say(ann, first, "at its end", frame=first.end_frame - 1)
    say(ann, second, "of the second")
    decide(engine, second, Nudge(Side.PREVIOUS, first.end_frame - 1))
    assert texts(engine, first) == ["of the first"]
    assert texts(engine, second) == ["at its end", "of the second"]
    decide(engine, second, Split([second.start_frame + 5]))
    early, late = live(engine, video)[1:3]
    assert texts(engine, early) == ["at its end", "of the second"]
    assert texts(engine, late) == ["of the second"]
    decide(engine, early, Merge(Side.PREVIOUS))
    assert texts(engine, live(engine, video)[0]) == ["of the first", "at its end", "of the second"]
    assert texts(engine, third) == texts(engine, elsewhere) == []
    for _ in range(3):
        undo(engine)
    assert texts(engine, first) == ["of the first", "at its end"]
    assert texts(engine, second) == ["of the second"]


def test_what_is_no_comment_is_refused_in_a_sentence(
    engine: Engine, team: tuple[Browser, Browser]
) -> None:
    ann, ben = team
    _, (clip, *_) = ready_video(engine)
    gone = Clip(id=999_999)
    for answer, status in (
        (say(ann, clip, " "), 400),
        (say(ann, clip, "x" * 2001), 400),
        (say(ann, clip, "x", frame=clip.end_frame), 400),
        (say(ann, clip, "x", frame="3"), 400),
        (say(ann, clip, "null \0"), 400),
        (say(ann, gone, "x"), 404),
        (ann.client.get(f"/api/v1/clips/{gone.id}/comments"), 404),
    ):
        assert answer.status_code == status, answer.text
        assert answer.get_json()["detail"].endswith(".")
    for number in range(MOST_A_MINUTE):
        assert say(ann, clip, str(number)).status_code == 200
    too_many = say(ann, clip, "one more")
    assert too_many.status_code == 429
    assert "within a minute: wait" in too_many.get_json()["detail"]
    assert say(ben, clip, "of another").status_code == 200
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE comments SET created_at = now() - interval '1 minute'"))
    assert say(ann, clip, "later").status_code == 200


def test_comments_of_one_moment_are_counted(engine: Engine, team: tuple[Browser, Browser]) -> None:
    _, (clip, *_) = ready_video(engine)

    def write(number: int) -> bool:
        try:
            with transaction(engine) as session:
                comments.add(session, "ann", clip.id, str(number))
        except TooMany:
            return False
        return True

    with ThreadPoolExecutor(8) as together:
        written = list(together.map(write, range(2 * MOST_A_MINUTE)))
    assert sum(written) == len(texts(engine, clip)) == MOST_A_MINUTE


def test_a_database_that_goes_away_is_told_on_the_page_of_whoever_is_signed_in(
    app: Flask, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OperationalError("SELECT", {}, Exception("the server closed the connection"))

    add_people(engine, ann=Role.ADMIN)
    ann = signed_in(app, "ann")
    app.config["PROPAGATE_EXCEPTIONS"] = False
    monkeypatch.setattr(collections, "listed", fail)
    monkeypatch.setattr(comments, "unread", fail)
    answer = ann.load("/collections")
    assert answer.status_code == 500
    assert "The server failed; its log says why." in answer.text
