"""The review app's HTTP, on a real film and a real database."""

from __future__ import annotations

import re
import struct
import wave
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine

from heaters_pipeline.db import (
    artifacts,
    clip_work,
    clips,
    embeddings,
    profiles,
    secret_keys,
    source_videos,
)
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.db.models import Clip
from heaters_pipeline.domain import levels
from heaters_pipeline.domain.cut_points import FrameRange
from heaters_pipeline.domain.profiles import BUILT_IN, MAIN
from heaters_pipeline.domain.states import DOWNLOAD, EMBED, EXPORT, KEYFRAME, ClipState
from heaters_pipeline.domain.transitions import Transition, TransitionKind
from heaters_pipeline.settings import Settings
from heaters_pipeline.storage import LocalStorage
from heaters_pipeline.storage.s3 import S3Storage
from review_app import create_app
from tests.browser.review_world import Film, Footage, add_film, prepare
from tests.footage import NumberedFilm, make_numbered_film, read_number
from tests.made_once import Statement
from tests.reviewer import Reviewer
from tests.rows import add_keyframe, to_delete
from tests.sprites import cut, read_sheet

FRAMES = 150
CUTS = (40, 41, 100)
FILM = NumberedFilm(FRAMES, rate=Fraction(30000, 1001))


@pytest.fixture(scope="module")
def cuts() -> Sequence[int]:
    return CUTS


@pytest.fixture
def reviewer(app: Flask, film: Film) -> Reviewer:
    return Reviewer(app)


def ranges(found: list[dict[str, Any]]) -> list[tuple[int, int]]:
    return [(clip["start_frame"], clip["end_frame"]) for clip in found]


def test_queue_tells_all_that_the_player_needs(reviewer: Reviewer, film: Film) -> None:
    first, second, *rest = reviewer.queue()
    assert ranges([first, second, *rest]) == [(0, 40), (40, 41), (41, 100), (100, 150)]
    assert first["previous"] is None
    assert second["previous"]["id"] == first["id"]
    assert first["video"]["proxy_id"] == film.proxy_id
    assert (first["video"]["width"], first["video"]["height"]) == (320, 180)
    assert first["video"]["rate"] == [30000, 1001]
    assert first["video"]["codec"].startswith("avc1.")
    assert first["duration_seconds"] == pytest.approx(40 * 1001 / 30000, abs=1e-4)
    assert second["start_seconds"] == pytest.approx(40 * 1001 / 30000, abs=1e-4)


DISSOLVE = Transition(TransitionKind.DISSOLVE, 94, 106, 0.8)
FADE_OUT = Transition(TransitionKind.FADE, 139, FRAMES, 0.9)


@pytest.fixture
def blended(engine: Engine, storage: LocalStorage, footage: Footage) -> Film:
    """A film with a hard cut, a dissolve and a fade at its end."""
    cut = Transition(TransitionKind.CUT, 39, 40)
    return add_film(engine, storage, footage, "film", (40, 100), (cut, DISSOLVE, FADE_OUT))


def test_a_clip_carries_its_trim_and_its_own_transitions(app: Flask, blended: Film) -> None:
    reviewer = Reviewer(app)
    first, second, third = reviewer.queue()
    dissolve = {"kind": "dissolve", "first": 94, "last": 106}
    assert (first["trim"], first["transitions"]) == (None, [])
    assert (second["trim"], second["transitions"]) == (
        {"start_frame": 40, "end_frame": 95},
        [dissolve],
    )
    assert third["trim"] == {"start_frame": 106, "end_frame": 140}
    assert [each["kind"] for each in third["transitions"]] == ["dissolve", "fade"]
    answer = reviewer.decide(third, "merge").get_json()["clips"]
    (merged,) = (clip for clip in answer if clip["state"] == "pending_review")
    assert merged["trim"] == {"start_frame": 40, "end_frame": 140}
    assert merged["transitions"][0] == dissolve


@pytest.mark.parametrize("leaves_out", [False, True])
def test_the_page_knows_whether_exports_are_trimmed(
    app: Flask, engine: Engine, leaves_out: bool
) -> None:
    with transaction(engine) as session:
        profiles.save(session, MAIN, replace(BUILT_IN[MAIN], trimmed=leaves_out))
    page = app.test_client().get("/review").get_data(as_text=True)
    assert ("data-export-trimmed" in page) is leaves_out


def test_the_clips_page_tells_what_was_trimmed_off_its_file(
    app: Flask, engine: Engine, storage: LocalStorage, blended: Film, tmp_path: Path
) -> None:
    def facts(clip: Clip) -> str:
        page = client.get(f"/clips/{clip.id}").get_data(as_text=True)
        text = re.sub(r"<[^>]+>", " ", page).replace("\N{EN DASH}", "to")
        return " ".join(text.split())

    client = app.test_client()
    whole, second, third = blended.clips
    assert not {"Clean", "Transitions", "Transition"} & set(facts(whole).split())
    assert "Transitions dissolve, 95 to 105 (11) fade, 140 to 149 (10)" in facts(third)
    assert "Clean 106 to 139 (34)" in facts(third)
    for clip, held in ((second, second.clean_frames), (third, third.frames)):
        finish(engine, storage, clip, tmp_path, held)
    assert "In the file 40 to 94 (55)" in facts(second)
    assert "In the file" not in facts(third)


def test_two_reviewers_never_get_the_same_clip(app: Flask, reviewer: Reviewer) -> None:
    other = Reviewer(app)
    mine, theirs = reviewer.queue(limit=2), other.queue(limit=6)
    assert ranges(mine) == [(0, 40), (40, 41)]
    assert ranges(theirs) == [(41, 100), (100, 150)]
    assert reviewer.queue(limit=2) == mine


def test_another_name_gives_the_leases_back(app: Flask, reviewer: Reviewer) -> None:
    reviewer.queue(limit=4)
    assert reviewer.post("/api/v1/reviewer", {"name": "  somebody   else "}).get_json() == {
        "name": "somebody else"
    }
    assert len(Reviewer(app).queue()) == 4
    refused = reviewer.post("/api/v1/reviewer", {"name": ["x"]})
    assert (refused.status_code, refused.get_json()["detail"]) == (
        400,
        "name is ['x']; it must be a valid string.",
    )
    # An answer under way since before the change must not bring the old name back.
    assert "Set-Cookie" not in reviewer.client.get("/api/v1/queue").headers


@pytest.mark.parametrize(
    ("action", "state"),
    [
        ("approve", "review_approved"),
        ("skip", "review_skipped"),
        ("archive", "review_archived"),
    ],
)
def test_decision_and_undo(reviewer: Reviewer, action: str, state: str) -> None:
    clip = reviewer.queue()[0]
    decided = reviewer.decide(clip, action).get_json()
    assert [c["state"] for c in decided["clips"]] == [state]
    assert clip["id"] not in [c["id"] for c in reviewer.queue()]
    mine = reviewer.client.get("/api/v1/mine").get_json()
    assert mine["today"] == 1
    assert [event["id"] for event in mine["recent"]] == [decided["event_id"]]

    undone = reviewer.post("/api/v1/undo", {}).get_json()
    assert [(c["id"], c["state"]) for c in undone["clips"]] == [(clip["id"], "pending_review")]
    assert reviewer.queue()[0]["id"] == clip["id"]
    assert reviewer.client.get("/api/v1/mine").get_json() == {
        "recent": [],
        "has_older": False,
        "today": 0,
    }


def test_split_and_merge_answer_with_the_new_clips(reviewer: Reviewer) -> None:
    clip = reviewer.queue()[2]
    split = reviewer.decide(clip, "split", frame=64).get_json()["clips"]
    pending = [c for c in split if c["state"] == "pending_review"]
    assert ranges(pending) == [(41, 64), (64, 100)]
    merged = reviewer.decide(pending[1], "merge").get_json()["clips"]
    assert ranges([c for c in merged if c["state"] == "pending_review"]) == [(41, 100)]
    assert ranges(reviewer.queue()) == [(0, 40), (40, 41), (41, 100), (100, 150)]


def test_group_ties_to_the_clip_before(reviewer: Reviewer) -> None:
    first, second, *_ = reviewer.queue()
    previous, grouped = reviewer.decide(second, "group").get_json()["clips"]
    assert (previous["id"], previous["state"]) == (first["id"], "review_approved")
    assert (grouped["id"], grouped["state"]) == (second["id"], "review_approved")
    assert grouped["grouped_with_clip_id"] == first["id"]


def test_a_stale_decision_is_refused_and_shows_the_clip_as_it_is(
    app: Flask, reviewer: Reviewer
) -> None:
    clip = reviewer.queue()[0]
    Reviewer(app).decide(clip, "skip")
    answer = reviewer.decide(clip, "approve")
    assert answer.status_code == 409
    assert answer.get_json()["clip"]["state"] == "review_skipped"
    assert "it is skipped now" in answer.get_json()["detail"]


def test_undo_is_refused_once_the_pipeline_has_the_clip(
    reviewer: Reviewer, engine: Engine, film: Film
) -> None:
    clip = reviewer.queue()[0]
    reviewer.decide(clip, "approve")
    with transaction(engine) as session:
        clip_work.claim(session, film.clips[0].source_video_id, EXPORT, 0)
    answer = reviewer.post("/api/v1/undo", {})
    assert answer.status_code == 409
    assert "being exported" in answer.get_json()["detail"]


@pytest.mark.parametrize(
    "body",
    [
        {"action": "destroy", "version": 1},
        {"action": "undo", "version": 1},
        {"action": "approve"},
        {"action": "approve", "version": "1"},
        {"action": "split", "version": 1},
        {"action": "split", "version": 1, "frame": 0},
        {"action": "merge", "version": 1},
    ],
)
def test_what_makes_no_sense_is_refused_with_a_sentence(
    reviewer: Reviewer, body: dict[str, Any]
) -> None:
    clip = reviewer.queue()[0]
    answer = reviewer.post(f"/api/v1/clips/{clip['id']}/decisions", body)
    assert answer.status_code == 400
    assert answer.get_json()["detail"].endswith(".")
    assert reviewer.queue()[0] == clip


def test_writes_need_the_token(reviewer: Reviewer) -> None:
    clip = reviewer.queue()[0]
    decisions = f"/api/v1/clips/{clip['id']}/decisions"
    for url in (decisions, "/api/v1/undo", "/api/v1/reviewer", "/api/v1/release"):
        answer = reviewer.client.post(url, json={"action": "skip", "version": 1})
        assert answer.status_code == 400
    assert reviewer.client.post("/sources", data={"references": "/x.mp4"}).status_code == 400
    assert reviewer.queue()[0] == clip


# --- The wire ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("a", "b"), [(0, 1), (0, 64), (37, 101), (149, 150), (0, 150)])
def test_a_run_is_the_files_own_samples_with_their_times(
    reviewer: Reviewer, film: Film, a: int, b: int
) -> None:
    answer = reviewer.client.get(f"/media/{film.proxy_id}/frames/{a}-{b}")
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "private, max-age=31536000, immutable"
    body, n = answer.get_data(), b - a
    assert len(body) == answer.content_length
    records = film.footage.records
    magic, first, count, span, start = struct.unpack_from("<4sIIIQ", body)
    assert (magic, first, count, start) == (b"HFR1", a, n, records[a].ticks)
    frame_ticks = 3003
    assert span == records[b - 1].ticks + frame_ticks - start
    sizes = struct.unpack_from(f"<{n}I", body, 24)
    deltas = struct.unpack_from(f"<{n}I", body, 24 + 4 * n)
    assert [start + delta for delta in deltas] == [record.ticks for record in records[a:b]]
    proxy = film.footage.proxy.read_bytes()
    at = 24 + 8 * n
    for record, size in zip(records[a:b], sizes, strict=True):
        assert body[at : at + size] == proxy[record.offset : record.offset + record.size]
        at += size
    assert at == len(body)


def test_the_index_of_a_run_has_its_times_and_no_bytes(reviewer: Reviewer, film: Film) -> None:
    whole = reviewer.client.get(f"/media/{film.proxy_id}/frames/37-101").get_data()
    answer = reviewer.client.get(f"/media/{film.proxy_id}/index/37-101")
    assert answer.headers["Cache-Control"] == "private, max-age=31536000, immutable"
    n = 101 - 37
    assert answer.get_data() == whole[:24] + bytes(4 * n) + whole[24 + 4 * n : 24 + 8 * n]


def test_a_page_that_closes_gives_its_clips_back(app: Flask, reviewer: Reviewer) -> None:
    assert len(reviewer.queue(limit=3)) == 3
    other = Reviewer(app)
    assert len(other.queue()) == 1
    waiting = other.client.get("/api/v1/queue").get_json()
    assert (waiting["pending"], waiting["with_others"]) == (4, 3)
    assert reviewer.post("/api/v1/release", {}).status_code == 200
    assert len(other.queue()) == 4


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("index/149-151", 400),
        ("frames/10-10", 400),
        ("frames/20-10", 400),
        ("frames/149-151", 400),
        ("frames/0-99999", 400),
        ("frames/-1-5", 404),
        ("audio/10-10/0.wav", 400),
        ("audio/0-151/0.wav", 400),
        ("audio/0-150/1.wav", 404),
        ("audio/0-151/levels", 400),
    ],
)
def test_ranges_that_the_video_lacks_are_refused(
    reviewer: Reviewer, film: Film, path: str, status: int
) -> None:
    answer = reviewer.client.get(f"/media/{film.proxy_id}/{path}")
    assert answer.status_code == status
    assert answer.get_json()["detail"]
    assert "immutable" not in answer.headers.get("Cache-Control", "")


def test_unknown_proxy(reviewer: Reviewer) -> None:
    for path in ("frames/0-1", "index/0-1", "audio/0-1/0.wav", "proxy.mp4", "sprites/0.jpg"):
        answer = reviewer.client.get(f"/media/0000/{path}")
        assert answer.status_code == 404
        assert "No video has this proxy any more" in answer.get_json()["detail"]


# --- Sprite sheets ----------------------------------------------------------------------------


def test_a_clip_tells_of_its_sprite_sheets_and_not_where_they_lie(
    reviewer: Reviewer, film: Film
) -> None:
    assert reviewer.queue()[0]["video"]["sprites"] == {
        **{
            "address": f"/media/{film.proxy_id}/sprites",
            "first": 0,
            "every": 6,
            "columns": 10,
            "rows": 10,
            "width": 160,
            "height": 90,
        },
        **{"count": 25, "sheets": 1},
    }


@pytest.fixture(scope="module")
def long_footage(tmp_path_factory: pytest.TempPathFactory) -> Footage:
    """With a tile of every frame, on three sheets."""
    folder = tmp_path_factory.mktemp("long")
    film = make_numbered_film(folder / "long.mp4", 203, rate=Fraction(5), audio=False)
    return prepare(film, folder)


def assert_sheets_are_served(client: FlaskClient, film: Film) -> None:
    index = film.footage.sprite_index
    for sheet in range(3):
        answer = client.get(f"/media/{film.proxy_id}/sprites/{sheet}.jpg")
        assert (answer.status_code, answer.mimetype) == (200, "image/jpeg")
        assert answer.headers["Cache-Control"] == "private, max-age=31536000, immutable"
        assert len(answer.get_data()) == answer.content_length
        tiles = cut(read_sheet(answer.get_data()), index)
        frames = range(sheet * 100, min(203, (sheet + 1) * 100))
        assert [read_number(tile) for tile in tiles[: len(frames)]] == list(frames)


def test_a_sprite_sheet_is_served_by_its_number(
    reviewer: Reviewer, engine: Engine, storage: LocalStorage, long_footage: Footage
) -> None:
    film = add_film(engine, storage, long_footage, "long-film", ())
    assert_sheets_are_served(reviewer.client, film)
    answer = reviewer.client.get(f"/media/{film.proxy_id}/sprites/3.jpg")
    assert answer.status_code == 404
    assert answer.get_json()["detail"] == "There are 3 sprite sheets; 3 is not one."
    assert "immutable" not in answer.headers.get("Cache-Control", "")


def test_a_sprite_sheet_comes_from_a_bucket_too(
    settings: Settings,
    engine: Engine,
    long_footage: Footage,
    s3_storage: S3Storage,
) -> None:
    film = add_film(engine, s3_storage, long_footage, "long-film", ())
    app = create_app(settings)
    app.extensions["heaters"] = replace(app.extensions["heaters"], storage=s3_storage)
    assert_sheets_are_served(app.test_client(), film)


def test_a_proxy_from_before_sprite_sheets_says_so(
    reviewer: Reviewer, engine: Engine, film: Film
) -> None:
    with transaction(engine) as session:
        source_videos.record(session, "film", {"sprites": None, "sprites_filepath": None})
    assert reviewer.queue()[0]["video"]["sprites"] is None
    answer = reviewer.client.get(f"/media/{film.proxy_id}/sprites/0.jpg")
    assert answer.status_code == 404
    assert "from before there were sprite sheets" in answer.get_json()["detail"]


# --- Sound, and the whole proxy ---------------------------------------------------------------


@pytest.mark.parametrize(("a", "b"), [(0, 150), (40, 41), (41, 100), (100, 150)])
def test_sound_is_cut_to_the_frames_time(reviewer: Reviewer, film: Film, a: int, b: int) -> None:
    answer = reviewer.client.get(f"/media/{film.proxy_id}/audio/{a}-{b}/0.wav")
    assert answer.status_code == 200
    records, audio = film.footage.records, film.footage.audio
    assert audio is not None
    end_ticks = records[b].ticks if b < FRAMES else records[-1].ticks + 3003
    with wave.open(BytesIO(answer.get_data())) as cut, wave.open(str(audio)) as whole:
        assert cut.getparams()[:3] == whole.getparams()[:3] == (1, 2, 24_000)
        first = records[a].ticks * 24_000 // 90_000
        assert cut.getnframes() == -(-end_ticks * 24_000 // 90_000) - first
        whole.setpos(first)
        expected = whole.readframes(cut.getnframes())
        heard = cut.readframes(cut.getnframes())
        assert heard[: len(expected)] == expected
        assert heard[len(expected) :].strip(b"\0") == b""


@pytest.fixture(scope="module")
def long_sound(tmp_path_factory: pytest.TempPathFactory) -> Footage:
    """26 seconds at five frames a second."""
    folder = tmp_path_factory.mktemp("long-sound")
    return prepare(make_numbered_film(folder / "long.mp4", 130, rate=Fraction(5)), folder)


def test_long_sound_comes_in_parts_that_join(
    reviewer: Reviewer, engine: Engine, storage: LocalStorage, long_sound: Footage
) -> None:
    film = add_film(engine, storage, long_sound, "long-sound", ())
    assert long_sound.audio is not None
    heard = b""
    for part, length in enumerate((240_000, 240_000, 96_000)):
        answer = reviewer.client.get(f"/media/{film.proxy_id}/audio/5-125/{part}.wav")
        with wave.open(BytesIO(answer.get_data())) as sound:
            assert sound.getnframes() == length
            heard += sound.readframes(length)
    with wave.open(str(long_sound.audio)) as whole:
        whole.setpos(24_000)
        assert heard == whole.readframes(576_000)


def test_levels_are_those_of_the_frames_time(
    reviewer: Reviewer,
    engine: Engine,
    storage: LocalStorage,
    long_sound: Footage,
    tmp_path: Path,
) -> None:
    """From frame 6, at 1.2 s, to frame 8, at 1.6 s; then of a file from before there were any."""
    film = add_film(engine, storage, long_sound, "levels", ())
    address = f"/media/{film.proxy_id}/audio/6-8/levels"
    answer = reviewer.client.get(address)
    magic, count, lead = struct.unpack_from("<4sIf", answer.get_data())
    assert (magic, count, lead) == (b"HLV1", 4, 0)
    records = np.frombuffer(answer.get_data()[12:], levels.RECORD_TYPE)
    # A tone with three tenths of full strength: -10.5 dB, and 3 dB less by its mean square.
    assert np.abs((records["peaks"] - 255.0) * 0.3 + 10.5).max() < 0.5
    assert np.abs(records["loudness"] / 100 + 14).max() < 1.5
    with transaction(engine) as session:
        key = str(source_videos.get(session, "levels").proxy_audio_filepath)
    whole = b"".join(storage.stream(key))
    with wave.open(BytesIO(whole)) as sound:
        plain = whole[: 44 + 2 * sound.getnframes()]
    assert len(plain) < len(whole)
    (tmp_path / "plain.wav").write_bytes(plain)
    storage.put(tmp_path / "plain.wav", key)
    older = np.frombuffer(reviewer.client.get(address).get_data()[12:], levels.RECORD_TYPE)
    assert np.array_equal(older["peaks"], records["peaks"])
    assert (older["loudness"] == levels.UNKNOWN).all()


@pytest.mark.parametrize(
    ("header", "status", "start", "end"),
    [
        (None, 200, 0, None),
        ("bytes=100-199", 206, 100, 200),
        ("bytes=5000-", 206, 5000, None),
        ("bytes=-300", 206, -300, None),
    ],
)
def test_proxy_in_ranges(
    reviewer: Reviewer, film: Film, header: str | None, status: int, start: int, end: int | None
) -> None:
    headers = {"Range": header} if header else {}
    answer = reviewer.client.get(f"/media/{film.proxy_id}/proxy.mp4", headers=headers)
    assert answer.status_code == status
    assert answer.get_data() == film.footage.proxy.read_bytes()[start:end]


def test_range_past_the_end(reviewer: Reviewer, film: Film) -> None:
    answer = reviewer.client.get(
        f"/media/{film.proxy_id}/proxy.mp4", headers={"Range": "bytes=999999999-"}
    )
    assert answer.status_code == 416


# --- Pages ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Host": "films.example.org"}, 400),
        ({"Host": "localhost:8765"}, 200),
    ],
)
def test_other_sites_pages_get_nothing(
    reviewer: Reviewer, headers: dict[str, str], status: int
) -> None:
    assert reviewer.client.get("/api/v1/queue", headers=headers).status_code == status


def test_a_foreign_page_loads_no_film_and_no_list_but_a_link_can_be_followed(
    reviewer: Reviewer, film: Film
) -> None:
    def status(address: str, site: str, mode: str, dest: str) -> int:
        headers = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": mode, "Sec-Fetch-Dest": dest}
        with reviewer.client.get(address, headers=headers) as answer:
            assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
            return answer.status_code

    proxy = f"/media/{film.proxy_id}/proxy.mp4"
    for address in (proxy, f"/clips/{film.clips[0].id}", "/library.csv"):
        for site in ("cross-site", "same-site"):
            for dest in ("video", "image", "script", "empty"):
                assert status(address, site, "no-cors", dest) == 403
            assert status(address, site, "navigate", "iframe") == 403
        assert status(address, "same-origin", "no-cors", "video") == 200
    assert status("/library", "cross-site", "navigate", "document") == 200
    assert status("/api/v1/mine", "cross-site", "navigate", "document") == 403


def test_a_long_range_is_answered_in_part(
    reviewer: Reviewer, film: Film, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("review_app.streams.LONGEST_RANGE", 1000)
    url = f"/media/{film.proxy_id}/proxy.mp4"
    answer = reviewer.client.get(url, headers={"Range": "bytes=10-"})
    size = film.footage.proxy.stat().st_size
    assert answer.status_code == 206
    assert answer.headers["Content-Range"] == f"bytes 10-1009/{size}"
    assert answer.get_data() == film.footage.proxy.read_bytes()[10:1010]


def test_a_download_that_broke_off_goes_on_to_the_end_of_the_same_file(
    reviewer: Reviewer,
    film: Film,
    engine: Engine,
    storage: LocalStorage,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("review_app.streams.LONGEST_RANGE", 4)
    clip, *_ = film.clips
    finish(engine, storage, clip, tmp_path)
    content = b"film of clip %d" % clip.id
    url = f"/clips/clip-{clip.id}.mp4?download"
    begun = reviewer.client.get(url)
    assert begun.get_data() == content

    def rest(of: str) -> tuple[int, bytes]:
        answer = reviewer.client.get(url, headers={"Range": "bytes=3-", "If-Range": of})
        return answer.status_code, answer.get_data()

    assert rest(begun.headers["ETag"]) == (206, content[3:])
    assert rest('"another"') == (200, content)
    assert reviewer.client.get(url, headers={"Range": "bytes=3-"}).get_data() == content[3:]


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "order=loudest", "min_rating=9"])
def test_parameters_that_make_no_sense_are_refused(reviewer: Reviewer, query: str) -> None:
    answer = reviewer.client.get(f"/api/v1/queue?{query}")
    assert (answer.status_code, answer.get_json()["detail"][-1]) == (400, ".")


def test_health_looks_at_no_clips_and_notices_a_database_that_is_down(
    settings: Settings, engine: Engine, postgres: Statement, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGOPTIONS", "-c lock_timeout=1s")
    client = create_app(settings).test_client()
    with transaction(engine) as session:
        session.execute(sa.text("LOCK TABLE clips IN ACCESS EXCLUSIVE MODE"))
        assert client.get("/healthz").status_code == 200
    name = engine.url.database
    postgres(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    postgres(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
    assert client.get("/healthz").status_code == 500
    postgres(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    assert client.get("/healthz").status_code == 200


def test_health_and_home(reviewer: Reviewer) -> None:
    assert reviewer.client.get("/healthz").get_json() == {"status": "ok"}
    assert reviewer.client.get("/").headers["Location"] == "/review"
    chosen = reviewer.client.get("/?order=longest&label=a%20%26%20b")
    assert chosen.headers["Location"] == "/review?order=longest&label=a%20%26%20b"


def test_every_page_forbids_foreign_and_inline_code(reviewer: Reviewer) -> None:
    for url in ("/review", "/sources", "/library", "/nowhere"):
        answer = reviewer.client.get(url)
        assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
        page = answer.get_data(as_text=True)
        assert not re.search(r"<script(?![^>]*\bsrc=)|\bstyle=|\bon\w+=", page)


def test_the_key_of_an_earlier_version_is_taken_over_and_shared(
    settings: Settings, tmp_path: Path
) -> None:
    """Who is signed in stays so, whichever machine answers."""
    earlier = settings.home / "secret_key"
    earlier.write_bytes(b"k" * 32)
    earlier.chmod(0o644)
    assert create_app(settings).secret_key == b"k" * 32
    assert earlier.stat().st_mode & 0o777 == 0o600
    other = settings.model_copy(update={"home": tmp_path / "other"})
    assert create_app(other).secret_key == b"k" * 32
    assert not (other.home / "secret_key").exists()


def test_two_apps_that_start_at_once_have_one_key(engine: Engine) -> None:
    def key(_: int) -> bytes:
        with transaction(engine) as session:
            return secret_keys.session_key(session)

    with ThreadPoolExecutor(4) as pool:
        (made,) = set(pool.map(key, range(8)))
    assert len(made) == 32


def test_sources_are_added_shown_with_their_error_and_retried(
    reviewer: Reviewer, engine: Engine, tmp_path: Path
) -> None:
    film = tmp_path / "lost film.mp4"
    film.touch()
    form = {"csrf_token": reviewer.token, "references": str(film)}
    assert reviewer.client.post("/sources", data=form).status_code == 303
    with transaction(engine) as session:
        key = source_videos.waiting(session, 1)[0][0]
        source_videos.begin(session, key, DOWNLOAD)
        source_videos.fail(session, key, DOWNLOAD, "There is no file <lost>.")
    page = reviewer.client.get("/sources").get_data(as_text=True)
    assert "There is no file &lt;lost&gt;." in page
    assert "download failed" in page
    retry = {"csrf_token": reviewer.token}
    assert reviewer.client.post(f"/sources/{key}/retry", data=retry).status_code == 303
    with transaction(engine) as session:
        assert source_videos.get(session, key).state == "new"

    empty = {"csrf_token": reviewer.token, "references": " "}
    assert reviewer.client.post("/sources", data=empty).status_code == 400
    assert reviewer.client.post("/sources/no-such/retry", data=retry).status_code == 404


def finish(
    engine: Engine,
    storage: LocalStorage,
    clip: Clip,
    folder: Path,
    held: FrameRange | None = None,
) -> None:
    """Takes a clip to the library, as the pipeline does: file (of all its frames, or those of
    `held`), keyframe, vectors of two models."""
    file, picture = folder / f"{clip.id}.mp4", folder / f"{clip.id}.jpg"
    file.write_bytes(b"film of clip %d" % clip.id)
    picture.write_bytes(b"picture of clip %d" % clip.id)
    storage.put(file, f"clips/{clip.id}/clip.mp4")
    storage.put(picture, f"clips/{clip.id}/keyframe.jpg")
    with transaction(engine) as session:
        row = clips.get(session, clip.id)
        row.state = ClipState.EXPORTING
        session.flush()
        facts = {"clip_filepath": f"clips/{clip.id}/clip.mp4", "is_virtual": False}
        facts |= {"exported_frames": (held or row.frames).as_json()}
        clip_work.finish(session, clip.id, EXPORT, facts)
        for step in (KEYFRAME, EMBED):
            row.state = step.doing
            session.flush()
            clip_work.finish(session, clip.id, step)
        add_keyframe(session, clip.id, clip.start_frame, f"clips/{clip.id}/keyframe.jpg")
        embeddings.save(session, clip.id, "one", "mean", [1.0, float(clip.id)])
        embeddings.save(session, clip.id, "two", "mean", [1.0, 0.0, float(-clip.id)])


def keyframes(page: str, clip: Clip) -> set[str]:
    """Addresses of the clip's first frame on a page."""
    return set(re.findall(rf"/clips/{clip.id}/keyframes/{clip.start_frame}\b[^\"]*", page))


def test_a_keyframe_that_is_made_again_has_another_address(
    reviewer: Reviewer, engine: Engine, storage: LocalStorage, film: Film, tmp_path: Path
) -> None:
    def get(url: str) -> tuple[bytes, bool]:
        answer = reviewer.client.get(url)
        return answer.get_data(), "immutable" in answer.headers["Cache-Control"]

    clip = film.clips[0]
    finish(engine, storage, clip, tmp_path)
    (first,) = keyframes(reviewer.client.get(f"/clips/{clip.id}").text, clip)
    assert get(first) == (b"picture of clip %d" % clip.id, True)

    again = tmp_path / "again.jpg"
    again.write_bytes(b"another picture")
    storage.put(again, f"clips/{clip.id}/keyframe.webp")
    now: artifacts.KeyframeFile = {
        "frame": clip.start_frame,
        "filepath": f"clips/{clip.id}/keyframe.webp",
        "width": 320,
        "height": 180,
    }
    with transaction(engine) as session:
        artifacts.replace_keyframes(session, clip.id, [now], "basis")
    assert to_delete(engine) == {f"clips/{clip.id}/keyframe.jpg"}
    (second,) = keyframes(reviewer.client.get(f"/clips/{clip.id}").text, clip)
    assert keyframes(reviewer.client.get("/library").text, clip) == {second}
    assert second != first
    assert second.endswith(".webp")
    assert reviewer.client.get(second).mimetype == "image/webp"
    assert get(second) == (b"another picture", True)
    for other in (first, f"/clips/{clip.id}/keyframes/{clip.start_frame}.jpg"):
        assert get(other) == (b"another picture", False)


def test_library_clip_and_similar(
    reviewer: Reviewer, engine: Engine, storage: LocalStorage, film: Film, tmp_path: Path
) -> None:
    first, second, third, _ = film.clips
    clip = reviewer.queue()[0]
    reviewer.decide(clip, "approve")
    for each in (first, second, third):
        finish(engine, storage, each, tmp_path)

    shown = reviewer.client.get("/library").get_data(as_text=True)
    for each in (first, second, third):
        (picture,) = keyframes(shown, each)
        assert reviewer.client.get(picture).get_data() == b"picture of clip %d" % each.id
    page = reviewer.client.get(f"/clips/{first.id}").get_data(as_text=True)
    assert "in the library" in page
    assert "<b>approved</b>" in page
    assert f"/clips/{second.id}" in page
    similar = reviewer.client.get(f"/library?like={first.id}&model=two").get_data(as_text=True)
    assert f"/clips/{third.id}" in similar
    assert "<option selected>two</option>" in similar
    download = reviewer.client.get(f"/clips/clip-{first.id}.mp4?download")
    assert download.get_data() == b"film of clip %d" % first.id
    assert download.headers["Content-Disposition"] == f"attachment; filename=clip-{first.id}.mp4"
    inline = reviewer.client.get(f"/clips/{first.id}/clip.mp4")  # as older lists name it
    assert inline.headers["Content-Disposition"] == f"inline; filename=clip-{first.id}.mp4"


def test_an_approval_is_taken_back_from_the_clips_page_and_its_files_go(
    reviewer: Reviewer, engine: Engine, storage: LocalStorage, film: Film, tmp_path: Path
) -> None:
    clip = film.clips[0]
    reviewer.decide(reviewer.queue()[0], "approve")
    finish(engine, storage, clip, tmp_path)
    page = reviewer.client.get(f"/clips/{clip.id}").get_data(as_text=True)
    found = re.search(r'name="event_id" value="(\d+)"', page)
    assert found
    form = {"csrf_token": reviewer.token, "event_id": found[1]}
    assert reviewer.client.post(f"/clips/{clip.id}/undo", data=form).status_code == 303
    assert to_delete(engine) == set(storage.list(f"clips/{clip.id}/"))
    assert reviewer.queue()[0]["id"] == clip.id
    page = reviewer.client.get(f"/clips/{clip.id}").get_data(as_text=True)
    assert 'name="event_id"' not in page
    assert reviewer.client.post(f"/clips/{clip.id}/undo", data=form).status_code == 410


def test_what_is_not_there_is_a_sentence(reviewer: Reviewer, film: Film) -> None:
    waiting = film.clips[0].id
    for url in (
        "/clips/999",
        "/library?like=999",
        f"/clips/{waiting}/clip.mp4",
        f"/clips/{waiting}/keyframes/3.jpg",
        "/nowhere",
    ):
        answer = reviewer.client.get(url)
        assert answer.status_code == 404, url
        assert "That did not work" in answer.get_data(as_text=True)
    form = {"csrf_token": reviewer.token}
    for url in ("/clips/999/retry", "/sources/no-such/cancel"):
        assert reviewer.client.post(url, data=form).status_code == 404, url
    decision = {"action": "skip", "version": 1}
    assert reviewer.post("/api/v1/clips/999/decisions", decision).status_code == 404
    assert reviewer.client.get(f"/clips/{waiting}").status_code == 200
    assert reviewer.client.get(f"/library?like={waiting}").status_code == 200
