"""Copies that people ask for on a page: where to they may go, who makes them, how they end."""

from __future__ import annotations

import html
import json
import re
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy import Engine
from sqlmodel import col

from heaters_pipeline.db import handover_copies, handovers
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.db.locks import copy_lock
from heaters_pipeline.db.models import Clip, HandoverCopy
from heaters_pipeline.domain.errors import Conflict, HeatersError, InputError
from heaters_pipeline.domain.retries import MOST_TRIES
from heaters_pipeline.orchestration.handing_over import COPY, copy_config
from heaters_pipeline.orchestration.sensors import asked_copies
from heaters_pipeline.settings import Settings
from heaters_pipeline.storage import LocalStorage
from heaters_pipeline.storage.handover_places import HandoverPlaces
from heaters_pipeline.work.cancellation import Cancelled
from heaters_pipeline.work.handover_copies import make_copy
from heaters_pipeline.work.pipeline import Pipeline, open_pipeline
from heaters_pipeline.work.retention import forget_handovers
from tests.handover import content, export
from tests.jobs import QUIET, tick
from tests.reviewer import Reviewer
from tests.rows import ready_video


@pytest.fixture
def ids(engine: Engine, storage: LocalStorage, tmp_path: Path) -> list[int]:
    """Of three clips; two have files."""
    _, clips = ready_video(engine)
    for clip in clips[:2]:
        export(engine, storage, tmp_path, clip.id)
    return [clip.id for clip in clips]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """The folder below which pages may copy."""
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


@pytest.fixture
def settings(settings: Settings, out: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("HEATERS_SOURCE_FOLDERS", str(out))
    return Settings()


@pytest.fixture
def pipeline(engine: Engine, settings: Settings) -> Pipeline:
    return open_pipeline(engine, settings)


class Page:
    def __init__(self, app: Flask, ids: list[int]) -> None:
        reviewer = Reviewer(app)
        self.client, self.token = reviewer.client, reviewer.token
        self.address = f"?ids={','.join(map(str, ids))}"

    def post(self, url: str, **fields: Any) -> str:
        """What the page says then."""
        answer = self.client.post(
            url, data={"csrf_token": self.token, **fields}, follow_redirects=True
        )
        return _words(answer.text)

    def copy(self, to: object) -> str:
        return self.post(f"/handover/copies{self.address}", destination=str(to))

    def copies(self) -> str:
        return _words("<main>" + self.client.get("/handover/copies").text)


def _words(page: str) -> str:
    main = page.partition("<main")[2]
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", main)).split())


@pytest.fixture
def page(app: Flask, ids: list[int]) -> Page:
    return Page(app, ids)


def made(folder: Path) -> dict[str, bytes]:
    return {
        each.name: each.read_bytes()
        for each in folder.iterdir()
        if not each.name.startswith("manifest.")
    }


def test_a_copy_that_the_page_asks_for_is_made_by_a_run_and_noted(
    page: Page, engine: Engine, ids: list[int], out: Path, instance: dg.DagsterInstance
) -> None:
    to = out / "cutting-room"
    assert f"The files are being copied to {to}." in page.copy(f"{to}/")
    assert "A run is about to begin." in page.copies()
    assert f"Something is being copied to {to}: wait for its end" in page.copy(to)
    assert tick(asked_copies, instance) == ["handover:1:1"]
    assert tick(asked_copies, instance) == [], "a run was asked for"
    assert "A run is about to begin." in page.copies()
    run = _run(instance, 1)
    assert run.success
    assert sorted(made(to).values()) == sorted(content(each) for each in ids[:2])
    described = json.loads((to / "manifest.json").read_text())
    assert [each["clip"]["id"] for each in described["clips"]] == ids[:2]
    with transaction(engine) as session:
        copy = handover_copies.get(session, 1)
        [taken] = handovers.of_clips(session, ids[:1])[ids[0]]
    assert (taken.actor, taken.destination, taken.clip_count) == (copy.actor, str(to), 2)
    shown = page.copies()
    assert re.search(rf"taken on \d{{4}}-\d\d-\d\d \d\d:\d\d by {re.escape(copy.actor)}", shown)
    assert "2 files copied, 0 there already. 1 of 3 clips left out" in shown
    assert "2 of 2 were taken before" in _words(page.client.get(f"/handover{page.address}").text)

    # Once more: what has changed, and nothing else.
    (to / next(iter(made(to)))).write_bytes(b"somebody cut it")
    assert "What is new or has changed is being copied" in page.post("/handover/copies/1/again")
    [key] = tick(asked_copies, instance)
    assert _run(instance, int(key.split(":")[1])).success
    assert sorted(made(to).values()) == sorted(content(each) for each in ids[:2])
    assert "1 file copied, 1 there already." in page.copies()


def _run(instance: dg.DagsterInstance, copy_id: int) -> dg.ExecuteInProcessResult:
    from heaters_pipeline.orchestration.definitions import defs

    return defs.resolve_job_def("handover").execute_in_process(
        run_config={**QUIET, **copy_config(copy_id).to_config_dict()},
        instance=instance,
        raise_on_error=False,
    )


def test_a_place_that_is_not_to_have_the_files_is_refused_in_a_sentence(
    page: Page, out: Path, tmp_path: Path
) -> None:
    (out / "a-file").touch()
    (out / "link").symlink_to(tmp_path)
    below = f"is no folder that a page may copy to: name one below {out}."
    for to, sentence in (
        ("", "Say where to, in 1 to 200 characters"),
        ("x" * 201, "Say where to, in 1 to 200 characters"),
        (tmp_path, f"{tmp_path} {below}"),
        (out, f"{out} {below}"),
        (out / ".." / "elsewhere", below),
        (out / "link" / "elsewhere", below),
        ("cutting-room", "cutting-room is no whole path: begin it with /."),
        (out / "a-file", f"{out / 'a-file'} is a file: name a folder."),
        (out / "a-file" / "x", f"Heaters may not write in {out / 'a-file'}"),
        ("s3://[bucket/x", "s3://[bucket/x is neither a folder of the server nor"),
        ("ftp://host/x", "ftp://host/x is neither a folder of the server nor s3://bucket/prefix."),
    ):
        assert sentence in page.copy(to), to
    assert page.client.get("/handover/copies").text.strip() == ""
    page.address = "?label=nothing"
    assert "The selection has no clips." in page.copy(out / "x")
    shown = _words(page.client.get("/handover?label=nothing").text)
    assert "No clip matches this selection: choose other filters in the library." in shown


def test_what_heaters_keeps_or_takes_in_is_no_place(tmp_path: Path) -> None:
    own = [
        *(str(tmp_path / "home"), str(tmp_path / "watched"), f"file://{tmp_path}/my%20storage"),
        *("s3://kept/heaters", "s3://watched//films/"),
    ]
    free = HandoverPlaces(None, own)
    (tmp_path / "link").symlink_to(tmp_path / "home")
    for to in (
        *(tmp_path / "home", tmp_path / "home" / "storage", tmp_path / "watched" / "new"),
        *(tmp_path / "my storage" / "x", tmp_path / "link" / "x", f"/{tmp_path}/x/../home"),
        *("s3://kept/heaters", "s3://kept/heaters/clips", "s3://kept//heaters"),
        *("S3://kept/heaters", "s3://kept/heaters//", "s3://watched/films/new"),
    ):
        with pytest.raises(InputError, match="keeps its own files or takes videos from"):
            free.accept(str(to))
    for to in ("s3://kept/heaters#x", "s3://kept/heaters?x", "s3://kept/x/../heaters"):
        with pytest.raises(InputError, match="write s3://bucket/prefix without"):
            free.accept(to)
    for to in (tmp_path / "homestead", "s3://kept/heaters-2", "s3://kept"):
        assert free.accept(str(to)) == str(to)
    with pytest.raises(InputError, match="an admin can name some in HEATERS_SOURCE_FOLDERS"):
        HandoverPlaces((), own).accept("/anywhere")
    with pytest.raises(InputError, match="is not there: mount it, or make it"):
        HandoverPlaces((tmp_path / "unmounted",), own).accept(str(tmp_path / "unmounted" / "x"))


def test_two_copies_to_one_place_are_refused_however_it_is_spelled(page: Page, out: Path) -> None:
    assert "The files are being copied to" in page.copy(out / "a")
    (out / "link").symlink_to(out / "a")
    for to in (f"{out}//a", f"/{out}/a", f"{out}/./a", f"{out}/b/../a/", out / "link"):
        assert f"Something is being copied to {out / 'a'}" in page.copy(to), to
    assert "The files are being copied to s3://partner/x." in page.copy("S3://partner//x/")
    assert "Something is being copied to s3://partner/x" in page.copy("s3://partner/x")
    elsewhere = HandoverPlaces(None, []).accept("//another/machine//x/../y/", look=False)
    assert elsewhere == "/another/machine/y"


def test_a_zip_can_be_copied_again_and_after_a_run_that_died(
    page: Page, pipeline: Pipeline, ids: list[int], out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    to = out / "night.zip"
    assert f"The files are being copied to {to}." in page.copy(to)
    with monkeypatch.context() as patch:
        patch.setattr(handovers, "note", killed)
        with pytest.raises(HeatersError, match="killed"):
            make_copy(pipeline, 1)
    assert zipfile.is_zipfile(to), "it is in place"
    copied = make_copy(pipeline, 1)
    assert copied is not None and copied.new == 0

    first = to.read_bytes()
    with pipeline.transaction() as session:
        session.get_one(Clip, ids[0]).labels = ["night"]
    assert "What is new or has changed is being copied" in page.post("/handover/copies/1/again")
    copied = make_copy(pipeline, 2)
    assert copied is not None and copied.new == 2
    assert to.read_bytes() != first

    (out / "theirs.zip").write_bytes(b"theirs")
    assert "The files are being copied" in page.copy(out / "theirs.zip")
    with pytest.raises(InputError, match="is not one of Heaters"):
        make_copy(pipeline, 3)
    assert (out / "theirs.zip").read_bytes() == b"theirs"
    (out / "folder.zip").mkdir()
    assert f"{out / 'folder.zip'} is a folder: name a file." in page.copy(out / "folder.zip")
    assert f"Heaters may not write in {to}" in page.copy(to / "x.zip")


def killed(*_: Any, **__: Any) -> None:
    raise HeatersError("The run was killed.")


def ask(pipeline: Pipeline, ids: list[int], to: object) -> int:
    with pipeline.transaction() as session:
        return handover_copies.ask(
            session,
            actor="ann",
            profile="delivery",
            selection={"ids": ",".join(map(str, ids))},
            title="Clips",
            destination=str(to),
        )


def state(pipeline: Pipeline, copy_id: int) -> HandoverCopy:
    with pipeline.transaction() as session:
        return handover_copies.get(session, copy_id)


def test_what_may_pass_is_tried_again_and_what_stays_wrong_ends(
    pipeline: Pipeline, ids: list[int], out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = ask(pipeline, ids, out / "one")

    def full(*_: Any, **__: Any) -> None:
        raise HeatersError("The folder can't be used: No space left on device.")

    with monkeypatch.context() as patch:
        patch.setattr("heaters_pipeline.storage.destinations.Folder.put", full)
        with pytest.raises(HeatersError, match="No space"):
            make_copy(pipeline, first)
    failed = state(pipeline, first)
    assert failed.ended_at is None and failed.next_try_at is not None
    assert "No space left" in str(failed.error)
    copied = make_copy(pipeline, first)
    assert copied is not None and (copied.new, state(pipeline, first).error) == (2, None)
    assert make_copy(pipeline, first) is None, "it has ended"

    (out / "two").mkdir()
    name = next(iter(made(out / "one")))
    (out / "two" / name).write_bytes(b"somebody's own")
    second = ask(pipeline, ids, out / "two")
    with pytest.raises(InputError, match="that is not from Heaters"):
        make_copy(pipeline, second)
    assert state(pipeline, second).ended_at is not None
    assert (out / "two" / name).read_bytes() == b"somebody's own"


def go_silent(pipeline: Pipeline) -> None:
    """As if all copies had said nothing for long."""
    with pipeline.transaction() as session:
        past = sa.func.now() - timedelta(seconds=1)
        session.execute(
            sa.update(HandoverCopy)
            .where(col(HandoverCopy.ended_at).is_(None))
            .values(next_try_at=past)
        )


def test_only_one_run_makes_a_copy_and_another_goes_on_after_one_that_died(
    pipeline: Pipeline, ids: list[int], out: Path
) -> None:
    copy_id = ask(pipeline, ids, out / "one")

    def due() -> list[tuple[int, int]]:
        with pipeline.transaction() as session:
            return [(copy, runs) for copy, runs in handover_copies.due(session, 9, [])]

    assert due() == [(copy_id, 1)]
    with copy_lock(pipeline.engine, copy_id), pytest.raises(Conflict, match="Another run is at"):
        make_copy(pipeline, copy_id)
    assert due() == []
    go_silent(pipeline)
    assert due() == [(copy_id, 2)], "a run that says nothing has died"
    assert state(pipeline, copy_id).tries == 0, "none has begun"
    assert make_copy(pipeline, copy_id) is not None
    assert state(pipeline, copy_id).tries == 1
    assert due() == []


def run_of(instance: dg.DagsterInstance, copy_id: int) -> dg.DagsterRun:
    """One that has yet to begin."""
    from heaters_pipeline.orchestration.definitions import defs

    return instance.create_run_for_job(
        defs.resolve_job_def("handover"),
        run_config=copy_config(copy_id).to_config_dict(),
        status=dg.DagsterRunStatus.STARTING,
        tags={COPY: str(copy_id)},
    )


def test_a_copy_whose_run_waits_in_the_queue_is_not_asked_for_again(
    pipeline: Pipeline, ids: list[int], out: Path, instance: dg.DagsterInstance
) -> None:
    first, second = ask(pipeline, ids, out / "one"), ask(pipeline, ids, out / "two")
    assert len(tick(asked_copies, instance)) == 2
    run = run_of(instance, first)
    for runs in (2, 3):
        go_silent(pipeline)
        assert tick(asked_copies, instance) == [f"handover:{second}:{runs}"]
    assert (state(pipeline, first).runs, state(pipeline, first).tries) == (1, 0)
    instance.report_run_failed(run)
    go_silent(pipeline)
    assert f"handover:{first}:2" in tick(asked_copies, instance)


def test_a_run_that_has_just_begun_is_waited_for_and_a_dead_one_is_ended(
    pipeline: Pipeline,
    ids: list[int],
    out: Path,
    instance: dg.DagsterInstance,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    copy_id = ask(pipeline, ids, out / "one")
    run = run_of(instance, copy_id)
    instance.report_dagster_event(dg.DagsterEvent("PIPELINE_START", "handover"), run.run_id)
    assert tick(asked_copies, instance) == [], "it opens its resources"
    monkeypatch.setattr(handover_copies, "SILENCE", timedelta(0))
    assert tick(asked_copies, instance) == [f"handover:{copy_id}:1"]
    ended = instance.get_run_by_id(run.run_id)
    assert ended is not None and ended.status == dg.DagsterRunStatus.FAILURE


def test_a_copy_whose_runs_all_die_ends_with_a_sentence(
    pipeline: Pipeline, page: Page, ids: list[int], out: Path, instance: dg.DagsterInstance
) -> None:
    copy_id = ask(pipeline, ids, out / "one")
    for runs in range(1, MOST_TRIES + 1):
        go_silent(pipeline)
        assert tick(asked_copies, instance) == [f"handover:{copy_id}:{runs}"]
    go_silent(pipeline)
    assert tick(asked_copies, instance) == []
    assert state(pipeline, copy_id).ended_at is not None
    assert "All its runs died: look at the runs of the job handover in Dagster" in page.copies()


def test_a_copy_that_somebody_stops_ends_and_what_is_there_stays(
    pipeline: Pipeline, page: Page, ids: list[int], out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy_id = ask(pipeline, ids, out / "one")
    from heaters_pipeline.storage.destinations import Folder

    put = Folder.put

    def stopped_meanwhile(self: Folder, *given: Any) -> None:
        put(self, *given)
        assert "is stopped; what is there stays." in page.post(f"/handover/copies/{copy_id}/stop")
        while True:  # until the run hears of it
            pass

    with monkeypatch.context() as patch:
        patch.setattr(Folder, "put", stopped_meanwhile)
        with pytest.raises(Cancelled):
            make_copy(pipeline, copy_id)
    assert "stopped it." in page.copies()
    assert len(made(out / "one")) == 1
    assert "has ended already" in page.post(f"/handover/copies/{copy_id}/stop")
    again = ask(pipeline, ids, out / "one")
    assert make_copy(pipeline, again) is not None
    assert len(made(out / "one")) == 2


def test_copies_that_ended_long_ago_are_forgotten(
    pipeline: Pipeline, ids: list[int], out: Path
) -> None:
    done, under_way = ask(pipeline, ids, out / "one"), ask(pipeline, ids, out / "two")
    make_copy(pipeline, done)
    with pipeline.transaction() as session:
        long_ago = sa.func.now() - timedelta(days=9)
        session.execute(
            sa.update(HandoverCopy).where(col(HandoverCopy.id) == done).values(ended_at=long_ago)
        )
    forget_handovers(pipeline.engine, days=8)
    with pipeline.transaction() as session:
        assert [each.id for each in handover_copies.latest(session, 9)] == [under_way]


def test_the_api_asks_for_a_copy_and_says_how_it_is(
    app: Flask, pipeline: Pipeline, ids: list[int], out: Path
) -> None:
    reviewer = Reviewer(app)
    chosen = ",".join(map(str, ids))
    body = {"destination": str(out / "one"), "title": "Best of"}
    asked = reviewer.post("/api/v1/handover/copies", body, ids=chosen)
    assert asked.status_code == 200, asked.text
    copy_id = asked.get_json()["copy_id"]
    assert reviewer.post("/api/v1/handover/copies", body, ids=chosen).status_code == 409
    make_copy(pipeline, copy_id)
    told = reviewer.client.get(f"/api/v1/handover/copies/{copy_id}").get_json()
    assert (told["title"], told["done"], told["is_good"]) == ("Best of", 1, True)
    again = reviewer.post(f"/api/v1/handover/copies/{copy_id}/again", {}).get_json()
    assert reviewer.post(f"/api/v1/handover/copies/{again['copy_id']}/stop", {}).status_code == 200
    listed = reviewer.client.get("/api/v1/handover/copies").get_json()["copies"]
    assert [each["is_good"] for each in listed] == [False, True]
