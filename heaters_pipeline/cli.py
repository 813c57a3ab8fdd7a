"""The command `heaters`. What is heavy is imported by the commands that need it."""

from __future__ import annotations

import functools
import json
import os
import sys
import time
import warnings
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from heaters_pipeline.commands.archive import archive
from heaters_pipeline.commands.audit import audit
from heaters_pipeline.commands.backup import backup, restore
from heaters_pipeline.commands.cuts import import_command
from heaters_pipeline.commands.dataset import dataset
from heaters_pipeline.commands.doctor import doctor
from heaters_pipeline.commands.embeddings import embeddings
from heaters_pipeline.commands.export import export
from heaters_pipeline.commands.keyframes import keyframes
from heaters_pipeline.commands.older import import_older, migrate_clips
from heaters_pipeline.commands.opening import dagster_database as _dagster_database
from heaters_pipeline.commands.opening import database as _database
from heaters_pipeline.commands.opening import progress_bar as _progress_bar
from heaters_pipeline.commands.opening import settings as _settings
from heaters_pipeline.commands.opinions import opinions
from heaters_pipeline.commands.partitions import partitions
from heaters_pipeline.commands.profiles import profiles
from heaters_pipeline.commands.remote import remote
from heaters_pipeline.commands.repeats import repeats
from heaters_pipeline.commands.retry import retry
from heaters_pipeline.commands.search import search
from heaters_pipeline.commands.storage import storage
from heaters_pipeline.commands.story import story
from heaters_pipeline.commands.themes import themes
from heaters_pipeline.commands.timeline import timecodes, timeline
from heaters_pipeline.commands.tokens import tokens
from heaters_pipeline.commands.users import users
from heaters_pipeline.commands.webhook import webhook
from heaters_pipeline.domain.clip_pipeline import ClipPipeline
from heaters_pipeline.domain.errors import Conflict, HeatersError, InputError
from heaters_pipeline.domain.wording import number_of
from heaters_pipeline.platform.signals import StopRequested

if TYPE_CHECKING:
    from collections.abc import Sequence

    from heaters_pipeline.client import Client
    from heaters_pipeline.platform.supervisor import Supervisor
    from heaters_pipeline.settings import Settings

DEMO_LOOK_SECONDS = 0.5


class _Commands(click.Group):
    """Says what Heaters raises on purpose in one sentence."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except HeatersError as error:
            click.echo(f"heaters: {error}", err=True)
            ctx.exit(1)
        except StopRequested:  # nobody's mistake, and all is stopped by now
            ctx.exit(0)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="heaters", prog_name="heaters")
def main() -> None:
    """Turn long videos into a library of human-approved clips."""


@main.command()
@click.option(
    "--share",
    is_flag=True,
    help="Serve other machines, too, by https: with the certificate of HEATERS_TLS_CERT or one "
    "that is made here, and a link that makes the first admin if there is none.",
)
@click.option(
    "--only",
    "programs",
    multiple=True,
    metavar="PROGRAM,..",
    help="Of review, search, code, webserver, daemon and worker: what runs on this one of several "
    "machines (docs/many-machines.md).",
)
def up(share: bool, programs: tuple[str, ...]) -> None:
    """Start everything and keep it running until Ctrl-C."""
    from heaters_pipeline.platform.programs import named
    from heaters_pipeline.platform.supervisor import Supervisor

    if programs and share:
        raise click.UsageError("--share starts everything: leave --only out.")
    if share:
        _share()
        return
    with Supervisor(_settings(), click.echo, programs=named(programs)) as supervisor:
        if programs:
            click.echo(f"Running: {', '.join(sorted(supervisor.programs))}. Ctrl-C stops it.")
        else:
            _say_where(supervisor)
        supervisor.wait()


@main.command()
@click.option(
    "--footage",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Your own video instead of the one that is made.",
)
def demo(footage: Path | None) -> None:
    """Start everything with a video in it, ready to be reviewed."""
    # The built-in descriptor: a demo downloads no weights.
    os.environ.setdefault("HEATERS_EMBEDDING_MODEL", "layout-v1")
    settings = _settings()
    with _everything(settings) as supervisor:
        reference = footage or _demo_film(settings)
        _say_where(supervisor)
        _show_until_ready(supervisor, reference, title=None if footage else "Demo film")
        supervisor.wait()


_clip_pipeline = click.option(
    "--pipeline",
    "clip_pipeline",
    type=click.Choice([each.value for each in ClipPipeline]),
    help="Whether clips are ranges of frames until they are approved, or files that are cut before "
    "the review. [default: HEATERS_PIPELINE]",
)


@main.command()
@click.argument("references", nargs=-1, required=True, metavar="URL|FILE|FOLDER...")
@click.option("--title", help="Instead of the one that the video brings; for one video.")
@click.option(
    "--no-splice", is_flag=True, help="The video is one clip already: don't look for cuts."
)
@_clip_pipeline
@remote
def add(
    references: tuple[str, ...],
    title: str | None,
    no_splice: bool,
    clip_pipeline: str | None,
    client: Client | None,
) -> None:
    """Add videos for `heaters up` to ingest: addresses (of playlists, too), files, and all videos
    in folders. `-` reads them from standard input, one a line. Files are sent to a Heaters
    elsewhere."""
    from heaters_pipeline.db.engine import transaction
    from heaters_pipeline.work.pipeline import open_pipeline
    from heaters_pipeline.work.register import add_source, references_in
    from heaters_pipeline.work.sent_files import is_needed, send

    lines = sys.stdin.read().splitlines() if references == ("-",) else references
    lines = [line.strip() for line in lines if line.strip()]
    if title is not None and len(lines) > 1:
        raise click.UsageError("--title names one video; add the others by themselves.")
    if client is not None:
        return _add_there(client, lines, title, no_splice, clip_pipeline)
    refused = 0
    settings = _settings()
    chosen = ClipPipeline(clip_pipeline or settings.pipeline)
    with _database(settings) as engine:
        pipeline = open_pipeline(engine, settings)
        for line in lines:
            try:
                named = references_in(line)
                if title is not None and len(named) > 1:
                    raise InputError(f"--title names one video: {line} has {len(named)}.")
                for reference in named:
                    sent = send(pipeline, reference) if is_needed(pipeline) else None
                    with transaction(engine) as session:
                        video, news = add_source(
                            session,
                            reference,
                            title=title,
                            needs_splicing=not no_splice,
                            pipeline=chosen,
                            sent=sent,
                        )
                    click.echo(f"{video.key}  {news}")
            except InputError as error:
                refused += 1
                click.echo(f"heaters: {error}", err=True)
    if refused:
        raise HeatersError(f"{refused} of {len(lines)} could not be added.")


def _add_there(
    client: Client,
    lines: Sequence[str],
    title: str | None,
    no_splice: bool,
    clip_pipeline: str | None,
) -> None:
    from heaters_pipeline.work.register import references_in

    named = [each for line in lines for each in references_in(line)]
    films = [each for each in named if "://" not in each]
    for film in films:
        client.upload(Path(film), title=title, already_cut=no_splice, pipeline=clip_pipeline)
        click.echo(f"{film}  sent")
    addresses = [each for each in named if "://" in each]
    if not addresses:
        return
    wanted = {"title": title, "already_cut": no_splice, "pipeline": clip_pipeline}
    told = client.post("sources", {"references": addresses, **wanted})
    for each in told["added"]:
        click.echo(f"{each['key']}  {each['news']}")
    for each in told["refused"]:
        click.echo(f"heaters: {each['error']}", err=True)
    if told["refused"]:
        raise HeatersError(f"{len(told['refused'])} of {len(named)} could not be added.")


@main.command()
@click.argument("keys", nargs=-1, metavar="[KEY]...")
def refetch(keys: tuple[str, ...]) -> None:
    """Fetch again what fell short of the best that its site listed, or the videos named."""
    from heaters_pipeline.db import source_videos
    from heaters_pipeline.db.engine import transaction
    from heaters_pipeline.domain.quality import shortfall

    with _database(_settings()) as engine:
        with transaction(engine) as session:
            qualities = source_videos.download_qualities(session)
        reasons = {key: shortfall(quality) for key, quality in qualities}
        wanted = keys or [key for key, short in reasons.items() if short is not None]
        refused = 0
        for key in wanted:
            try:
                with transaction(engine) as session:
                    source_videos.refetch(session, key)
                click.echo(f"{key}  {reasons.get(key) or 'as you asked'}")
            except (InputError, Conflict) as error:
                refused += 1
                click.echo(f"heaters: {error}", err=True)
    if not wanted:
        click.echo("Nothing fell short.")
    if refused:
        raise HeatersError(f"{refused} of {len(wanted)} could not be fetched again.")


@main.command()
@click.argument("reference", metavar="URL|FILE")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
@click.option("--title", help="Instead of the one that the video brings.")
@click.option(
    "--no-splice", is_flag=True, help="The video is one clip already: don't look for cuts."
)
@_clip_pipeline
def ingest(
    reference: str, as_json: bool, title: str | None, no_splice: bool, clip_pipeline: str | None
) -> None:
    """Ingest one video here and now, without `heaters up`."""
    if not sys.warnoptions:
        warnings.simplefilter("ignore")  # Dagster's, about what it calls beta
    from heaters_pipeline.files.home import private_files
    from heaters_pipeline.orchestration.foreground import ingest_in_foreground
    from heaters_pipeline.platform.dagster_instance import open_instance
    from heaters_pipeline.platform.signals import StopRequested, stop_on_signals

    settings = _settings()
    # Standard output is for the result alone, whatever a library prints.
    try:
        with (
            redirect_stdout(sys.stderr),
            private_files(),
            _database(settings) as engine,
            open_instance(settings) as instance,
            _progress_bar() as show,
            stop_on_signals(),
        ):
            report = ingest_in_foreground(
                engine,
                instance,
                reference,
                title=title,
                needs_splicing=not no_splice,
                clip_pipeline=ClipPipeline(clip_pipeline or settings.pipeline),
                on_progress=show,
            )
    except StopRequested:
        raise HeatersError("stopped; the same command goes on from here.") from None
    if as_json:
        click.echo(json.dumps(report.as_dict(), indent=2, default=str))
    elif report.same_as is not None:
        click.echo(f"{report.key}: the same video as {report.same_as}; it is not ingested again")
    elif report.playlist:
        click.echo(f"{report.key}: a playlist; `heaters up` ingests each of its videos")
        for key in report.playlist:
            click.echo(f"  {key}")
    elif report.error is None:
        click.echo(
            f"{report.key}: {report.frame_count} frames, {number_of(report.clip_count, 'clip')}"
            + ("" if report.changed else "; nothing has changed")
        )
        for name, path in report.paths.items():
            click.echo(f"  {name:<16} {path}")
        for name, seconds in report.seconds.items():
            click.echo(f"  {name:<16} {seconds:.1f} s")
    if report.error is not None:
        raise HeatersError(report.error)


@main.group()
def cuts() -> None:
    """Judge the cut detector, or put a list of your own in its place."""


@cuts.command()
@click.argument("key", required=False)
def tune(key: str | None) -> None:
    """Propose the threshold that would have agreed best with the reviewers of the video KEY, or of
    all videos."""
    from heaters_pipeline.work.pipeline import open_pipeline
    from heaters_pipeline.work.tuning import best, try_thresholds

    settings = _settings()
    with _database(settings) as engine, _progress_bar() as bar:
        trials = try_thresholds(
            open_pipeline(engine, settings), key, functools.partial(bar, "thresholds")
        )
    chosen = best(trials)
    click.echo("threshold  agreed  false  missed    F1")
    for trial in trials:
        agreed, false, missed = trial.agreement
        mark = " in use" if trial.present else ""
        click.echo(
            f"{trial.threshold:9.3g}  {agreed:6}  {false:5}  {missed:6}  {trial.agreement.f1:.2f}"
            + mark
        )
    if chosen.present:
        click.echo("No other threshold would have agreed better with the reviewers.")
    else:
        click.echo(f"HEATERS_DETECTOR_THRESHOLD={chosen.threshold:g} would have agreed best.")


@main.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def status(as_json: bool) -> None:
    """How many videos and clips there are in each state, and what stands still."""
    from heaters_pipeline.db import clip_counts, clips, retrying, source_videos
    from heaters_pipeline.db.engine import transaction
    from heaters_pipeline.domain.retries import tries_told

    settings = _settings()
    with _database(settings) as engine, transaction(engine) as session:
        down = retrying.outages_told(session, settings.undo_window_seconds)
        counts = {
            "source_videos": source_videos.counts_by_state(session),
            "clips": clip_counts.by_state(session),
        }
        failures = {
            video.key: tries_told(video.error, video.tries, video.retry_at)
            for video in source_videos.failed(session)
        }
        failures |= {
            f"clip {clip.id}": tries_told(clip.error, clip.tries, clip.retry_at)
            for clip in clips.failed(session)
        }
    stopped = _stopped(settings)
    if as_json:
        result = {"home": str(settings.home), **counts, "failures": failures, "outages": down}
        result["stopped"] = stopped
        click.echo(json.dumps(result, indent=2))
        return
    for sentence in down + stopped:
        click.echo(sentence)
    for name, by_state in counts.items():
        click.echo(name.replace("_", " "))
        for state, count in sorted(by_state.items()):
            click.echo(f"  {state:<22}{count:>8}")
        if not by_state:
            click.echo("  none")
    for key, error in failures.items():
        click.echo(f"{key}: {error}")


@main.command()
def migrate() -> None:
    """Bring the database to the newest schema."""
    with _database(_settings()):
        click.echo("The schema is up to date.")


@main.command()
def down() -> None:
    """Stop what runs or was left running, the embedded Postgres included."""
    from heaters_pipeline.platform.down import down as stop

    stop(_settings().home, click.echo)


def _stopped(settings: Settings) -> list[str]:
    """Sensors and schedules that somebody has stopped, in words."""
    from heaters_pipeline.db import stopped_automation
    from heaters_pipeline.domain.automation import stopped_told

    with _dagster_database(settings) as engine:
        return stopped_told(stopped_automation.stopped(engine))


def _everything(settings: Settings) -> Supervisor:
    """All of Heaters, as a context that lasts until the end is asked for."""
    from heaters_pipeline.platform.supervisor import Supervisor

    return Supervisor(settings, click.echo)


def _share() -> None:
    from heaters_pipeline.platform.sharing import shared
    from heaters_pipeline.platform.supervisor import Supervisor

    settings, fingerprint = shared(_settings())
    with Supervisor(settings, click.echo, invites_admin=True) as supervisor:
        click.echo(f"\n  Other machines {settings.public_address}")
        if supervisor.invitation:
            click.echo(f"  First admin    {supervisor.invitation}  (once, within a day)")
        if fingerprint:
            click.echo(
                f"  Certificate    {settings.tls_cert}, made here: browsers warn until they trust "
                f"it; its SHA-256 is {fingerprint}"
            )
        _say_where(supervisor)
        supervisor.wait()


def _say_where(supervisor: Supervisor) -> None:
    click.echo(
        f"\n  Review clips   {supervisor.review_address}\n"
        f"  Dagster        {supervisor.dagster_address}\n\n"
        "Ctrl-C stops everything."
    )


def _demo_film(settings: Settings) -> Path:
    from heaters_pipeline.files.scratch import scratch_folder
    from heaters_pipeline.media.demo_film import DISSOLVE_SECONDS, SCENES, make_demo_film

    film = settings.home / "demo.mp4"
    if not film.exists():
        seconds = sum(scene.seconds - DISSOLVE_SECONDS * scene.dissolves for scene in SCENES)
        with scratch_folder(settings.home) as folder, _progress_bar() as show:
            made = folder / film.name
            make_demo_film(
                made,
                lambda done: show("making the film", done.seconds_done / seconds),
                stall_seconds=settings.stall_seconds,
            )
            made.replace(film)
    return film


def _show_until_ready(supervisor: Supervisor, reference: Path, title: str | None) -> None:
    """Add a video and follow it until its clips wait for review, or say why they never will."""
    from heaters_pipeline.db import source_videos
    from heaters_pipeline.db.engine import open_engine, transaction
    from heaters_pipeline.domain.states import COMPLETE, SETTLED, SourceState
    from heaters_pipeline.work.register import add_source

    engine = open_engine(supervisor.database_url)
    try:
        with transaction(engine) as session:
            pipeline = supervisor.settings.pipeline
            video, _ = add_source(session, str(reference), title=title, pipeline=pipeline)
        with _progress_bar() as show:
            while video.state not in SETTLED and (
                not video.error or video.state == SourceState.NEW
            ):
                show(video.state, video.progress or 0.0)
                supervisor.watch()
                time.sleep(DEMO_LOOK_SECONDS)
                with transaction(engine) as session:
                    video = source_videos.get(session, video.key)
        with transaction(engine) as session:
            original = source_videos.original(session, video)
    finally:
        engine.dispose()
    if video.error:
        click.echo(f"heaters: {video.error}", err=True)
    elif original is not None:
        click.echo(
            f"{video.title!r} is the same video as {original.title!r}, whose clips are at "
            f"{supervisor.review_address}"
        )
    elif video.state in COMPLETE:
        click.echo(f"The clips of {video.title!r} wait for review at {supervisor.review_address}")
    else:
        click.echo(f"{video.title!r} is {video.state}: it has no clips.")


cuts.add_command(import_command)
main.add_command(archive)
main.add_command(audit)
main.add_command(backup)
main.add_command(dataset)
main.add_command(doctor)
main.add_command(embeddings)
main.add_command(export)
main.add_command(import_older)
main.add_command(keyframes)
main.add_command(migrate_clips)
main.add_command(opinions)
main.add_command(partitions)
main.add_command(profiles)
main.add_command(repeats)
main.add_command(restore)
main.add_command(retry)
main.add_command(search)
main.add_command(storage)
main.add_command(story)
main.add_command(themes)
main.add_command(timecodes)
main.add_command(timeline)
main.add_command(tokens)
main.add_command(users)
main.add_command(webhook)


if __name__ == "__main__":
    main()
