"""The use cases by themselves: plain functions on a database, a storage and settings."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from heaters_pipeline.db import deletions, ledger, source_videos
from heaters_pipeline.db.models import PendingSource, SourceFacts
from heaters_pipeline.domain import layout
from heaters_pipeline.domain.errors import HeatersError, InputError
from heaters_pipeline.domain.layout import Kind
from heaters_pipeline.domain.states import DOWNLOAD
from heaters_pipeline.files.scratch import kept_folder
from heaters_pipeline.media.download.fetch import copy_file
from heaters_pipeline.media.products.transcode import Product
from heaters_pipeline.platform.signals import StopRequested
from heaters_pipeline.settings import get_settings
from heaters_pipeline.storage import LocalStorage
from heaters_pipeline.work import progress
from heaters_pipeline.work.download import StoredSource, download_source
from heaters_pipeline.work.ingest import STEPS, StepResult, ingest
from heaters_pipeline.work.objects import delete_due, hashed, keep
from heaters_pipeline.work.pipeline import Pipeline, open_pipeline
from heaters_pipeline.work.products import make_products
from heaters_pipeline.work.register import add_source
from tests.conftest import CHECKOUT
from tests.footage import make_numbered_film
from tests.rows import new_video, ready_video, to_delete
from tests.site import Site
from tests.site import test_site as web_site

pytestmark = pytest.mark.long

FRAMES = 60
CUT = 30


@pytest.fixture
def work(pipeline: Engine) -> Pipeline:
    return open_pipeline(pipeline, get_settings())


@pytest.fixture(scope="module")
def web(
    tmp_path_factory: pytest.TempPathFactory, copy_site: Callable[[Path], Path]
) -> Iterator[Site]:
    with web_site(copy_site(tmp_path_factory.mktemp("web") / "media")) as site:
        yield site


def test_a_film_is_ingested_step_by_step(work: Pipeline, tmp_path: Path) -> None:
    film = make_numbered_film(tmp_path / "film.mp4", FRAMES, scenes=(CUT,))
    results: list[StepResult] = []
    report = ingest(work, str(film), on_step=lambda _key, result: results.append(result))
    assert (report.error, report.state) == (None, "ready")
    assert (report.frame_count, report.clip_count) == (FRAMES, 2)
    assert list(report.seconds) == [*STEPS, *report.checks]
    assert all(report.checks.values())
    assert [type(result).__name__ for result in results] == [
        *("StoredSource", "Products", "IndexedProxy", "FoundCuts", "LaidClips")
    ]
    again = ingest(work, str(film))
    assert (again.changed, again.paths) == (False, report.paths)


def test_ingesting_a_film_loads_no_dagster_and_no_flask(settings: object, tmp_path: Path) -> None:
    film = make_numbered_film(tmp_path / "film.mp4", FRAMES, scenes=(CUT,))
    code = f"""
import sys
from heaters_pipeline.db.engine import open_engine
from heaters_pipeline.platform.signals import StopRequested
from heaters_pipeline.settings import get_settings
from heaters_pipeline.storage import LocalStorage
from heaters_pipeline.work.ingest import ingest
from heaters_pipeline.work.pipeline import open_pipeline
pipeline = open_pipeline(open_engine(get_settings().database_url), get_settings())
print(ingest(pipeline, {str(film)!r}).state, sorted({{"dagster", "flask"}} & set(sys.modules)))
"""
    environment = {**os.environ, "DATABASE_URL": str(get_settings().database_url)}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=CHECKOUT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "ready []"


class Opener(logging.Handler):
    """Starts a web server when the first try has failed."""

    def __init__(self, server: ThreadingHTTPServer) -> None:
        super().__init__(logging.WARNING)
        self._server = server
        self.sentences: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.sentences.append(record.getMessage())
        if len(self.sentences) == 1:
            self._server.server_activate()
            threading.Thread(target=self._server.serve_forever, daemon=True).start()


def test_a_site_that_does_not_answer_yet_is_asked_again(
    work: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("heaters_pipeline.work.ingest.DOWNLOAD_RETRY_SECONDS", 0.0)
    monkeypatch.setenv("HEATERS_ALLOWED_NETWORKS", "127.0.0.0/8")
    get_settings.cache_clear()
    make_numbered_film(tmp_path / "film.mp4", FRAMES)
    handler = partial(SimpleHTTPRequestHandler, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler, bind_and_activate=False) as server:
        server.server_bind()
        opener = Opener(server)
        log = logging.Logger("test")
        log.addHandler(opener)
        work = replace(open_pipeline(work.engine, get_settings()), log=log)
        report = ingest(work, f"http://127.0.0.1:{server.server_port}/film.mp4")
        server.shutdown()
    assert (report.error, report.state) == (None, "ready")
    (sentence,) = opener.sentences
    assert "refuses the connection" in sentence


@pytest.mark.parametrize(
    "trouble",
    [
        OSError(28, "No space left on device"),
        OperationalError("SELECT 1", None, ConnectionError("gone")),
        StopRequested(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_finished_download_is_kept_when_what_comes_after_it_fails(
    trouble: BaseException, work: Pipeline, web: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEATERS_ALLOWED_NETWORKS", "127.0.0.0/8")
    get_settings.cache_clear()
    work = open_pipeline(work.engine, get_settings())
    make_numbered_film(web.folder / "kept.mp4", FRAMES, size=(160, 90))
    with work.transaction() as session:
        video, _ = add_source(session, web.url("kept.mp4"))

    def fail(_path: Path) -> None:
        raise trouble

    with monkeypatch.context() as patch, pytest.raises((HeatersError, type(trouble))):
        patch.setattr("heaters_pipeline.storage.local.sync", fail)
        download_source(work, video.key)
    kept = work.settings.home / "scratch" / f"kept-{video.key}"
    assert list(kept.rglob("*.mp4"))
    assert isinstance(download_source(work, video.key), StoredSource)
    assert not kept.exists()


def test_a_download_is_taken_over_from_a_process_that_hangs(work: Pipeline, tmp_path: Path) -> None:
    """It still has the folder of its half-done download, but no longer the lock of the video."""
    film = make_numbered_film(tmp_path / "film.mp4", FRAMES, size=(64, 36))
    with work.transaction() as session:
        video, _ = add_source(session, str(film))
    with kept_folder(work.settings.home, video.key, lambda _: True) as hanging:
        (hanging / "half").write_bytes(b"half")
        assert isinstance(download_source(work, video.key), StoredSource)
        assert (hanging / "half").read_bytes() == b"half"
        assert [each for each in hanging.parent.iterdir() if each.is_dir()] == [hanging]


def test_another_copy_of_a_file_leaves_what_is_stored_as_it_is(tmp_path: Path) -> None:
    """A folder as storage shares its bytes with the copy that it was given."""
    storage, film, folder = LocalStorage(tmp_path / "storage"), tmp_path / "film", tmp_path / "kept"
    folder.mkdir()
    film.write_bytes(b"before")
    storage.put(copy_file(film, folder), "stored")
    film.write_bytes(b"after")
    assert copy_file(film, folder).read_bytes() == b"after"
    assert b"".join(storage.stream("stored")) == b"before"


def test_the_ledger_names_an_object_before_it_comes_and_until_it_is_gone(
    work: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    video = new_video(work.engine)
    (tmp_path / "file").write_bytes(b"twelve bytes")
    path = layout.source(video.key, "1f", ".mp4")

    def entered() -> dict[Kind, int]:
        with work.transaction() as session:
            return ledger.by_kind(session, [video.id]).get(video.id, {})

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    file = {path: hashed(tmp_path / "file")}
    with monkeypatch.context() as patch, pytest.raises(HeatersError, match="No space left"):
        patch.setattr("heaters_pipeline.storage.local.sync", fail)
        keep(work, video.id, file)
    assert entered() == {Kind.SOURCE: 12}
    keep(work, video.id, file)

    with monkeypatch.context() as patch:
        patch.setattr("heaters_pipeline.storage.local.LocalStorage._delete", fail)
        with work.transaction() as session:
            deletions.enter(session, [path], "gone")
        assert list(delete_due(work).failures) == [path]
    assert entered() == {}
    assert to_delete(work.engine) == {path}
    assert delete_due(work).number == 0, "it is not tried again at once"
    keep(work, video.id, file)
    assert to_delete(work.engine) == set(), "what is written anew is not deleted"
    with work.transaction() as session:
        deletions.enter(session, [path], "gone")
    assert delete_due(work).number == 1
    assert (entered(), to_delete(work.engine)) == ({}, set())
    assert not work.storage.exists(path)


def test_what_a_row_names_no_more_is_entered_with_it(work: Pipeline) -> None:
    """No process can die between the two."""
    video, _ = ready_video(work.engine)
    pending = PendingSource(path="source/other.mp4", sha256="b" * 64, quality=None)
    names: SourceFacts = {"source_filepath": "source/first.mp4", "pending_source": pending}
    names |= {"cut_evidence_filepath": "evidence/first.npz", "sprites_filepath": "sprites/1.mov"}

    def recorded(facts: SourceFacts) -> set[str]:
        with work.transaction() as session:
            source_videos.record(session, video.key, facts)
        return to_delete(work.engine)

    before = recorded(names)
    assert not {"source/first.mp4", "source/other.mp4", "sprites/1.mov"} & before
    switch: SourceFacts = {"source_filepath": "source/other.mp4", "pending_source": None}
    assert recorded(switch) - before == {"source/first.mp4"}
    void: SourceFacts = {"cut_evidence_filepath": None, "sprites_filepath": "sprites/2.mov"}
    gone = {"source/first.mp4", "evidence/first.npz", "sprites/1.mov"}
    assert recorded(void) - before == gone


def test_no_crash_leaves_an_object_behind(work: Pipeline, tmp_path: Path) -> None:
    """A process that dies after it deleted objects, and before it could say so, is followed by one
    that does it again."""
    (tmp_path / "file").touch()
    paths = [f"clips/{n}/clip.mp4" for n in range(4)]
    for path in paths:
        work.storage.put(tmp_path / "file", path)
    with work.transaction() as session:
        deletions.enter(session, paths[:3], "gone")

    class Killed(BaseException):
        pass

    def die(_self: object, keys: list[str]) -> None:
        LocalStorage.delete(work.storage, keys[0])
        raise Killed

    dying = replace(work, storage=type("Dying", (), {"delete_each": die})())
    with pytest.raises(Killed):
        delete_due(dying)
    assert to_delete(work.engine) == set(paths[:3])
    assert delete_due(work, limit=2).number == 2
    assert delete_due(work).number == 1
    assert to_delete(work.engine) == set()
    assert work.storage.list("") == [paths[3]]


def test_any_number_of_objects_is_entered_at_once(work: Pipeline) -> None:
    """More than a statement has parameters."""
    paths = {f"clips/{n}/clip.mp4" for n in range(66_000)}
    with work.transaction() as session:
        deletions.enter(session, paths, "gone")
        deletions.enter(session, paths, "gone")
    assert to_delete(work.engine) == paths


def test_an_ingest_leaves_the_row_of_one_that_is_under_way_alone(
    work: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("heaters_pipeline.db.locks.WAIT_SECONDS", 0.2)
    (tmp_path / "film.mp4").touch()
    film = str(tmp_path / "film.mp4")
    with work.transaction() as session:
        video, _ = add_source(session, film)
        source_videos.begin(session, video.key, DOWNLOAD)
        source_videos.set_progress(session, video.key, 0.5)
    with work.video_lock(video.key):
        with work.transaction() as session:
            source_videos.cancel(session, video.key)
        assert "Another run is working" in str(ingest(work, film).error)
    with work.transaction() as session:
        left = source_videos.get(session, video.key)
    assert (left.cancel_requested, left.progress) == (True, 0.5)


@pytest.fixture
def refetched(
    work: Pipeline, web: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[tuple[Pipeline, str, Path]]:
    """A ready video from the web that is to be fetched again, and the file that its site serves."""
    monkeypatch.setenv("HEATERS_ALLOWED_NETWORKS", "127.0.0.0/8")
    get_settings.cache_clear()
    work = open_pipeline(work.engine, get_settings())
    served = web.folder / f"{tmp_path.name}.mp4"
    make_numbered_film(served, FRAMES, size=(160, 90), scenes=(CUT,))
    report = ingest(work, web.url(served.name))
    assert report.error is None
    with work.transaction() as session:
        source_videos.refetch(session, report.key)
    yield work, report.key, served
    served.unlink()


def source_of(work: Pipeline, key: str) -> tuple[str | None, int | None, str | None]:
    with work.transaction() as session:
        video = source_videos.get(session, key)
    pending = video.pending_source["path"] if video.pending_source else None
    return video.source_filepath, video.height, pending


def test_a_refetched_copy_waits_beside_the_source_until_its_products_are_made(
    refetched: tuple[Pipeline, str, Path],
) -> None:
    work, key, served = refetched
    before, *_ = source_of(work, key)
    make_numbered_film(served, FRAMES, size=(320, 180), scenes=(CUT,))
    found = download_source(work, key)
    assert isinstance(found, StoredSource)
    assert source_of(work, key) == (before, 90, found.path)
    assert work.storage.exists(str(before))
    # Another download without a new request, as a run by hand makes it, keeps the copy.
    assert download_source(work, key) == found
    # Whichever product is asked for: all of them are of one source.
    make_products(work, key, frozenset({Product.REVIEW_PROXY}))
    assert source_of(work, key) == (found.path, 180, None)
    assert not work.storage.exists(str(before))
    with work.transaction() as session:
        video = source_videos.get(session, key)
    assert video.products_sha256 == video.source_sha256


def test_a_refetched_copy_with_other_frames_is_dropped(
    refetched: tuple[Pipeline, str, Path],
) -> None:
    work, key, served = refetched
    before = source_of(work, key)
    objects = work.storage.list("")
    make_numbered_film(served, FRAMES, size=(320, 180), scenes=(15, 45))
    download_source(work, key)
    with pytest.raises(InputError, match="other pictures"):
        make_products(work, key, frozenset(Product))
    assert source_of(work, key) == before
    assert work.storage.list("") == objects


def test_comparing_a_refetched_copy_reports_progress_and_heeds_the_disk(
    refetched: tuple[Pipeline, str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    work, key, served = refetched
    make_numbered_film(served, FRAMES, size=(320, 180), scenes=(CUT,))
    download_source(work, key)
    monkeypatch.setattr(progress, "WRITE_SECONDS", 0.0)
    monkeypatch.setenv("HEATERS_MIN_FREE_GB", "1000000000")
    get_settings.cache_clear()
    full = open_pipeline(work.engine, get_settings())
    left = get_settings().home / "scratch" / "of-a-dead-process"
    left.mkdir(parents=True)
    (left / "half.mkv").write_bytes(bytes(1000))
    with pytest.raises(HeatersError, match="free in"):
        make_products(full, key, frozenset(Product))
    assert not left.exists()
    *_, pending = source_of(work, key)
    assert pending is not None
    shares: list[float] = []
    monkeypatch.setattr(
        source_videos, "set_progress", lambda _session, _key, share: shares.append(share)
    )
    make_products(work, key, frozenset(Product))
    assert shares and shares == sorted(shares) and 0 <= shares[0] <= shares[-1] <= 1
    assert source_of(work, key) == (pending, 180, None)
