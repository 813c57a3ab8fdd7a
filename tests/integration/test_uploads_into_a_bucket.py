"""Uploads into a bucket, which two review apps share that share nothing else."""

from __future__ import annotations

import os
from base64 import b64encode
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from sqlalchemy import Engine

from heaters_pipeline.db import bucket_uploads, source_list
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.db.locks import upload_lock
from heaters_pipeline.db.models import SourceVideo
from heaters_pipeline.db.source_list import Choice
from heaters_pipeline.domain.errors import HeatersError
from heaters_pipeline.settings import get_settings
from heaters_pipeline.storage import ObjectMissing, open_storage
from heaters_pipeline.storage.s3 import S3Storage, s3_client
from heaters_pipeline.work.pipeline import open_pipeline
from heaters_pipeline.work.storage_check import check_storage
from review_app import create_app
from review_app.senders import Senders
from review_app.uploads.bucket import BucketUploads
from review_app.uploads.upload import KEPT_SECONDS, UNBEGUN_SECONDS
from tests.waiting import until

MIB = 1 << 20
TUS = {"Tus-Resumable": "1.0.0"}
PIECE = {**TUS, "Content-Type": "application/offset+octet-stream"}


@pytest.fixture
def apps(
    pipeline: Engine, s3_endpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[list[FlaskClient]]:
    """Two, each with a home of its own."""
    bucket = f"uploads-{os.urandom(4).hex()}"
    s3_client(s3_endpoint).create_bucket(Bucket=bucket)
    monkeypatch.setenv("STORAGE_URL", f"s3://{bucket}/library")
    monkeypatch.setenv("HEATERS_S3_ENDPOINT_URL", s3_endpoint)
    clients = []
    for name in "ab":
        monkeypatch.setenv("HEATERS_HOME", str(tmp_path / name))
        get_settings.cache_clear()
        clients.append(create_app(get_settings()).test_client())
    yield clients
    get_settings.cache_clear()


@pytest.fixture
def bucket(apps: list[FlaskClient]) -> S3Storage:
    settings = get_settings()
    opened = open_storage(
        settings.storage_url, settings.home, endpoint_url=settings.s3_endpoint_url
    )
    assert isinstance(opened, S3Storage)
    return opened


def begun(app: FlaskClient, length: int) -> str:
    told = f"filename {b64encode(b'film.mp4').decode()}"
    headers = {**TUS, "Upload-Length": str(length), "Upload-Metadata": told}
    answer = app.post("/sources", headers=headers)
    assert answer.status_code == 201, answer.text
    return str(answer.headers["Location"])


def send(app: FlaskClient, place: str, offset: int, content: bytes) -> int:
    headers = {**PIECE, "Upload-Offset": str(offset)}
    return app.patch(place, headers=headers, data=content).status_code


def offset(app: FlaskClient, place: str) -> int | None:
    answer = app.head(place, headers=TUS)
    return int(answer.headers["Upload-Offset"]) if answer.status_code == 204 else None


def videos(engine: Engine) -> list[SourceVideo]:
    with transaction(engine) as session:
        return list(source_list.newest_first(session, Choice.ALL, "", 100, 0))


@pytest.mark.parametrize(
    "pieces",
    [
        [8 * MIB, 8 * MIB, 5],  # as the page sends
        [MIB, 19 * MIB + 3, 1, 2 * MIB],
        [3],
        [8 * MIB],
    ],
)
def test_pieces_go_to_whichever_app_answers(
    apps: list[FlaskClient], pipeline: Engine, bucket: S3Storage, pieces: list[int]
) -> None:
    content = os.urandom(sum(pieces))
    place = begun(apps[0], len(content))
    at = 0
    for number, size in enumerate(pieces):
        app = apps[(number + 1) % 2]
        assert offset(app, place) == at
        assert send(app, place, at, content[at : at + size]) == 204
        at += size
    assert [offset(app, place) for app in apps] == [at, at]
    (video,) = videos(pipeline)
    assert video.title == "film"
    assert b"".join(bucket.stream(str(video.source_filepath))) == content
    assert list(bucket.unfinished()) == []
    findings: list[object] = []
    check_storage(
        open_pipeline(pipeline, get_settings()), findings.append, deep=True, grace=timedelta(0)
    )
    assert findings == []


def test_an_app_that_dies_at_the_end_leaves_the_rest_to_the_other(
    apps: list[FlaskClient],
    pipeline: Engine,
    bucket: S3Storage,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Before the parts are joined, after, and after the video is in the database."""
    content = os.urandom(9 * MIB)
    for step in (
        "heaters_pipeline.storage.s3.S3Storage.join_parts",
        "review_app.uploads.tus.add_upload",
        "review_app.uploads.bucket.BucketUploads.finish",
    ):
        place = begun(apps[0], len(content))

        def dies(*_: object, **__: object) -> None:
            raise HeatersError("It died.")

        with monkeypatch.context() as patch:
            patch.setattr(step, dies)
            assert send(apps[0], place, 0, content) == 500
        assert offset(apps[1], place) == len(content)
    assert len(videos(pipeline)) == 3
    for video in videos(pipeline):
        assert b"".join(bucket.stream(str(video.source_filepath))) == content
    assert list(bucket.unfinished()) == []


def test_one_request_at_a_time(apps: list[FlaskClient], pipeline: Engine) -> None:
    place = begun(apps[0], 10)
    with upload_lock(pipeline, place.rpartition("/")[2]):
        assert send(apps[1], place, 0, b"12345") == 423
    assert send(apps[1], place, 0, b"12345") == 204
    assert send(apps[0], place, 4, b"x") == 409
    assert offset(apps[0], place) == 5


def test_what_is_cancelled_or_left_alone_leaves_no_bytes(
    apps: list[FlaskClient], pipeline: Engine, bucket: S3Storage
) -> None:
    content = os.urandom(9 * MIB)
    cancelled, left = (begun(apps[0], 20 * MIB) for _ in range(2))
    for place in (cancelled, left):
        assert send(apps[0], place, 0, content) == 204
    assert len(list(bucket.unfinished())) == 2
    findings: list[object] = []
    check_storage(
        open_pipeline(pipeline, get_settings()), findings.append, fix=True, grace=timedelta(0)
    )
    assert findings == [], "what goes on is not broken off"
    assert apps[1].delete(cancelled, headers=TUS).status_code == 204
    assert offset(apps[0], cancelled) is None
    unbegun = begun(apps[0], 7)
    age(pipeline, left, KEPT_SECONDS - 60)
    age(pipeline, unbegun, UNBEGUN_SECONDS - 60)
    begun(apps[1], 7)
    assert [offset(apps[0], each) for each in (left, unbegun)] == [len(content), 0]
    age(pipeline, left, KEPT_SECONDS + 60)
    age(pipeline, unbegun, UNBEGUN_SECONDS + 60)
    begun(apps[1], 7)
    assert [offset(apps[0], each) for each in (left, unbegun)] == [None, None]
    assert list(bucket.unfinished()) == []


def test_a_flood_of_announcements_ousts_the_oldest_of_them_alone(
    apps: list[FlaskClient], pipeline: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("review_app.uploads.bucket.MOST_UNBEGUN", 3)
    grown = begun(apps[0], 10)
    assert send(apps[0], grown, 0, b"12345") == 204
    places = []
    for _ in range(5):
        places.append(begun(apps[0], 10))
        age(pipeline, places[-1], 60 - len(places))
    assert offset(apps[1], grown) == 5
    assert [offset(apps[1], place) for place in places] == [None, None, 0, 0, 0]


def test_a_bucket_that_has_forgotten_the_parts_says_begin_again(
    apps: list[FlaskClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a restore, or a rule of the bucket's that ends uploads. Moto itself answers 500."""
    place = begun(apps[0], 20 * MIB)
    assert send(apps[0], place, 0, os.urandom(8 * MIB)) == 204

    def no_such_upload(_: S3Storage, key: str, *__: object) -> str:
        raise ObjectMissing(key)

    monkeypatch.setattr(S3Storage, "put_part", no_such_upload)
    assert send(apps[1], place, 8 * MIB, os.urandom(8 * MIB)) == 404
    assert offset(apps[0], place) is None


def test_whoever_announced_an_upload_elsewhere_is_no_stranger(
    apps: list[FlaskClient], pipeline: Engine
) -> None:
    """A large piece may be the first request that comes to an app: it asks, and takes the next."""
    begun(apps[0], 20 * MIB)
    asked: list[str] = []

    def others() -> set[str]:
        with transaction(pipeline) as session:
            asked.extend(found := bucket_uploads.senders(session))
        return found

    senders = Senders(others, is_private=False)
    assert not senders.are_known("127.0.0.1", "")
    until(lambda: senders.are_known("127.0.0.1", "") is True)
    assert senders.are_known("127.0.0.2", "") is False
    assert asked == ["127.0.0.1"], "once for all that come at that time"


def test_an_upload_of_any_size_has_few_parts(apps: list[FlaskClient]) -> None:
    from review_app.uploads.bucket import MOST_PARTS, _part_bytes

    for length in (1, 8 * MIB, 10**11, 5 * 2**40):
        assert -(-length // _part_bytes(length)) <= MOST_PARTS
    uploads = apps[0].application.extensions["heaters"].uploads
    assert isinstance(uploads, BucketUploads)


def age(engine: Engine, place: str, seconds: float) -> None:
    """Makes it as if nothing had come for so long."""
    with engine.begin() as connection:
        connection.execute(
            sa.text(
                "UPDATE bucket_uploads SET changed_at = now() - make_interval(secs => :s)"
                " WHERE id = :id"
            ),
            {"s": seconds, "id": place.rpartition("/")[2]},
        )
