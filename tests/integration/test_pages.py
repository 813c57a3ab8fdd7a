"""Links between Dagster and the review app lead somewhere."""

from __future__ import annotations

from base64 import b64decode
from pathlib import Path

import cv2  # noqa: TID253
import dagster as dg
import numpy as np
from flask import Flask
from sqlalchemy import Engine

from heaters_pipeline.db.engine import transaction
from heaters_pipeline.domain import pages
from heaters_pipeline.domain.roles import Role
from heaters_pipeline.domain.states import EMBED
from heaters_pipeline.media.clips.contact_sheet import HEIGHT, WIDTH
from heaters_pipeline.orchestration import pages as in_dagster
from heaters_pipeline.orchestration.catalogue import MACHINE, VERSIONS
from heaters_pipeline.orchestration.definitions import defs
from heaters_pipeline.settings import get_settings
from heaters_pipeline.storage import LocalStorage
from heaters_pipeline.work.library import Batch
from heaters_pipeline.work.pipeline import open_pipeline
from tests.people import add_people, token
from tests.rows import add_keyframe, ready_video


def test_every_asset_has_a_page_and_a_link_to_it(app: Flask, engine: Engine) -> None:
    assert pages.OF_ASSET.keys() == VERSIONS.keys()
    client = app.test_client()
    address = get_settings().public_address
    ready_video(engine)
    for path in {*pages.OF_ASSET.values()}:
        assert client.get(pages.of_video(path, "film-1")).status_code == 200
    for spec in defs.resolve_all_asset_specs():
        link = spec.metadata["review_app"]
        assert isinstance(link, dg.UrlMetadataValue)
        path = (link.url or "").removeprefix(address)
        assert client.get(path).status_code == 200
        assert spec.owners and spec.description
        assert MACHINE in spec.tags or spec.key.to_user_string() in VERSIONS


def test_pictures_of_clips_are_shown_with_links(
    app: Flask, pipeline: Engine, storage: LocalStorage, tmp_path: Path
) -> None:
    _, (first, second, _) = ready_video(pipeline)
    for clip, colour in ((first, (0, 0, 255)), (second, (255, 0, 0))):
        still = tmp_path / f"{clip.id}.png"
        cv2.imwrite(str(still), np.full((36, 64, 3), colour, np.uint8))
        with transaction(pipeline) as session:
            for frame in (2, 5, 8):
                key = f"clips/{clip.id}/keyframe-{frame}-0123456789.jpg"
                storage.put(still, key)
                add_keyframe(session, clip.id, frame, key)
    work = open_pipeline(pipeline, get_settings())
    batch = Batch(work, EMBED, done=[first.id, second.id])
    shown = str(in_dagster.pictures(work, batch)["pictures"].value)
    image, links = shown.split("\n\n")
    address = get_settings().public_address
    assert links == " ".join(
        f"[clip {clip.id}]({address}/clips/{clip.id})" for clip in (first, second)
    )
    packed = image.partition("base64,")[2].removesuffix(")")
    sheet = cv2.imdecode(np.frombuffer(b64decode(packed), np.uint8), cv2.IMREAD_COLOR)
    assert sheet.shape == (HEIGHT, 2 * WIDTH, 3)
    left, right = sheet[40, 70].astype(int), sheet[40, WIDTH + 70].astype(int)
    assert left[2] > 200 > left[0] and right[0] > 200 > right[2]
    rules = app.url_map.bind("localhost")
    assert rules.match(pages.of_clip(first.id))[0] == "clips.index"


def test_the_sources_page_leads_operators_to_dagster(app: Flask, engine: Engine) -> None:
    ready_video(engine)
    page = app.test_client().get("/sources").text
    href = "http://127.0.0.1:3000/assets/virtual_clips?view=partitions&amp;partition=film-1"
    assert f'href="{href}"' in page
    add_people(engine, ann=Role.ADMIN, rob=Role.REVIEWER)
    of_reviewer = app.test_client().get("/sources", headers=token(engine, "rob"))
    assert of_reviewer.status_code == 200
    assert "In Dagster" not in of_reviewer.text
