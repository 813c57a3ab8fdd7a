"""Uploads over HTTP: the tus protocol as its own client speaks it, and what can go wrong."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
import sqlalchemy as sa
from flask import Flask
from sqlalchemy import Engine
from tusclient.client import TusClient
from tusclient.exceptions import TusUploadFailed
from werkzeug.serving import make_server

from heaters_pipeline.db import deletions, source_list
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.db.models import ObjectToDelete, SourceVideo, StoredObject
from heaters_pipeline.db.source_list import Choice
from heaters_pipeline.domain import layout
from heaters_pipeline.domain.errors import HeatersError
from heaters_pipeline.files.locks import try_lock
from heaters_pipeline.settings import Settings
from heaters_pipeline.storage import LocalStorage
from heaters_pipeline.storage.s3 import S3Storage
from heaters_pipeline.work.objects import delete_due
from heaters_pipeline.work.pipeline import open_pipeline
from review_app import create_app
from review_app.services import Services
from review_app.uploads.bucket import BucketUploads
from review_app.uploads.folder import UploadFolder
from review_app.uploads.upload import KEPT_SECONDS, UNBEGUN_SECONDS
from tests.browser.review_world import served
from tests.rows import to_delete

MIB = 1 << 20
TUS = {"Tus-Resumable": "1.0.0"}
PIECE = {**TUS, "Content-Type": "application/offset+octet-stream"}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Not a film, but as many bytes of no pattern."""
    path = tmp_path / "Summer film.mp4"
    path.write_bytes(os.urandom(3 * MIB + 17))
    return path


def videos(engine: Engine) -> list[SourceVideo]:
    with transaction(engine) as session:
        return list(source_list.newest_first(session, Choice.ALL, "", 100, 0))


def folders(settings: Settings) -> list[Path]:
    return list((settings.home / "uploads").glob("*"))


def uploader(address: str, file: Path, url: str | None = None, **metadata: str) -> Any:
    told = {"filename": file.name, **metadata}
    return TusClient(f"{address}/sources").uploader(
        str(file), chunk_size=MIB, metadata=told, url=url, retries=3, retry_delay=0
    )


def encoded(**metadata: str) -> str:
    return ",".join(f"{k} {b64encode(v.encode()).decode()}" for k, v in metadata.items())


def announce(address: str, length: int, **metadata: str) -> requests.Response:
    headers = {**TUS, "Upload-Length": str(length), "Upload-Metadata": encoded(**metadata)}
    return requests.post(f"{address}/sources", headers=headers, timeout=10)


def begun(address: str, length: int) -> str:
    """The address of an upload of so many bytes."""
    answer = announce(address, length, filename="film.mp4")
    assert answer.status_code == 201
    return address + answer.headers["Location"]


def patch(url: str, offset: int, body: bytes, **headers: str) -> requests.Response:
    sent = {**PIECE, "Upload-Offset": str(offset), **headers}
    return requests.patch(url, data=body, headers=sent, timeout=30)


def offset(url: str) -> int:
    answer = requests.head(url, headers=TUS, timeout=10)
    assert answer.status_code == 204
    return int(answer.headers["Upload-Offset"])


def same_file(storage: LocalStorage, video: SourceVideo, file: Path) -> bool:
    assert video.source_filepath
    digests = set()
    for pieces in (storage.stream(video.source_filepath), iter([file.read_bytes()])):
        digest = hashlib.sha256()
        for piece in pieces:
            digest.update(piece)
        digests.add(digest.digest())
    return len(digests) == 1


def test_a_client_that_speaks_tus_sends_a_film(
    address: str, file: Path, engine: Engine, storage: LocalStorage, settings: Settings
) -> None:
    uploader(address, file, title="Our summer", already_cut="1").upload()
    (video,) = videos(engine)
    assert (video.title, video.url, video.origin) == ("Our summer", file.name, "upload")
    assert (video.state, video.needs_splicing) == ("new", False)
    assert video.key.startswith("summer-film-")
    assert video.source_filepath == f"videos/{video.key}/source-upload.mp4"
    assert same_file(storage, video, file)
    assert [path.name for folder in folders(settings) for path in folder.glob("data")] == []


def test_what_the_server_can_do_is_told_to_who_asks(address: str) -> None:
    answer = requests.options(f"{address}/sources", timeout=10)
    assert answer.headers["Tus-Version"] == "1.0.0"
    assert answer.headers["Tus-Extension"] == "creation,expiration,termination"
    assert answer.headers["Tus-Max-Size"] == "100000000000"
    assert "Access-Control-Allow-Origin" not in answer.headers


@contextmanager
def running(port: int) -> Iterator[subprocess.Popen[bytes]]:
    """The product's own server, in a process of its own."""
    process = subprocess.Popen(
        [sys.executable, "-m", "review_app"],
        env={**os.environ, "HEATERS_REVIEW_PORT": str(port)},
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 30
        while True:
            try:
                requests.get(f"http://127.0.0.1:{port}/healthz", timeout=5).raise_for_status()
                break
            except requests.ConnectionError:
                assert process.poll() is None and time.monotonic() < deadline
                time.sleep(0.05)
        yield process
    finally:
        process.kill()
        process.wait()


def test_an_upload_goes_on_when_the_server_was_killed_and_started_again(
    settings: Settings, file: Path, engine: Engine, storage: LocalStorage
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    upload = None
    with running(port) as server:
        upload = uploader(f"http://127.0.0.1:{port}", file)
        upload.upload(stop_at=2 * MIB)
        server.kill()
        upload.retries = 0
        with pytest.raises(TusUploadFailed):
            upload.upload()
    with running(port):
        again = uploader(f"http://127.0.0.1:{port}", file, url=upload.url)
        assert again.offset == 2 * MIB
        again.upload()
    (video,) = videos(engine)
    assert video.title == "Summer film"
    assert same_file(storage, video, file)


def send_half(url: str, length: int, half: bytes) -> None:
    """A PATCH whose connection breaks off in the middle of its body."""
    parts = urlsplit(url)
    headers = {**PIECE, "Host": parts.netloc, "Upload-Offset": "0", "Content-Length": str(length)}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=10) as wire:
        wire.sendall(f"PATCH {parts.path} HTTP/1.1\r\n{lines}\r\n".encode() + half)
        wire.shutdown(socket.SHUT_WR)
        while wire.recv(1024):
            pass


@contextmanager
def streaming(app: Flask) -> Iterator[str]:
    """The app under a server that hands bodies over while they arrive, which waitress does not."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()


@pytest.mark.parametrize("serve", [served, streaming])
def test_a_piece_that_breaks_off_does_no_harm(
    serve: Any, app: Flask, file: Path, engine: Engine, storage: LocalStorage
) -> None:
    content = file.read_bytes()
    with serve(app) as address:
        url = begun(address, len(content))
        send_half(url, len(content), content[: 2 * MIB])
        if serve is streaming:
            deadline = time.monotonic() + 10
            while offset(url) < 2 * MIB and time.monotonic() < deadline:
                time.sleep(0.01)
            assert offset(url) == 2 * MIB, "all that arrived is kept"
        uploader(address, file, url=url).upload()
    (video,) = videos(engine)
    assert same_file(storage, video, file)


def test_two_clients_of_one_upload_do_not_mix(
    address: str, file: Path, engine: Engine, storage: LocalStorage
) -> None:
    first = uploader(address, file)
    first.upload_chunk()
    second = uploader(address, file, url=first.url)
    second.upload_chunk()
    stale = patch(first.url, MIB, b"x" * MIB)
    assert stale.status_code == 409
    assert "resumes at byte 2097152" in stale.json()["detail"]
    first.upload()  # asks for the offset when it is refused, and goes on
    (video,) = videos(engine)
    assert same_file(storage, video, file)


def test_while_one_request_writes_others_are_told_to_wait(address: str, settings: Settings) -> None:
    url = begun(address, 10)
    (folder,) = folders(settings)
    held = try_lock(folder / "lock")
    assert held is not None
    answers = [patch(url, 0, b"x"), requests.delete(url, headers=TUS, timeout=10)]
    assert [answer.status_code for answer in answers] == [423, 423]
    assert offset(url) == 0
    os.close(held)
    assert patch(url, 0, b"x").headers["Upload-Offset"] == "1"


@pytest.mark.parametrize(
    ("length", "metadata", "status", "sentence"),
    [
        (0, {"filename": "film.mp4"}, 400, "film.mp4 is empty: it has no video."),
        (2 * 10**9, {"filename": "film.mp4"}, 413, "film.mp4 has 2 GB; files of at most 1 GB"),
        (10, {}, 400, "The upload has no file name"),
        (10, {"filename": ".."}, 400, "The upload has no file name"),
        (10, {"filename": "films/"}, 400, "The upload has no file name"),
    ],
)
def test_announcements_that_are_refused(
    settings: Settings, length: int, metadata: dict[str, str], status: int, sentence: str
) -> None:
    app = create_app(settings.model_copy(update={"max_source_gb": 1}))
    with served(app) as address:
        answer = announce(address, length, **metadata)
    assert answer.status_code == status
    assert answer.json()["detail"].startswith(sentence)
    assert answer.headers["Tus-Resumable"] == "1.0.0"
    assert folders(settings) == []


def test_a_file_that_the_disk_can_not_hold_is_refused(settings: Settings) -> None:
    app = create_app(settings.model_copy(update={"max_source_gb": 1e9}))
    answer = app.test_client().post(
        "/sources",
        headers={**TUS, "Upload-Length": str(10**17), "Upload-Metadata": encoded(filename="a.mp4")},
    )
    assert answer.status_code == 507
    assert "disk has only" in answer.get_json()["detail"]


def roomy(settings: Settings, keep_free_gb: float = 0) -> Flask:
    """Takes files of any size and keeps so much of the disk free."""
    changes = {"max_source_gb": 1e9, "min_free_gb": keep_free_gb}
    return create_app(settings.model_copy(update=changes))


def test_uploads_share_the_disk_that_is_free(settings: Settings) -> None:
    """Each would have room by itself."""
    length = int(shutil.disk_usage(settings.home).free * 0.6)
    with served(roomy(settings)) as address:
        first = begun(address, length)
        refused = announce(address, length, filename="second.mp4")
        assert refused.status_code == 507
        assert refused.json()["detail"].startswith("second.mp4 has ")
        assert "promised to other uploads" in refused.json()["detail"]
        assert len(folders(settings)) == 1
        assert requests.delete(first, headers=TUS, timeout=10).status_code == 204
        begun(address, length)


def test_an_upload_that_rests_has_no_room_promised(settings: Settings) -> None:
    length = int(shutil.disk_usage(settings.home).free * 0.6)
    long_ago = time.time() - UNBEGUN_SECONDS - 60
    with served(roomy(settings)) as address:
        resting = begun(address, length)
        patch(resting, 0, b"12345")
        (folder,) = folders(settings)
        os.utime(folder / "data", (long_ago, long_ago))
        unbegun = begun(address, length)
        (folder,) = set(folders(settings)) - {folder}
        os.utime(folder, (long_ago, long_ago))
        begun(address, length)
        assert requests.head(unbegun, headers=TUS, timeout=10).status_code == 404
        assert patch(resting, 5, b"67890").status_code == 204


def test_a_flood_of_announcements_ousts_the_oldest_of_them_alone(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("review_app.uploads.folder.MOST_UNBEGUN", 3)
    with served(create_app(settings)) as address:
        honest = begun(address, 10)
        patch(honest, 0, b"12345")
        urls = [begun(address, 10) for _ in range(5)]
        known = [requests.head(url, headers=TUS, timeout=10).status_code for url in urls]
        assert known == [404, 204, 204, 204, 204], "those that were there, and the new one"
        assert offset(honest) == 5


def test_what_has_to_stay_free_stays_free(settings: Settings, engine: Engine) -> None:
    free = shutil.disk_usage(settings.home).free
    with served(roomy(settings, free * 0.6 / 1e9)) as address:
        refused = announce(address, int(free * 0.6), filename="film.mp4")
        assert refused.status_code == 507
        assert "HEATERS_MIN_FREE_GB" in refused.json()["detail"]
        assert folders(settings) == []


def test_an_upload_waits_while_the_disk_is_full(settings: Settings, engine: Engine) -> None:
    with served(roomy(settings)) as address:
        url = begun(address, 10)
        assert patch(url, 0, b"12345").status_code == 204
    path = urlsplit(url).path
    with served(roomy(settings, keep_free_gb=1e9)) as address:
        refused = patch(address + path, 5, b"67890")
        assert refused.status_code == 507
        assert refused.json()["detail"].startswith("film.mp4 has to wait at byte 5: ")
        assert offset(address + path) == 5
    with served(roomy(settings)) as address:
        assert patch(address + path, 5, b"67890").status_code == 204
    assert len(videos(engine)) == 1


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Upload-Length": "ten"}, 400),
        ({"Upload-Length": "-1"}, 400),
        ({"Upload-Length": "9" * 4000}, 400),
        ({"Upload-Length": "9" * 5000}, 400),
        ({"Upload-Metadata": "filename %%%"}, 400),
        ({"Upload-Metadata": "filename /w=="}, 400),
        ({"Upload-Metadata": encoded(filename="film.mp4", title="x" * 112_000)}, 400),
        ({"Upload-Metadata": encoded(filename="x" * 112_000)}, 400),
        ({"Upload-Metadata": "filename " + "%" * 150_000}, 400),
        ({"Tus-Resumable": "0.2.2"}, 412),
    ],
)
def test_headers_that_make_no_sense(app: Flask, headers: dict[str, str], status: int) -> None:
    good = {**TUS, "Upload-Length": "10", "Upload-Metadata": encoded(filename="film.mp4")}
    answer = app.test_client().post("/sources", headers={**good, **headers})
    assert answer.status_code == status
    sentence = answer.get_json()["detail"]
    assert sentence.endswith(".") and len(sentence) < 200


def test_pieces_that_make_no_sense(address: str) -> None:
    url = begun(address, 10)
    for answer, status in [
        (patch(url, 0, b"x" * 11), 400),
        (patch(url, 3, b"x"), 409),
        (patch(url, 0, b"x", **{"Upload-Offset": "0x0"}), 400),
        (patch(url, 0, b"x", **{"Upload-Offset": "9" * 5000}), 400),
        (patch(url, 0, b"x", **{"Content-Type": "video/mp4"}), 415),
        (patch(url, 0, b"x", **{"Tus-Resumable": "2"}), 412),
        (patch(f"{address}/sources/uploads/{'0' * 32}", 0, b"x"), 404),
        (patch(f"{address}/sources/uploads/..%2f..%2fsecret_key", 0, b"x"), 404),
    ]:
        assert answer.status_code == status
        assert answer.json()["detail"].endswith(".")
    assert offset(url) == 0


@pytest.mark.parametrize(
    ("name", "title", "file"),
    [
        ("../../etc/passwd.mp4", "passwd", "source-upload.mp4"),
        ("C:\\films\\One.MOV", "One", "source-upload.mov"),
        ("no suffix", "no suffix", "source-upload"),
        ("odd.mp4\n\x00", "odd", "source-upload.mp4"),
        ("odd.m p 4", "odd", "source-upload"),
        ("film.." + "x" * 300, "film.", "source-upload"),
        ("Ünïcode 映画.mkv", "Ünïcode 映画", "source-upload.mkv"),
    ],
)
def test_a_file_s_name_is_only_a_name(
    address: str, engine: Engine, storage: LocalStorage, name: str, title: str, file: str
) -> None:
    answer = announce(address, 4, filename=name)
    assert answer.status_code == 201
    assert patch(address + answer.headers["Location"], 0, b"film").status_code == 204
    (video,) = videos(engine)
    assert video.title == title
    assert storage.list("") == [f"videos/{video.key}/{file}"]


def test_a_cancelled_upload_is_gone(address: str, settings: Settings) -> None:
    url = begun(address, 10)
    patch(url, 0, b"12345")
    assert requests.delete(url, headers=TUS, timeout=10).status_code == 204
    assert folders(settings) == []
    assert requests.head(url, headers=TUS, timeout=10).status_code == 404
    gone = patch(url, 5, b"67890")
    assert gone.status_code == 404
    assert "Send the file again" in gone.json()["detail"]


@pytest.mark.parametrize("event", ["begins", "ends", "is taken back"])
def test_abandoned_uploads_are_swept_and_others_stay(
    address: str, settings: Settings, event: str
) -> None:
    """When another one begins or ends."""
    other = begun(address, 1) if event != "begins" else None
    young = begun(address, 10)
    before = set(folders(settings))
    old = begun(address, 10)
    patch(old, 0, b"12345")
    (folder,) = set(folders(settings)) - before
    long_ago = time.time() - KEPT_SECONDS - 60
    os.utime(folder / "data", (long_ago, long_ago))
    if other is None:
        begun(address, 10)
    elif event == "ends":
        assert patch(other, 0, b"x").status_code == 204
    else:
        requests.delete(other, headers=TUS, timeout=10)
    assert requests.head(old, headers=TUS, timeout=10).status_code == 404
    assert offset(young) == 0


# --- The end -----------------------------------------------------------------------------------


class Unwilling(LocalStorage):
    """A storage that fails as often as it is told to."""

    failures = 0

    def put(self, local: Path, key: str) -> None:
        if self.failures:
            self.failures -= 1
            raise HeatersError("The bucket 'films' can't be used.")
        super().put(local, key)


def unwilling(settings: Settings, failures: int) -> tuple[Flask, Unwilling]:
    app = create_app(settings)
    storage = Unwilling(settings.home / "storage")
    storage.failures = failures
    known: Services = app.extensions["heaters"]
    uploads = UploadFolder(settings.home / "uploads", storage, known.uploads.most_bytes)
    app.extensions["heaters"] = replace(known, storage=storage, uploads=uploads)
    return app, storage


def test_a_storage_that_fails_at_the_end_loses_nothing(settings: Settings, engine: Engine) -> None:
    app, _ = unwilling(settings, failures=2)
    with served(app) as address:
        url = begun(address, 4)
        refused = patch(url, 0, b"film")
        assert refused.status_code == 500
        assert refused.json()["detail"] == "The bucket 'films' can't be used."
        assert requests.head(url, headers=TUS, timeout=10).status_code == 500
        assert videos(engine) == []
        done = patch(url, 4, b"")
        assert done.status_code == 204
        assert len(videos(engine)) == 1
        # Whoever lost that answer asks again, and is told the same.
        assert offset(url) == 4
        assert patch(url, 4, b"").status_code == 204
        assert len(videos(engine)) == 1


def test_a_client_s_own_retries_end_what_failed(
    settings: Settings, engine: Engine, file: Path
) -> None:
    app, storage = unwilling(settings, failures=1)
    with served(app) as address:
        uploader(address, file).upload()
    (video,) = videos(engine)
    assert same_file(storage, video, file)


@pytest.mark.parametrize("crash_after", ["put", "row"])
def test_a_crash_at_the_end_ends_well_when_the_client_asks_again(
    settings: Settings,
    engine: Engine,
    storage: LocalStorage,
    file: Path,
    crash_after: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What comes after one of the last steps never happens, as when the process is killed."""
    broken = {
        "put": "review_app.uploads.tus.add_upload",
        "row": "review_app.uploads.folder.UploadFolder.finish",
    }[crash_after]
    with monkeypatch.context() as crash, served(create_app(settings)) as address:

        def die(*_: object, **__: object) -> None:
            raise RuntimeError

        crash.setattr(broken, die)
        unfinished = uploader(address, file)
        unfinished.retries = 0
        with pytest.raises(TusUploadFailed):
            unfinished.upload()
        path = urlsplit(unfinished.url).path
    assert set(storage.list("")) == to_delete(engine) | {
        str(video.source_filepath) for video in videos(engine)
    }, "nothing is there that no row knows"
    with served(create_app(settings)) as address:
        assert offset(address + path) == file.stat().st_size
    (video,) = videos(engine)
    assert same_file(storage, video, file)
    assert [data for folder in folders(settings) for data in folder.glob("data")] == []
    assert to_delete(engine) == set()
    with transaction(engine) as session:
        assert list(session.scalars(sa.select(StoredObject.path))) == storage.list("")


def test_what_was_uploaded_by_halves_is_deleted_after_a_day(
    settings: Settings, engine: Engine, storage: LocalStorage, tmp_path: Path
) -> None:
    path = layout.source("film-1", "upload", ".mp4")
    (tmp_path / "film").write_bytes(b"film")
    with transaction(engine) as session:
        deletions.expect(session, path)
    storage.put(tmp_path / "film", path)
    work = open_pipeline(engine, settings)
    assert delete_due(work).number == 0
    with transaction(engine) as session:
        session.execute(sa.update(ObjectToDelete).values(next_try_at=sa.func.now()))
    assert delete_due(work).number == 1
    assert storage.list("") == []


def test_into_a_bucket(
    settings: Settings, s3_storage: S3Storage, s3_endpoint: str, file: Path, engine: Engine
) -> None:
    app = create_app(settings)
    known: Services = app.extensions["heaters"]
    uploads = BucketUploads(engine, s3_storage, known.uploads.most_bytes)
    app.extensions["heaters"] = replace(known, storage=s3_storage, uploads=uploads)
    with served(app) as address:
        uploader(address, file).upload()
    (video,) = videos(engine)
    assert s3_storage.size(str(video.source_filepath)) == file.stat().st_size


def test_a_large_file_arrives_whole(
    address: str, tmp_path: Path, engine: Engine, storage: LocalStorage
) -> None:
    film = tmp_path / "large.mp4"
    with film.open("wb") as file:
        file.truncate(200 * MIB)
        file.seek(150 * MIB)
        file.write(b"somewhere in it")
    client = TusClient(f"{address}/sources")
    client.uploader(str(film), chunk_size=8 * MIB, metadata={"filename": film.name}).upload()
    (video,) = videos(engine)
    assert same_file(storage, video, film)


# --- Foreign pages -----------------------------------------------------------------------------


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_foreign_pages_can_neither_upload_nor_add(
    address: str, engine: Engine, settings: Settings, site: str
) -> None:
    url = begun(address, 4)
    foreign = {"Sec-Fetch-Site": site, "Origin": "https://films.example.org"}
    announced = {**TUS, "Upload-Length": "4", "Upload-Metadata": encoded(filename="a.mp4")}
    form = {"references": "https://films.example.org/a.mp4"}
    for answer in (
        requests.post(f"{address}/sources", headers={**announced, **foreign}, timeout=10),
        requests.post(f"{address}/sources", data=form, headers=foreign, timeout=10),
        requests.patch(url, data=b"film", headers={**PIECE, **foreign}, timeout=10),
        requests.delete(url, headers={**TUS, **foreign}, timeout=10),
        requests.head(url, headers={**TUS, **foreign}, timeout=10),
    ):
        assert answer.status_code == 403
    assert offset(url) == 0
    assert len(folders(settings)) == 1
    assert videos(engine) == []


def test_browsers_are_never_told_that_a_foreign_page_may(address: str) -> None:
    """A page elsewhere can't send `Tus-Resumable` before this answer allows it."""
    url = begun(address, 4)
    for target, method in ((f"{address}/sources", "POST"), (url, "PATCH"), (url, "DELETE")):
        answer = requests.options(
            target,
            headers={
                "Origin": "https://films.example.org",
                "Access-Control-Request-Method": method,
                "Access-Control-Request-Headers": "tus-resumable",
            },
            timeout=10,
        )
        assert not [name for name in answer.headers if name.startswith("Access-Control")]


def test_without_the_header_the_form_s_token_is_needed(address: str, engine: Engine) -> None:
    form = {"references": "https://films.example.org/a.mp4"}
    assert requests.post(f"{address}/sources", data=form, timeout=10).status_code == 400
    url = begun(address, 4)
    simple = requests.patch(url, data=b"film", headers={"Upload-Offset": "0"}, timeout=10)
    assert simple.status_code == 412
    assert videos(engine) == []
    assert re.search(r"tus", simple.text)
