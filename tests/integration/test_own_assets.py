"""Assets of others beside ours: the example, and how a module is loaded."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import dagster as dg
import numpy as np
import pytest
from sqlalchemy import Engine

from examples.captions import caption, clip_captions
from heaters_pipeline.client import Client
from heaters_pipeline.db import clips, source_videos
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.domain.decisions import APPROVE
from heaters_pipeline.settings import get_settings
from heaters_pipeline.work.ingest import ingest
from heaters_pipeline.work.keyframes import take_keyframes
from heaters_pipeline.work.library import embed_clips, export_clips
from heaters_pipeline.work.pipeline import open_pipeline
from review_app import create_app
from tests.browser.review_world import served
from tests.conftest import CHECKOUT
from tests.decisions import decide
from tests.footage import make_numbered_film

LOAD = "from heaters_pipeline.orchestration.definitions import defs\n"
NAMES = LOAD + "print(*(key.to_user_string() for key in defs.resolve_all_asset_keys()))"


def test_the_example_captions_each_clip_once_and_the_search_finds_it(
    pipeline: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    film = make_numbered_film(tmp_path / "film.mp4", 30, size=(64, 36))
    work = open_pipeline(pipeline, get_settings())
    key = ingest(work, str(film), needs_splicing=False).key
    with transaction(pipeline) as session:
        (clip,) = clips.of_video(session, source_videos.get(session, key).id)
    decide(pipeline, clip, APPROVE)
    for step in (export_clips, take_keyframes, embed_clips):
        step(work, key)

    with served(create_app(get_settings())) as address, dg.DagsterInstance.ephemeral() as instance:
        monkeypatch.setenv("HEATERS_SERVER", address)
        instance.add_dynamic_partitions("heaters_videos", [key])

        def captions() -> object:
            done = dg.materialize(
                [clip_captions],
                partition_key=key,
                instance=instance,
                selection=[clip_captions],
            )
            (made,) = done.asset_materializations_for_node("clip_captions")
            return made.metadata["captions"].value

        written = captions()
        assert list(written) == [f"clip {clip.id}"]
        heaters = Client(address)
        (now,) = heaters.get("clips", video=key, state="library")["clips"]
        assert now["note"] == written[f"clip {clip.id}"]
        word = now["note"].split()[-1]
        assert [hit["clip_id"] for hit in heaters.get("search", words=word)["hits"]] == [clip.id]
        assert captions() == {}, "a clip that has a note is left alone"


def test_the_caption_tells_colours() -> None:
    blue = np.full((8, 8, 3), (200, 40, 20), np.uint8)
    assert caption(blue) == "bright, mostly blue"
    assert caption(np.zeros((8, 8, 3), np.uint8)) == "dark, hardly any colour"


def loaded(*modules: str) -> subprocess.CompletedProcess[str]:
    environment = {"PYTHONPATH": str(CHECKOUT), "HEATERS_EXTRA_DEFINITIONS": ",".join(modules)}
    return subprocess.run(
        [sys.executable, "-c", NAMES],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )


def test_a_module_s_assets_stand_beside_ours(heaters_home: Path) -> None:
    done = loaded("examples.captions")
    assert done.returncode == 0, done.stderr
    assert {"clip_captions", "clip_embeddings"} <= {*done.stdout.split()}


@pytest.mark.parametrize(
    ("module", "sentence"),
    [
        ("examples.nothing", "there is no module examples.nothing: check the name, or PYTHONPATH."),
        ("examples", "names examples, which has no `defs`"),
    ],
)
def test_a_module_that_is_none_is_named(heaters_home: Path, module: str, sentence: str) -> None:
    done = loaded(module)
    assert done.returncode != 0
    assert sentence in done.stderr
