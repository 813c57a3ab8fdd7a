"""Words and pictures by a real (tiny) CLIP, from the search process to the page."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import Engine

from heaters_pipeline.cli import main
from heaters_pipeline.settings import Settings, get_settings
from heaters_pipeline.work.encoder import Encoded, EncoderClient, NoEncoder
from review_app import create_app
from tests.searching import (
    describe,
    find,
    give_vectors,
    ids,
    in_library,
    jpeg,
    search_process,
)

pytestmark = pytest.mark.long

LOAD_SECONDS = 120


def loaded(encoder: EncoderClient, text: str) -> Encoded:
    """Waits for the model, and for a processor that is free to use it."""
    end = time.monotonic() + LOAD_SECONDS
    while True:
        try:
            return encoder.words(text)
        except NoEncoder:
            assert time.monotonic() < end
            time.sleep(0.2)


@pytest.fixture
def clip_settings(settings: Settings, tiny_clip: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("HEATERS_EMBEDDING_MODEL", str(tiny_clip))
    get_settings.cache_clear()
    return get_settings()


def test_words_and_pictures_find_clips_and_texts_do_without_the_process(
    clip_settings: Settings, engine: Engine, tiny_clip: Path, tmp_path: Path
) -> None:
    model, home = str(tiny_clip), clip_settings.home
    one, two, three = (clip.id for clip in in_library(engine))
    client = create_app(clip_settings).test_client()
    encoder = EncoderClient(home)
    with search_process(home, model) as process:
        words = loaded(encoder, "a ferry")
        assert words.model == model and len(words.vector) == 24
        assert np.linalg.norm(words.vector) == pytest.approx(1, abs=1e-5)
        red, blue = encoder.picture(jpeg((0, 0, 200))), encoder.picture(jpeg((200, 0, 0)))
        away = [-value for value in words.vector]
        give_vectors(
            engine,
            model,
            {
                (one, 5): away,
                (one, 8): words.vector,
                (two, 20): red.vector,
                (three, 60): blue.vector,
            },
        )
        found = find(client, words="a ferry")
        best = found["hits"][0]
        assert (best["clip_id"], best["alike"][0]["frame"]) == (one, 8)
        assert best["alike"][0] == {
            "to": "words",
            "likeness": pytest.approx(1, abs=1e-4),
            "frame": 8,
        }
        assert found["notes"] == ["No text has “ferry”."]
        # A text and a picture together go before either.
        describe(engine, two, note="The ferry.")
        found = find(client, words="a ferry")
        assert ids(found)[:2] == [two, one]
        assert {each["field"] for each in found["hits"][0]["mentions"]} == {"note"}

        sent = client.post(
            "/api/v1/search/pictures", data=jpeg((0, 0, 200)), content_type="image/jpeg"
        )
        assert ids(find(client, picture=sent.json["digest"]))[0] == two
        told = command("search", "--picture", str(saved(tmp_path, (200, 0, 0))), "--limit", "1")
        assert told.startswith(f"{three:>8}  Film-1  1.00 like the picture, frame 60")
        told = command("search", "a", "ferry", "--json", "--max-seconds", "0.5")
        assert [each["clip_id"] for each in json.loads(told)["hits"]] == [one]

        process.kill()
        process.wait()
        found = find(client, words="ferry")
        assert ids(found) == [two]
        assert found["notes"] == [
            "Words are not looked for in pictures: the search process does not run: `heaters up` "
            "starts it."
        ]
    # Another one takes its place, and no app is started anew.
    with search_process(home, "layout-v1"):
        loaded_by_name(encoder, model)
        assert ids(find(client, words="a ferry"))[:2] == [two, one]


def loaded_by_name(encoder: EncoderClient, model: str) -> None:
    end = time.monotonic() + LOAD_SECONDS
    while True:
        try:
            encoder.words("x", model)
            return
        except NoEncoder:
            assert time.monotonic() < end
            time.sleep(0.2)


def saved(folder: Path, colour: tuple[int, int, int]) -> Path:
    path = folder / "picture.jpg"
    path.write_bytes(jpeg(colour))
    return path


def command(*words: str) -> str:
    done: Any = CliRunner().invoke(main, words, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return str(done.stdout)


def test_a_model_that_can_not_be_had_is_told_and_ends_nothing(
    settings: Settings, app: Flask, engine: Engine, tmp_path: Path
) -> None:
    model = str(tmp_path / "nowhere")
    one = in_library(engine)[0].id
    describe(engine, one, note="A ferry.")
    give_vectors(engine, model, {(one, 5): [1, 0]})
    with search_process(settings.home, model) as process:
        end = time.monotonic() + LOAD_SECONDS
        while True:
            found = find(app.test_client(), words="ferry")
            assert ids(found) == [one]
            (note,) = found["notes"]
            if "still being loaded" not in note:
                break
            assert time.monotonic() < end
        assert note.startswith("Words are not looked for in pictures: the model")
        assert "can't be had" in note
        assert process.poll() is None
