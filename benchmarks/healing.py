"""What must be in the end, whatever broke: as in a run that nothing disturbed."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Engine

from benchmarks.installation import opened, plain_environment, private_folder
from benchmarks.patient_reviewer import Reviewer, wanted_of
from heaters_pipeline.db import migrate, source_videos
from heaters_pipeline.db.urls import APP_DRIVER
from heaters_pipeline.domain.states import ClipState, SourceState
from heaters_pipeline.domain.storage_check import WASTE, Finding
from heaters_pipeline.files.scratch import sweep
from heaters_pipeline.platform.embedded_postgres import EmbeddedPostgres
from heaters_pipeline.work.ingest import ingest
from heaters_pipeline.work.keyframes import take_keyframes
from heaters_pipeline.work.library import embed_clips, export_clips
from heaters_pipeline.work.pipeline import Pipeline
from heaters_pipeline.work.storage_check import check_storage
from tests.decisions import decide, live

HEAL_SECONDS = 900
"""In which something must have moved on."""
Outcome = dict[str, list[tuple[str, str]]]
"""Kind and SHA-256 of every object that the pipeline made, by film."""
DONE = (ClipState.EMBEDDED, ClipState.REVIEW_SKIPPED, ClipState.SUPERSEDED)


def healed(engine: Engine, films: int) -> bool:
    """Whether nothing is left to do."""
    open_states = [state for state in ClipState if state not in DONE]
    with engine.connect() as connection:
        number, unready = connection.execute(
            sa.text("SELECT count(*), count(*) FILTER (WHERE state <> :ready) FROM source_videos"),
            {"ready": SourceState.READY},
        ).one()
        left = connection.scalar(
            sa.text("SELECT count(*) FROM clips WHERE state = ANY(:open)"), {"open": open_states}
        )
        rest = connection.scalar(
            sa.text("SELECT (SELECT count(*) FROM objects_to_delete) + count(*) FROM outages")
        )
    return bool((number, unready, left, rest) == (films, 0, 0, 0))


def outcome(engine: Engine) -> Outcome:
    made: Outcome = {}
    with engine.connect() as connection:
        for title, kind, sha256 in connection.execute(
            sa.text(
                "SELECT title, kind, sha256 FROM stored_objects"
                " JOIN source_videos ON source_videos.id = source_video_id"
            )
        ):
            made.setdefault(title, []).append((kind, sha256))
    return {title: sorted(found) for title, found in made.items()}


def decisions(engine: Engine) -> Counter[int]:
    """How often each number of decisions on a clip occurs."""
    with engine.connect() as connection:
        rows = connection.execute(
            sa.text(
                "SELECT clip_ids, count(*) FROM review_events"
                " WHERE action IN ('approve', 'skip') GROUP BY clip_ids"
            )
        )
        return Counter(number for _, number in rows)


def undisturbed(films: Sequence[Path], work: Pipeline) -> Outcome:
    """What becomes of the films where nothing breaks."""
    for film in films:
        report = ingest(work, str(film), title=film.stem)
        with work.transaction() as session:
            video = source_videos.get(session, report.key)
        for clip in live(work.engine, video):
            decide(work.engine, clip, wanted_of(clip.start_frame))
        export_clips(work, report.key)
        take_keyframes(work, report.key)
        embed_clips(work, report.key)
    return outcome(work.engine)


def undisturbed_elsewhere(films: Sequence[Path], storage: Mapping[str, str]) -> Outcome:
    """The same, in a home and on a Postgres of its own."""
    with private_folder() as home:
        server = EmbeddedPostgres(home)
        server.start()
        try:
            url = server.url("postgres", APP_DRIVER)
            migrate.upgrade(url)
            work = opened({**plain_environment(home), **storage, "DATABASE_URL": url})
            try:
                return undisturbed(films, work)
            finally:
                work.engine.dispose()
        finally:
            server.stop()


def troubles(work: Pipeline, wanted: Outcome, reviewers: Sequence[Reviewer]) -> list[str]:
    """What is not as it must be, once everything has healed."""
    found = [sentence for reviewer in reviewers for sentence in reviewer.refusals]
    if set(number := decisions(work.engine)) != {1}:
        found.append(f"Decisions by clip: {dict(number)}.")
    findings: list[Finding] = []
    # What a killed process stored without a row goes after a day: it is waste, and nothing else.
    check_storage(work, findings.append, fix=True, grace=timedelta(0))
    found.extend(each.sentence for each in findings if each.trouble not in WASTE)
    waste = Counter(each.trouble.value for each in findings if each.trouble in WASTE)
    print(f"Waste that the storage check took away: {dict(waste) or 'none'}.")
    findings.clear()
    check_storage(work, findings.append, deep=True, grace=timedelta(0))
    found.extend(f"Even after --fix: {each.sentence}" for each in findings)
    made = outcome(work.engine)
    for title in {*made, *wanted}:
        ours, theirs = Counter(made.get(title)), Counter(wanted.get(title))
        if ours != theirs:
            found.append(f"{title}: {ours - theirs} instead of {theirs - ours}.")
    sweep(work.settings.home)
    scratch = work.settings.home / "scratch"
    left = [each.name for each in scratch.iterdir() if each.name != ".lock"]
    if left:
        found.append(f"Left in scratch: {left}.")
    return found


def wait_until_healed(engine: Engine, films: int) -> None:
    """Raises TimeoutError where nothing moves on any more."""
    seen, since = [""], time.monotonic()
    while not answers(healed, engine, films):
        with suppress(sa.exc.SQLAlchemyError):
            if (now := rows(engine)) != seen:
                seen, since = now, time.monotonic()
        if time.monotonic() - since > HEAL_SECONDS:
            raise TimeoutError
        time.sleep(1)


def rows(engine: Engine) -> list[str]:
    """How each video and clip stands."""
    asked = (
        "SELECT 'video', id, state, error, tries, retry_at FROM source_videos UNION ALL "
        "SELECT 'clip', id, state, error, tries, retry_at FROM clips ORDER BY 1, 2"
    )
    with engine.connect() as connection:
        return [str(tuple(row)) for row in connection.execute(sa.text(asked))]


def answers(question: Callable[..., bool], *given: Any) -> bool:
    """False, too, while the database does not answer."""
    with suppress(sa.exc.SQLAlchemyError):
        return question(*given)
    return False
