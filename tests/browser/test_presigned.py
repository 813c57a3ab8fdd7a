"""Films that browsers fetch from S3 themselves: the player in Chromium reads frames from another
origin, within what the page's policy allows, and exports come from there, too."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import sqlalchemy as sa
from flask import Flask
from sqlalchemy import Engine

from heaters_pipeline.db.engine import transaction
from heaters_pipeline.db.models import Clip
from heaters_pipeline.settings import Settings
from heaters_pipeline.storage import Storage, open_storage
from review_app import create_app
from tests.browser.review_world import Film
from tests.browser.tab import Tab
from tests.people import Browser


@pytest.fixture
def app_settings(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """On moto's S3, as it lets pages of all origins read."""
    from moto.server import ThreadedMotoServer

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    requests.put(f"{endpoint}/films", timeout=30)
    facts = {"storage_url": "s3://films/library", "s3_endpoint_url": endpoint}
    yield settings.model_copy(update={**facts, "presigned_seconds": 60, "storage_classes": {}})
    server.stop()


@pytest.fixture
def storage(app_settings: Settings) -> Storage:
    home, endpoint = app_settings.home, app_settings.s3_endpoint_url
    return open_storage(app_settings.storage_url, home, endpoint_url=endpoint)


def test_the_player_reads_frames_from_the_storage(tab: Callable[..., Tab], film: Film) -> None:
    page = tab()
    fetched: list[str] = []
    page.page.on("request", lambda asked: fetched.append(asked.url))
    page.shows_clip(0)
    assert page.page.evaluate("heaters.player.engineName") == "WebCodecs"
    last = film.clips[0].end_frame - 1
    assert page.go_to(last) == last
    page.press("a")
    page.shows_clip(film.clips[1].start_frame)
    assert any("X-Amz-Signature" in each for each in fetched)
    assert page.complaints == []


def test_a_run_leads_to_its_own_bytes_for_a_while(
    app: Flask, app_settings: Settings, storage: Storage, film: Film
) -> None:
    path = f"/media/{film.proxy_id}/frames/0-8"
    head = Browser(app).client.get(path)
    assert head.headers["Cache-Control"] == "private, max-age=30"
    link = head.headers["X-Samples-At"]
    asked = parse_qs(urlsplit(link).query)
    assert asked["X-Amz-Expires"] == ["60"]
    assert asked["X-Amz-SignedHeaders"] == ["host;range"]  # good for this range alone
    wanted = {"Range": head.headers["X-Samples-Range"], "Origin": "http://127.0.0.1:8765"}
    samples = requests.get(link, headers=wanted, timeout=30)
    assert samples.status_code == 206
    through = create_app(app_settings.model_copy(update={"presigned_seconds": 0}))
    whole = through.test_client().get(path)
    assert head.data + samples.content == whole.data
    origin = app_settings.s3_endpoint_url
    for client, is_allowed in ((app.test_client(), True), (through.test_client(), False)):
        policy = client.get("/review").headers["Content-Security-Policy"]
        allowed = [each for each in policy.split("; ") if str(origin) in each]
        assert (
            allowed
            == ([f"{kind}-src 'self' {origin}" for kind in ("media", "connect")]) * is_allowed
        )


def test_exports_come_from_the_storage_to_whom_the_app_lets_in(
    app: Flask, engine: Engine, storage: Storage, film: Film
) -> None:
    clip, client = film.clips[0], Browser(app).client
    path = f"/clips/{clip.id}/clip.mp4"
    facts = {"state": "embedded", "is_virtual": False, "clip_filepath": f"clips/{clip.id}/clip.mp4"}
    facts["exported_frames"] = clip.frames.as_json()
    with transaction(engine) as session:
        session.execute(sa.update(Clip).where(Clip.id == clip.id).values(**facts))
    assert client.get(path).status_code == 404
    storage.put(film.footage.proxy, facts["clip_filepath"])
    answer = client.get(f"{path}?download")
    assert (answer.status_code, answer.headers["Cache-Control"]) == (302, "private, max-age=30")
    film_file = requests.get(answer.location, timeout=30)
    assert film_file.content == film.footage.proxy.read_bytes()
    assert film_file.headers["Content-Type"] == "video/mp4"
    assert film_file.headers["Content-Disposition"] == f"attachment; filename=clip-{clip.id}.mp4"
    assert client.head(path).status_code == 200
    stranger = {"Authorization": "Bearer heaters_wrong"}
    assert Browser(app).client.get(path, headers=stranger).location.startswith("/login?")
