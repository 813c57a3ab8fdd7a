"""The search over texts, over vectors, and over both, through the app."""

from __future__ import annotations

import hashlib
import re
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine

from heaters_pipeline.db import collections
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.db.models import Clip, SourceVideo
from heaters_pipeline.settings import Settings
from tests.searching import (
    describe,
    find,
    give_vectors,
    ids,
    in_library,
    jpeg,
    search_process,
)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def harbour(engine: Engine) -> list[Clip]:
    """Three clips of "Film-1" (harbour.mov), one of "Nachtzug nach Łódź"."""
    clips = in_library(engine)
    clips += in_library(engine, "film-2", cuts=())
    with transaction(engine) as session:
        for key, columns in (
            ("film-1", {"url": "/films/old_Harbour.mov"}),
            ("film-2", {"title": "Nachtzug nach Łódź", "url": "https://a.example/watch?v=zz"}),
        ):
            session.execute(sa.update(SourceVideo).where(SourceVideo.key == key).values(**columns))
    describe(engine, clips[0].id, labels=["old bridge"], note="The ferry runs at night.", rating=4)
    describe(engine, clips[1].id, labels=["night", "Café"], rating=2)
    return clips


def test_words_are_found_in_every_text_and_each_hit_says_where(
    client: FlaskClient, engine: Engine, harbour: list[Clip]
) -> None:
    one, two, three, four = (clip.id for clip in harbour)
    with transaction(engine) as session:
        made = collections.create(session, "Trailer cut", "ann")
        collections.put(session, made.id, [three], "ann")

    found = find(client, words="night ")
    assert ids(found) == [two, one]
    assert found["hits"][0]["mentions"] == [{"field": "label", "text": "night", "word": "night"}]
    assert found["hits"][1]["mentions"][0]["field"] == "note"

    assert ids(find(client, words="cafe")) == [two]  # accents
    assert ids(find(client, words="LODZ")) == [four]
    assert ids(find(client, words="running ")) == [one]  # stems
    assert ids(find(client, words="harbour")) == [three, two, one]  # the film's file
    assert ids(find(client, words="harbour night")) == [two, one]
    assert ids(find(client, words="the night")) == [two, one]  # says nothing in English
    assert ids(find(client, words="watch")) == [four]
    assert ids(find(client, words="zz")) == []  # not what follows the question mark
    found = find(client, words="trailer")
    assert ids(found) == [three]
    assert found["hits"][0]["mentions"][0] == {
        "field": "collection",
        "text": "Trailer cut",
        "word": "trailer",
    }
    with transaction(engine) as session:
        collections.remove(session, made.id)
    assert ids(find(client, words="trailer")) == []


def test_own_texts_go_before_the_texts_of_the_film(
    client: FlaskClient, engine: Engine, harbour: list[Clip]
) -> None:
    one, two, three, _ = (clip.id for clip in harbour)
    describe(engine, one, labels=["harbour"])
    assert ids(find(client, words="harbour")) == [one, three, two]


def test_the_word_that_is_being_typed_stands_for_what_begins_with_it(
    client: FlaskClient, harbour: list[Clip]
) -> None:
    one, two, three, _ = (clip.id for clip in harbour)
    assert ids(find(client, words="har")) == [three, two, one]
    assert ids(find(client, words="har ")) == []
    found = find(client, words="nig fer")  # only the last one is being typed
    assert "No text has “nig”." in found["notes"]
    assert ids(find(client, words="night fer")) == [one]


def test_a_mistake_is_forgiven_and_told(client: FlaskClient, harbour: list[Clip]) -> None:
    one, two, three, four = (clip.id for clip in harbour)
    found = find(client, words="harbor")
    assert ids(found) == [three, two, one]
    assert "No text has “harbor”; “harbour” is near." in found["notes"]
    assert found["hits"][0]["mentions"][0]["word"] == "harbour"
    assert ids(find(client, words="nihgt ferry")) == [one]
    assert ids(find(client, words="nachtzugg")) == [four]
    # A word that nothing is near is left out, and told.
    found = find(client, words="zeppelin ferry")
    assert ids(found) == [one]
    assert "No text has “zeppelin”." in found["notes"]


def test_a_text_that_changes_is_found_by_its_new_words_only(
    client: FlaskClient, engine: Engine, harbour: list[Clip]
) -> None:
    one = harbour[0].id
    describe(engine, one, note="A windmill.")
    assert ids(find(client, words="windmil ")) == [one]
    assert ids(find(client, words="ferry ")) == []
    describe(engine, one, note=None)
    found = find(client, words="windmil ")
    assert ids(found) == []  # the word is known, and no text has it any more
    assert "No text has “windmil”." in found["notes"]


def test_every_filter_narrows_a_search(
    client: FlaskClient, engine: Engine, harbour: list[Clip]
) -> None:
    one, two, three, _ = (clip.id for clip in harbour)
    with transaction(engine) as session:
        session.execute(
            sa.update(Clip)
            .where(Clip.id == two)
            .values(decided_at=sa.text("'2020-03-01T12:00:00Z'"))
        )
    harbours = {"words": "harbour"}
    assert ids(find(client, **harbours, video="film-2")) == []
    assert ids(find(client, **harbours, label="night")) == [two]
    assert ids(find(client, **harbours, min_rating=3)) == [one]
    assert ids(find(client, **harbours, max_seconds=1)) == [one]
    assert ids(find(client, **harbours, until="2020-03-01")) == [two]
    assert ids(find(client, **harbours, since="2020-03-02")) == [three, one]
    assert ids(find(client, **harbours, since="2020-03-01", until="2020-03-01")) == [two]
    assert ids(find(client, **harbours, reviewer="nobody")) == []
    assert ids(find(client, **harbours, state="pending")) == []
    describe(engine, three, state="pending_review", is_virtual=True, clip_filepath=None)
    assert ids(find(client, **harbours, state="pending")) == [three]
    assert ids(find(client, **harbours, state="pending,library", label="night")) == [two]
    assert client.get("/api/v1/search?words=x&since=soon").status_code == 400


def test_a_clip_and_a_frame_of_it_find_their_like(
    client: FlaskClient, engine: Engine, harbour: list[Clip]
) -> None:
    one, two, three, four = (clip.id for clip in harbour)
    give_vectors(
        engine,
        "m",
        {
            (one, 1): [1, 0, 0],
            (one, 9): [0, 1, 0],
            (two, 20): [1, 0.1, 0],
            (three, 60): [0, 1, 0.2],
            (four, 5): [0, 0, 1],
        },
    )
    found = find(client, like=one, frame=9)
    assert ids(found)[:2] == [one, three]
    near = found["hits"][1]["alike"][0]
    assert (near["to"], near["frame"]) == ("clip", 60)
    assert near["likeness"] == pytest.approx(1 / np.sqrt(1.04), abs=1e-4)
    # The clip as a whole is not its own like.
    assert sorted(ids(find(client, like=one))[:2]) == [two, three]
    assert ids(find(client, like=one))[2] == four
    # Both at once: what is in both rankings goes first.
    assert ids(find(client, like=one, frame=9, words="cafe"))[0] == two
    assert ids(find(client, like=one, label="night")) == [two]
    assert client.get("/api/v1/search?like=99999").status_code == 404


def test_two_models_stand_side_by_side(
    client: FlaskClient, engine: Engine, harbour: list[Clip]
) -> None:
    one, two, three, _ = (clip.id for clip in harbour)
    give_vectors(engine, "a", {(one, None): [1, 0], (two, None): [1, 0.1], (three, None): [0, 1]})
    give_vectors(engine, "b", {(one, None): [1, 0], (two, None): [0, 1], (three, None): [1, 0.1]})
    assert ids(find(client, like=one))[0] == two
    assert ids(find(client, like=one, model="b"))[0] == three
    page = client.get(f"/library?like={one}&model=b").text
    assert "<option selected>b</option>" in page
    refused = client.get(f"/api/v1/search?like={one}&model=c")
    assert (refused.status_code, refused.json["detail"]) == (
        400,
        "No clip has a vector by the model c.",
    )
    old = client.get(f"/clips/{one}/similar?model=b")
    assert (old.status_code, old.location) == (301, f"/library?like={one}&model=b")


def test_the_page_shows_what_was_found_page_by_page(
    client: FlaskClient, engine: Engine, harbour: list[Clip], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("review_app.views.library.PAGE", 2)
    one, two, three, _ = (clip.id for clip in harbour)
    page = client.get("/library?words=harbor&max_seconds=9").text
    assert re.findall(r'card-link clip-text" href="/clips/(\d+)"', page) == [str(three), str(two)]
    assert "“harbour” is near" in page
    assert "Words are not looked for in pictures: no clip has a vector yet." in page
    assert 'value="harbor"' in page
    assert 'href="/library?page=2&amp;max_seconds=9&amp;words=harbor"' in page
    rest = client.get("/library/found?words=harbor&max_seconds=9&page=2").text
    assert re.findall(r'card-link clip-text" href="/clips/(\d+)"', rest) == [str(one)]
    assert "<html" not in rest
    none = client.get("/library?words=harbor&label=x").text
    assert "No clip was found" in none and 'href="/library?words=harbor"' in none
    give_vectors(engine, "m", {(one, None): [1, 0]})
    page = client.get("/library?words=harbor").text
    assert "Words are not looked for in pictures: the search process does not run" in page


@pytest.mark.parametrize(
    "query",
    [
        "",
        "words=%00",
        "like=1&model=%00",
        "like=0",
        "like=x",
        "picture=abc",
        "words=" + 201 * "x",
        "frame=-1",
    ],
)
def test_a_search_that_makes_no_sense_is_one_sentence(client: FlaskClient, query: str) -> None:
    answer = client.get(f"/api/v1/search?{query}")
    assert answer.status_code == 400
    assert answer.json and answer.json["detail"].endswith(".")


@pytest.mark.parametrize("words", ["'; --", "a:* | b & !", "\\", "%", "“”", "½ ¾", "e\u0301", "🎬"])
def test_any_text_can_be_asked(client: FlaskClient, harbour: list[Clip], words: str) -> None:
    assert ids(find(client, words=words)) == []


# --- Pictures ---------------------------------------------------------------------------------


def bomb(side: int) -> bytes:
    """A PNG of a few kilobytes that says it has side x side pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    body = zlib.compress(bytes(100_000), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


@pytest.fixture
def layout(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    with search_process(settings.home, "layout-v1") as process:
        yield process


def send(client: FlaskClient, content: bytes, mimetype: str = "image/jpeg") -> Any:
    return client.post("/api/v1/search/pictures", data=content, content_type=mimetype)


def test_a_picture_is_sent_once_and_found_by_its_digest(
    client: FlaskClient, engine: Engine, harbour: list[Clip], settings: Settings, layout: Any
) -> None:
    from heaters_pipeline.work.encoder import EncoderClient

    one, two, *_ = (clip.id for clip in harbour)
    red, blue = jpeg((0, 0, 200)), jpeg((200, 0, 0))
    encoder = EncoderClient(settings.home)
    vectors = {(one, 5): encoder.picture(red).vector, (two, 20): encoder.picture(blue).vector}
    give_vectors(engine, "layout-v1", vectors)

    digest = send(client, red).json["digest"]
    assert digest == hashlib.sha256(red).hexdigest()
    assert send(client, blue, "application/octet-stream").status_code == 200
    found = find(client, picture=digest)
    assert ids(found) == [one, two]
    assert found["hits"][0]["alike"] == [
        {"to": "picture", "likeness": pytest.approx(1, abs=1e-4), "frame": 5}
    ]
    small = client.get(f"/api/v1/search/pictures/{digest}.jpg")
    assert (small.mimetype, small.data[:2]) == ("image/jpeg", b"\xff\xd8")
    assert "The picture that is searched for" in client.get(f"/library?picture={digest}").text

    # Words find no pictures by a model that knows none, and the answer says so.
    found = find(client, words="harbour")
    assert any("layout-v1 knows no words" in note for note in found["notes"])

    # Without the process what was sent before still works; nothing new can be sent.
    layout.kill()
    layout.wait()
    assert ids(find(client, picture=digest)) == [one, two]
    refused = send(client, jpeg((0, 200, 0)))
    assert (refused.status_code, refused.json["detail"]) == (
        400,
        "Pictures can't be searched for now: the search process does not run: `heaters up` starts "
        "it.",
    )
    with transaction(engine) as session:
        session.execute(sa.text("UPDATE search_pictures SET made_at = now() - interval '3 days'"))
    with search_process(settings.home, "layout-v1"):
        assert send(client, jpeg((0, 200, 0))).status_code == 200
    gone = client.get("/api/v1/search", query_string={"picture": digest})
    assert gone.status_code == 404 and "drop it again" in gone.json["detail"]


def test_only_pictures_of_a_bounded_size_are_opened(
    client: FlaskClient, engine: Engine, layout: Any, tmp_path: Path
) -> None:
    for content, words in (
        (b"#!/bin/sh", "no picture that can be searched for: send JPEG, PNG, WebP or GIF"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "no picture"),
        (b"\xff\xd8\xff" + bytes(1000), "damaged"),
        (bomb(60_000), "more than 50 million pixels"),
        (bomb(2_000_000_000), "damaged"),
        (b"", "no picture"),
    ):
        refused = send(client, content)
        assert refused.status_code == 400 and words in refused.json["detail"]
    assert send(client, b"\xff\xd8\xff" + bytes(33 << 20)).status_code == 413
    assert send(client, jpeg((1, 2, 3)), "text/plain").status_code == 400
    assert send(client, jpeg((1, 2, 3), (4000, 3000))).status_code == 200
    assert layout.poll() is None
