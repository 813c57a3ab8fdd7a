"""Themes of the library: made of its vectors, kept over recomputation, and shown."""

from __future__ import annotations

import dagster as dg
import numpy as np
import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import Engine

from heaters_pipeline.cli import main
from heaters_pipeline.db import (
    artifacts,
    clips,
    embeddings,
    review_queue,
    theme_vectors,
    themes,
    vector_copy,
)
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.db.models import Clip, ClipTheme
from heaters_pipeline.domain.selection import Order, Selection, Shown
from heaters_pipeline.domain.states import ClipState
from heaters_pipeline.domain.vectors import LAYOUT_MODEL
from heaters_pipeline.orchestration.run_keys import SURVEYS
from heaters_pipeline.orchestration.sensors import changed_library
from heaters_pipeline.settings import Settings, get_settings
from heaters_pipeline.work.pipeline import Pipeline, open_pipeline
from heaters_pipeline.work.themes import place_new, survey
from tests.jobs import tick, why_skipped
from tests.reviewer import Reviewer
from tests.rows import ready_video
from tests.themed import EACH, ODD, themed_library, vector_of


@pytest.fixture
def library(engine: Engine, pipeline: Engine) -> list[int]:
    return themed_library(engine)


@pytest.fixture
def app_settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"embedding_model": LAYOUT_MODEL})


@pytest.fixture
def opened(engine: Engine) -> Pipeline:
    return open_pipeline(engine, get_settings())


def kinds(engine: Engine, library: list[int]) -> dict[int, list[int]]:
    """The places of the clips of each theme."""
    places = {clip_id: place for place, clip_id in enumerate(library)}
    with transaction(engine) as session:
        found: dict[int, list[int]] = {}
        for clip_id, theme_id in sorted(themes.of_clips(session).items()):
            found.setdefault(theme_id, []).append(places.get(clip_id, -1))
        return found


def chosen(engine: Engine, **wanted) -> list[int]:
    with transaction(engine) as session:
        selection = Selection(**wanted)
        found = review_queue.selected_ids(session, selection, by_itself=Shown.LIBRARY)
        assert review_queue.count(session, selection, by_itself=Shown.LIBRARY) == len(found)
    return list(found)


def test_one_vector_a_clip_is_read_as_a_stream(
    engine: Engine, library: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vector_copy, "BLOCK", 40)
    with transaction(engine) as session:
        for frame, vector in enumerate(([0.0, 2.0], [2.0, 0.0])):
            values = {"clip_id": library[0], "frame": frame, "vector": str(vector)}
            session.execute(
                sa.text(
                    "INSERT INTO clip_embeddings (clip_id, model, strategy, frame, embedding)"
                    " VALUES (:clip_id, 'frames-model', 'frames', :frame, :vector)"
                ),
                values,
            )
    blocks = list(theme_vectors.each_block(engine, LAYOUT_MODEL))
    assert [len(block.ids) for block in blocks] == [40, 40, 10]
    assert [clip_id for block in blocks for clip_id in block.ids] == library
    wanted = np.array([vector_of(place) for place in range(len(library))])
    wanted /= np.linalg.norm(wanted, axis=1, keepdims=True)
    assert np.concatenate([block.vectors for block in blocks]) == pytest.approx(wanted, abs=1e-3)
    (block,) = theme_vectors.each_block(engine, "frames-model")
    assert block.vectors == pytest.approx(np.full((1, 2), 0.5**0.5), abs=1e-3)
    assert list(theme_vectors.each_block(engine, "no-such")) == []


def test_themes_are_made_named_and_kept(
    engine: Engine, library: list[int], opened: Pipeline
) -> None:
    done = survey(opened)
    assert done is not None
    assert (done.clips, done.kept) == (90, 0)
    found = kinds(engine, library)
    assert sorted(place for places in found.values() for place in places) == [*range(90)]
    assert all(
        len({place // EACH for place in places if place != ODD}) <= 1 for places in found.values()
    )
    with transaction(engine) as session:
        listed = themes.listed(session)
        named = [each for each in listed if each.name.startswith("Night train")]
        assert named
        assert all(each.name == f"Theme {each.id}" for each in listed if each not in named)
        assert sum(each.clips for each in listed) == 90
        assert all(each.examples[0] in library for each in listed)
        first = named[0].id
        other = next(each.id for each in listed if each not in named)
        assert themes.rename(session, other, " At  the sea ", "kim") == "At the sea"

    assert survey(opened) is None  # nothing has changed
    again = survey(opened, anew=True)
    assert again is not None
    assert again.kept == again.themes + again.parts == len(listed)
    assert kinds(engine, library) == found
    with transaction(engine) as session:
        assert themes.get(session, first).name == named[0].name
        assert themes.get(session, other).name == "At the sea"


def test_large_themes_have_parts_that_are_theirs_alone(
    engine: Engine, library: list[int], opened: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("heaters_pipeline.work.themes.LARGEST_WHOLE", 10)
    done = survey(opened)
    assert done is not None
    assert done.parts
    with transaction(engine) as session:
        listed = themes.listed(session)
        top = next(each for each in listed if each.parts)
        parts = [each for each in listed if each.parent_id == top.id]
        assert sum(each.clips for each in parts) == top.clips
        assert listed.index(parts[0]) == listed.index(top) + 1
        assert len(themes.nearest(session, top.id, 99)) == top.clips
    whole = chosen(engine, theme=top.id, state=(Shown.LIBRARY,))
    of_parts = [chosen(engine, theme=part.id) for part in parts]
    assert sorted(whole) == sorted(clip for clips in of_parts for clip in clips)
    assert chosen(engine, theme=10**9) == []


def test_a_new_clip_gets_the_nearest_theme_at_once(
    engine: Engine, library: list[int], opened: Pipeline
) -> None:
    survey(opened)
    before = kinds(engine, library)
    _, (new, bare, *_) = ready_video(engine, "film-2")
    with transaction(engine) as session:
        for clip in (new, bare):
            session.get_one(Clip, clip.id).state = ClipState.EMBEDDED
        embeddings.save(session, new.id, LAYOUT_MODEL, "mean", vector_of(30 + 2))
    assert place_new(opened) == 1
    assert place_new(opened) == 0
    with transaction(engine) as session:
        placed, lacking = (session.get_one(ClipTheme, clip.id) for clip in (new, bare))
        assert {place // EACH for place in before[placed.theme_id]} == {2}
        assert placed.novelty == pytest.approx(0.01, abs=0.02)
        assert (lacking.theme_id, lacking.novelty) == (None, None)
        assert not themes.standing(session, LAYOUT_MODEL).is_due
        # Without its vector it has no place.
        artifacts.forget_vectors(session, [new.id])
        assert session.get(ClipTheme, new.id, populate_existing=True) is None


def test_the_order_novel_begins_with_the_clip_that_is_like_no_other(
    engine: Engine, library: list[int], opened: Pipeline
) -> None:
    place_new(opened)  # before there are themes
    assert chosen(engine, order=Order.NOVEL)[0] == library[ODD]
    survey(opened)
    found = chosen(engine, order=Order.NOVEL)
    assert found[0] == library[ODD]
    assert sorted(found) == library
    with transaction(engine) as session:
        # Clips outside the library come last.
        pending = clips.of_video(session, session.get_one(Clip, library[0]).source_video_id)[-1].id
        given = chosen(engine, order=Order.NOVEL, ids=(pending, library[0], library[ODD]))
        assert given == [library[ODD], library[0], pending]
        session.execute(sa.text("SET LOCAL enable_seqscan = off"))
        session.execute(sa.text("SET LOCAL enable_sort = off"))
        session.execute(sa.text("SET LOCAL enable_hashjoin = off"))
        review_queue.selected(session, Selection(order=Order.NOVEL), 5, by_itself=Shown.LIBRARY)
        session.execute(sa.text("SELECT pg_stat_force_next_flush()"))
    with engine.connect() as connection:
        used = "SELECT idx_scan FROM pg_stat_user_indexes WHERE indexrelname = :name"
        assert connection.scalar(sa.text(used), {"name": "ix_clip_themes_novelty"})


def test_the_pages_show_themes_and_lead_to_their_clips(
    engine: Engine, library: list[int], opened: Pipeline, app: Flask
) -> None:
    reviewer = Reviewer(app)
    client = reviewer.client
    empty = client.get("/library/themes").text
    assert "90 clips have a vector by layout-v1, and the themes are being made" in empty
    survey(opened)
    with transaction(engine) as session:
        first = themes.listed(session)[0]
    page = client.get("/library/themes").text
    assert f'href="/library/themes/{first.id}"' in page
    assert f"{first.clips} clips" in page
    shown = client.get(f"/library/themes/{first.id}").text
    assert f'href="/library?theme={first.id}"' in shown
    assert shown.count('class="card"') == first.clips
    renamed = client.post(
        f"/library/themes/{first.id}/name",
        data={"name": "At the sea", "csrf_token": reviewer.token},
    )
    assert renamed.status_code == 303
    assert "The theme is called At the sea." in client.get(renamed.location).text
    filtered = client.get(f"/library?theme={first.id}").text
    assert f"{first.clips} clips" in filtered
    assert f'<option value="{first.id}">At the sea</option>' in filtered
    assert client.get("/library/themes/999999").status_code == 404


def test_the_command_prints_them(engine: Engine, library: list[int], opened: Pipeline) -> None:
    runner = CliRunner()
    assert "the themes are being made" in runner.invoke(main, ["themes"]).output
    printed = runner.invoke(main, ["themes", "--anew"]).output
    assert "Night train" in printed
    assert sum(int(line.split()[1]) for line in printed.splitlines()) == 90


def test_a_survey_that_died_is_tried_again_a_few_times(
    library: list[int], instance: dg.DagsterInstance
) -> None:
    """A killed process is no reason to wait until other clips are there."""
    asked = []
    while keys := tick(changed_library, instance):
        assert keys == tick(changed_library, instance), "one at a time"
        asked += keys
        run = dg.DagsterRun(job_name="themes", tags={"dagster/run_key": keys[0]})
        instance.report_run_failed(instance.add_run(run))
    assert len({*asked}) == len(asked) == SURVEYS
    assert why_skipped(changed_library, instance) == "The themes of these clips could not be made."
