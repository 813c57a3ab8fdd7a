"""A site that does not answer costs its videos time only, and those of other sites nothing."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import dagster as dg
import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from heaters_pipeline.db import outages, retrying, sites, source_videos
from heaters_pipeline.db.engine import open_engine, transaction
from heaters_pipeline.db.locks import probe_lock
from heaters_pipeline.db.models import Outage, SourceVideo
from heaters_pipeline.domain import retries
from heaters_pipeline.domain.errors import HeatersError, Unavailable
from heaters_pipeline.domain.outages import SITE, site_of
from heaters_pipeline.domain.states import SourceState
from heaters_pipeline.orchestration.sensors import new_source_videos
from heaters_pipeline.settings import get_settings
from heaters_pipeline.work.cancellation import Cancelled
from heaters_pipeline.work.download import StoredSource, download_source
from heaters_pipeline.work.give_up import take_over
from heaters_pipeline.work.ingest import ingest
from heaters_pipeline.work.outages import HeldBack, Opened
from heaters_pipeline.work.outages import Outage as NotedOutage
from heaters_pipeline.work.pipeline import Pipeline, open_pipeline
from heaters_pipeline.work.register import add_source
from tests.children import begin
from tests.footage import make_numbered_film
from tests.jobs import tick, why_skipped
from tests.site import Site
from tests.site import test_site as web_site

FILMS = 3


@pytest.fixture
def work(pipeline: Engine, monkeypatch: pytest.MonkeyPatch) -> Pipeline:
    """A pipeline whose downloads may reach the sites, and give up soon."""
    monkeypatch.setenv("HEATERS_ALLOWED_NETWORKS", "127.0.0.0/8")
    monkeypatch.setenv("HEATERS_DOWNLOAD_RETRIES", "1")
    get_settings.cache_clear()
    return open_pipeline(pipeline, get_settings())


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Films that differ, as the same bytes would be one video."""
    folder = tmp_path_factory.mktemp("films")
    for each in range(FILMS):
        make_numbered_film(folder / f"{each}.mp4", 24 + each, (64, 36))
    return folder


@pytest.fixture
def site(films: Path) -> Iterator[Site]:
    with web_site(films) as site:
        yield site


@pytest.fixture
def other(films: Path, tmp_path: Path) -> Iterator[Site]:
    """Another site: its port is not that of the first."""
    folder = tmp_path / "other"
    folder.mkdir()
    make_numbered_film(folder / "other.mp4", 40, (64, 36))
    with web_site(folder) as site:
        yield site


def add(work: Pipeline, *urls: str) -> list[str]:
    """Keys."""
    with work.transaction() as session:
        return [add_source(session, url)[0].key for url in urls]


def films_of(work: Pipeline, site: Site) -> list[str]:
    return add(work, *(site.url(f"{each}.mp4") for each in range(FILMS)))


def row(work: Pipeline, key: str) -> SourceVideo:
    with work.transaction() as session:
        return source_videos.get(session, key)


def waiting(work: Pipeline) -> list[str]:
    with work.transaction() as session:
        return [key for key, _ in source_videos.waiting(session, 50)]


def down(work: Pipeline) -> list[Outage]:
    with work.transaction() as session:
        return list(outages.listed(session))


def seconds_to_probe(work: Pipeline) -> float:
    with work.engine.connect() as connection:
        found = connection.scalar(
            sa.text("SELECT extract(epoch FROM probe_at - now()) FROM outages")
        )
        return float(found)


def skip_pauses(work: Pipeline) -> None:
    with work.engine.begin() as connection:
        connection.execute(sa.text("UPDATE outages SET probe_at = now()"))
        connection.execute(sa.text("UPDATE source_videos SET retry_at = now()"))


def fetch_all(work: Pipeline, keys: list[str]) -> dict[str, type[BaseException] | None]:
    """Downloads each; what it raised."""
    found: dict[str, type[BaseException] | None] = {}
    for key in keys:
        found[key] = None
        try:
            assert isinstance(download_source(work, key), StoredSource)
        except HeatersError as error:
            found[key] = type(error)
    return found


@pytest.mark.parametrize("status", [503, 429])
def test_an_outage_of_a_site_costs_its_videos_time_only(
    status: int, work: Pipeline, site: Site, other: Site, instance: dg.DagsterInstance
) -> None:
    first, second, third = films_of(work, site)
    (elsewhere,) = add(work, other.url("other.mp4"))
    site.fails = status
    # The runs of all have been asked for before anybody knows.
    assert fetch_all(work, [first, second, third, elsewhere]) == {
        first: Opened,
        second: HeldBack,
        third: HeldBack,
        elsewhere: None,
    }
    assert row(work, elsewhere).state == SourceState.DOWNLOADED
    asked = len(site.asked)
    assert tick(new_source_videos, instance) == []
    assert fetch_all(work, [third, first]) == {third: HeldBack, first: HeldBack}
    assert len(site.asked) == asked, "nobody asks the site before the pause is over"
    with work.transaction() as session:
        (told,) = retrying.outages_told(session, 0)
    assert f"{site_of(site.address)} does not answer since" in told
    assert f"answers {status}" in told
    assert told.endswith("3 videos wait and go on by themselves.")
    assert why_skipped(new_source_videos, instance) == told
    assert "failed" not in {row(work, each).state for each in (first, second, third)}

    skip_pauses(work)
    (probe,) = waiting(work)
    before = row(work, probe).attempt
    assert fetch_all(work, [probe]) == {probe: NotedOutage}
    assert row(work, probe).attempt == before + 1
    assert waiting(work) == [], "one video a pause"
    assert down(work)[0].probes == 1

    site.fails = None
    skip_pauses(work)
    (probe,) = waiting(work)
    (request,) = tick(new_source_videos, instance)
    assert request == f"ingest:{probe}:{row(work, probe).attempt}"
    assert fetch_all(work, [probe]) == {probe: None}
    assert down(work) == []
    rest = waiting(work)
    assert sorted([probe, *rest]) == sorted([first, second, third])
    assert set(fetch_all(work, rest).values()) == {None}
    for key in (first, second, third):
        assert (row(work, key).state, row(work, key).tries) == (SourceState.DOWNLOADED, 0)


def test_a_site_that_refuses_connections_comes_back(
    work: Pipeline, films: Path, other: Site
) -> None:
    with web_site(films) as gone:
        keys = films_of(work, gone)
    raised = fetch_all(work, keys)
    assert list(raised.values()) == [Opened, HeldBack, HeldBack]
    assert "refuses the connection" in down(work)[0].reason
    (elsewhere,) = add(work, other.url("other.mp4"))
    assert waiting(work) == [elsewhere]
    with web_site(films, int(gone.address.rpartition(":")[2])):
        skip_pauses(work)
        while todo := waiting(work):
            assert set(fetch_all(work, todo).values()) == {None}
    for key in [*keys, elsewhere]:
        assert (row(work, key).state, row(work, key).tries) == (SourceState.DOWNLOADED, 0)


def test_a_site_that_names_its_pause_is_left_alone_for_so_long(work: Pipeline, site: Site) -> None:
    keys = films_of(work, site)
    site.fails, site.retry_after = 429, "1800"
    assert list(fetch_all(work, keys).values()) == [Opened, HeldBack, HeldBack]
    assert 1700 < seconds_to_probe(work) <= 1800
    skip_pauses(work)
    site.retry_after = None
    fetch_all(work, waiting(work))
    assert seconds_to_probe(work) <= 30
    site.retry_after = "1200"
    skip_pauses(work)
    fetch_all(work, waiting(work))
    assert 1100 < seconds_to_probe(work) <= 1200


def test_a_refusal_of_one_video_begins_no_outage_and_ends_one(work: Pipeline, site: Site) -> None:
    missing, first = add(work, site.url("missing.mp4"), site.url("0.mp4"))
    site.fails = 403
    fetch_all(work, [missing])
    assert (down(work), row(work, missing).state) == ([], SourceState.DOWNLOAD_FAILED)
    with work.transaction() as session:
        source_videos.retry(session, missing)
    site.fails = 503
    fetch_all(work, [missing, first])
    assert len(down(work)) == 1
    site.fails = None
    skip_pauses(work)
    with pytest.raises(HeatersError, match="404"):
        download_source(work, missing)
    assert down(work) == []
    assert waiting(work) == [first]


def test_a_video_that_its_site_never_answers_fails_in_the_end(
    work: Pipeline, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The site answers all others: each of its failures but the first counts."""
    monkeypatch.setattr(retries, "MOST_TRIES", 3)
    (broken,) = add(work, site.url("error.mp4"))  # 500
    for _ in range(1 + 3):
        assert row(work, broken).state == SourceState.NEW
        with pytest.raises(Unavailable):
            download_source(work, broken)
        with work.transaction() as session:
            outages.end(session, str(site_of(site.address)))
    assert row(work, broken).state == SourceState.DOWNLOAD_FAILED


def test_the_next_probe_is_another_video(work: Pipeline, site: Site) -> None:
    keys = films_of(work, site)
    site.fails = 503
    fetch_all(work, keys[:1])
    probes = []
    for _ in keys:
        skip_pauses(work)
        (probe,) = waiting(work)
        assert fetch_all(work, [probe]) == {probe: NotedOutage}
        probes.append(probe)
    assert sorted(probes) == sorted(keys)
    assert [row(work, key).tries for key in keys] == [0] * FILMS


def test_a_site_is_asked_by_one_video_at_a_time(work: Pipeline, site: Site) -> None:
    keys = films_of(work, site)
    site.fails = 503
    fetch_all(work, keys[:1])
    skip_pauses(work)
    with probe_lock(work.engine, str(site_of(site.address))):
        assert fetch_all(work, keys[1:]) == {keys[1]: HeldBack, keys[2]: HeldBack}


def test_the_first_bytes_of_the_probe_let_the_others_through(
    work: Pipeline, site: Site, films: Path
) -> None:
    first, second = add(work, site.url("slow/0.mp4"), site.url("1.mp4"))
    site.fails = 503
    fetch_all(work, [first])
    site.fails, site.bytes_per_second = None, (films / "0.mp4").stat().st_size // 10
    skip_pauses(work)
    probe = begin(download, first)
    try:
        wait_until(lambda: down(work) == [])
        assert row(work, first).state == SourceState.DOWNLOADING
        assert fetch_all(work, [second]) == {second: None}
    finally:
        probe.kill()
        probe.join()


def download(key: str) -> None:
    """The body of a process that is killed."""
    settings = get_settings()
    with suppress(HeatersError):
        download_source(open_pipeline(open_engine(str(settings.database_url)), settings), key)


def wait_until(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.05)


def test_after_a_killed_probe_comes_another_one(
    work: Pipeline, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = add(work, site.url("stall/0.mp4"), site.url("1.mp4"))
    site.fails = 503
    fetch_all(work, [first])
    site.fails, site.hangs = None, True
    skip_pauses(work)
    asked = len(site.asked)
    probe = begin(download, first)
    wait_until(lambda: len(site.asked) > asked)
    probe.kill()
    probe.join()
    site.hangs = False
    assert len(down(work)) == 1
    assert seconds_to_probe(work) > 0
    assert waiting(work) == []
    assert fetch_all(work, [second]) == {second: HeldBack}
    skip_pauses(work)
    assert waiting(work) == [second]
    assert fetch_all(work, [second]) == {second: None}
    assert down(work) == []
    monkeypatch.setattr(source_videos, "BETWEEN_STEPS", source_videos.BETWEEN_STEPS * 0)
    assert [key for key, _ in take_over(work.engine, 9)] == [first]
    assert row(work, first).state == SourceState.NEW


def test_a_cancelled_probe_leaves_the_outage_to_another_one(work: Pipeline, site: Site) -> None:
    first, second = films_of(work, site)[:2]
    site.fails = 503
    fetch_all(work, [first])
    site.fails, site.hangs = None, True
    skip_pauses(work)
    asked = len(site.asked)

    def cancel() -> None:
        wait_until(lambda: len(site.asked) > asked)
        with transaction(work.engine) as session:
            source_videos.cancel(session, first)

    canceller = threading.Thread(target=cancel)
    canceller.start()
    with pytest.raises(Cancelled):
        download_source(work, first)
    canceller.join()
    site.hangs = False
    assert len(down(work)) == 1
    skip_pauses(work)
    assert waiting(work) != []
    assert fetch_all(work, [second]) == {second: None}
    assert down(work) == []


def test_an_outage_that_nobody_waits_for_is_forgotten(
    work: Pipeline, site: Site, instance: dg.DagsterInstance
) -> None:
    (key,) = add(work, site.url("0.mp4"))
    site.fails = 503
    fetch_all(work, [key])
    assert tick(new_source_videos, instance) == []
    assert len(down(work)) == 1
    with work.transaction() as session:
        source_videos.cancel(session, key)
    assert tick(new_source_videos, instance) == []
    assert down(work) == []


def test_what_needs_no_site_goes_on(work: Pipeline, site: Site, tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    shutil.copy(make_numbered_film(tmp_path / "made.mp4", 50, (64, 36)), film)
    fetched, unfetched = films_of(work, site)[:2]
    fetch_all(work, [fetched])
    (file,) = add(work, str(film))
    (inside,) = add(work, "http://films/film.mp4")
    site.fails = 503
    fetch_all(work, [unfetched])
    with (
        work.engine.begin() as connection
    ):  # what came after the download failed, and is tried again
        connection.execute(
            sa.text("UPDATE source_videos SET state = 'new' WHERE key = :key"), {"key": fetched}
        )
    assert waiting(work) == [fetched, file, inside]
    assert set(fetch_all(work, [fetched, file]).values()) == {None}
    with work.transaction() as session:
        assert sites.waiting(session) == {site_of(site.address): 2}


@pytest.mark.parametrize(
    "url",
    [
        *("https://www.youtube.com/watch?v=x", "https://ann:secret.word@example.org:8443/a@b"),
        *("http://[::1]/film.mp4", "http://ann:secret.word@films/film.mp4", "/films/example.mp4"),
    ],
)
def test_postgres_and_python_know_a_site_by_the_same_name(engine: Engine, url: str) -> None:
    with engine.connect() as connection:
        assert connection.scalar(sa.select(sa.func.substring(url, SITE))) == site_of(url)


def test_a_refetch_waits_too(work: Pipeline, site: Site) -> None:
    key, another = films_of(work, site)[:2]
    assert ingest(work, site.url("0.mp4")).state == SourceState.READY
    with work.transaction() as session:
        source_videos.refetch(session, key)
    site.fails = 503
    assert fetch_all(work, [another, key]) == {another: Opened, key: HeldBack}
    assert waiting(work) == []
    assert row(work, key).refetch_requested
    site.fails = None
    skip_pauses(work)
    (probe,) = waiting(work)
    assert fetch_all(work, [probe]) == {probe: None}
    assert set(waiting(work)) == {key, another} - {probe}
