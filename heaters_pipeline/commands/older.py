"""`heaters import` and `heaters migrate-clips`."""

from __future__ import annotations

import importlib.resources
import re
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING

import click

from heaters_pipeline.commands.opening import database, progress_bar, settings
from heaters_pipeline.domain.errors import HeatersError, InputError
from heaters_pipeline.domain.wording import number_of

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from heaters_pipeline.domain.older_mapping import OlderMapping
    from heaters_pipeline.settings import Settings
    from heaters_pipeline.storage import Storage
    from heaters_pipeline.work.ingest import StepCallback
    from heaters_pipeline.work.move_over import Left, MovedBack, MovedOver
    from heaters_pipeline.work.older_import import OlderSystem, Plan, Report

NAMED = 20
"""Clips that are named; the rest are counted, unless all are asked for."""


def _usual_mapping() -> str:
    return (importlib.resources.files("heaters_pipeline.db") / "older_schema.toml").read_text()


def _show_mapping(context: click.Context, _option: click.Parameter, asked: bool) -> None:
    if asked:
        click.echo(_usual_mapping(), nl=False)
        context.exit()


@click.command(name="import")
@click.argument("origin", metavar="FOLDER|CSV|postgres://..")
@click.option("--dry-run", is_flag=True, help="Say what would happen, and change nothing.")
@click.option(
    "--files",
    metavar="FOLDER|s3://..",
    help="Where the older system keeps its files, for paths that are not absolute.",
)
@click.option(
    "--mapping",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Names of tables, columns and states, where they are others than usual.",
)
@click.option(
    "--show-mapping",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_mapping,
    help="Print the usual mapping, to be changed in a copy.",
)
@click.option("--name", help="What the older system is called here. Its clips are known by it.")
@click.option("--all", "name_all", is_flag=True, help="Name every clip that can't be taken.")
def import_older(
    origin: str,
    dry_run: bool,
    files: str | None,
    mapping: Path | None,
    name: str | None,
    name_all: bool,
) -> None:
    """Take over clips that an older pipeline has cut, with all that was decided on them: from its
    database, from a list, or from a folder.

    A second import changes nothing; one that was stopped goes on."""
    if not sys.warnoptions:
        warnings.simplefilter("ignore")  # Dagster's, about what it calls beta
    from heaters_pipeline.files.home import private_files
    from heaters_pipeline.platform.signals import StopRequested, stop_on_signals
    from heaters_pipeline.work.older_files import OlderFiles
    from heaters_pipeline.work.older_import import plan, take_over
    from heaters_pipeline.work.pipeline import open_pipeline

    known = settings()
    older_files = OlderFiles(_storage_of(files, known), known.home)
    report = None
    try:
        with (
            redirect_stdout(sys.stderr),
            private_files(),
            database(known) as engine,
            _opened(origin, mapping) as (system, usual_name),
            _telling(engine, tell=not dry_run) as told,
            progress_bar() as bar,
            stop_on_signals(),
        ):
            pipeline = open_pipeline(engine, known)
            planned = plan(pipeline, system, name or usual_name, older_files)
            if not dry_run:
                report = take_over(
                    pipeline, system, planned, older_files, on_progress=bar, on_step=told
                )
    except StopRequested:
        raise HeatersError("stopped; the same command goes on from here.") from None
    _say_plan(planned, files, name_all=name_all)
    if report is None:
        click.echo("Nothing was changed: this was a dry run.")
    else:
        _say_report(report)


def _storage_of(files: str | None, known: Settings) -> Storage:
    """Where paths of the older system lie that are not absolute."""
    from heaters_pipeline.storage import open_storage

    if files is not None and "://" not in files and not Path(files).expanduser().is_dir():
        raise InputError(
            f"There is no folder {files}: --files names the one that the older system's files are "
            "in."
        )
    try:
        return open_storage(files or ".", known.home, endpoint_url=known.s3_endpoint_url)
    except InputError:
        raise InputError(
            f"--files is {files}: write s3://bucket/prefix or the path of a folder."
        ) from None


@contextmanager
def _opened(origin: str, mapping: Path | None) -> Iterator[tuple[OlderSystem, str]]:
    """The older system, and what it is called unless somebody says otherwise."""
    from heaters_pipeline.db.older_system import open_system
    from heaters_pipeline.db.urls import database_name
    from heaters_pipeline.work.older_lists import read_folder, read_list

    if re.match(r"postgres(ql)?(\+\w+)?://", origin):
        with open_system(origin, _chosen(mapping)) as system:
            yield system, database_name(origin) or "older system"
        return
    if "://" in origin:
        raise InputError(
            f"{origin.partition('://')[0]}:// is no address that clips can be imported from: write "
            "postgres://user@host/database, or the path of a folder or a list."
        )
    path = Path(origin).expanduser().absolute()
    if path.is_dir():
        yield read_folder(path), str(path)
    elif path.is_file():
        yield read_list(path), str(path)
    else:
        raise InputError(f"There is no folder or list {path}: check the path.")


def _chosen(file: Path | None) -> OlderMapping:
    from heaters_pipeline.domain.older_mapping import parse

    return parse(file.read_text(), str(file)) if file else usual_mapping()


def usual_mapping() -> OlderMapping:
    """Of the pipeline that Heaters succeeds."""
    from heaters_pipeline.domain.older_mapping import parse

    return parse(_usual_mapping(), "the usual mapping")


@contextmanager
def _telling(engine: Engine, *, tell: bool) -> Iterator[StepCallback | None]:
    """Has Dagster told of what is made, if anything is."""
    if not tell:
        yield None
        return
    from heaters_pipeline.orchestration.foreground import telling
    from heaters_pipeline.platform.dagster_instance import open_instance

    with open_instance(settings()) as instance:
        yield telling(engine, instance)


def _say_plan(planned: Plan, files: str | None, *, name_all: bool) -> None:
    films = len(planned.films)
    click.echo(
        f"{planned.system}: {number_of(films, 'film')}, {len(planned.at_hand)} of them with a file "
        f"or an address; {number_of(len(planned.new), 'new clip')}, {planned.decisions} of them "
        f"decided on; {len(planned.known)} known already; {len(planned.refused)} can't be taken."
    )
    if planned.removed:
        click.echo(
            f"  {number_of(planned.removed, 'clip')} that came before were removed here since, and "
            "don't come again: another --name takes them anew."
        )
    for fate, number in sorted(planned.by_fate.items()):
        click.echo(f"  {fate:<12}{number:>8}")
    for what, number in sorted(planned.strange.items()):
        click.echo(f"  left out: {what}: {number}")
    if any("mapping" in what for what in planned.strange):
        click.echo("  Name it in a copy of the mapping: `heaters import --show-mapping` shows it.")
    shown = planned.refused if name_all else planned.refused[:NAMED]
    for clip, reason in shown:
        click.echo(f"  clip {clip.old_id} ({clip.fate}): {reason}")
    _say_more(len(planned.refused) - len(shown))
    if any(clip.path and not Path(clip.path).is_absolute() for clip, _ in planned.refused):
        click.echo(
            f"  Paths that are not absolute are sought in {files or Path.cwd()}: --files names "
            "another place."
        )


def _say_more(number: int) -> None:
    if number > 0:
        click.echo(f"  and {number} more (--all names them)")


def _say_report(report: Report) -> None:
    click.echo(
        f"Taken now: {number_of(report.taken, 'clip')} ({report.replaced} as history), "
        f"{number_of(report.stills, 'keyframe')}, {number_of(report.vectors, 'vector')}, "
        f"{report.grouped} grouped."
    )
    for old_id, sentences in report.lacking.items():
        for sentence in sentences:
            click.echo(f"  clip {old_id}: {sentence}")
    if report.films:
        click.echo("Films, which `heaters migrate-clips KEY` seeks their clips in:")
    for key, title in report.films.items():
        click.echo(f"  {key}  {title}")
    for what, reason in report.failed.items():
        click.echo(f"heaters: {what}: {reason}", err=True)
    if report.failed:
        raise HeatersError(
            f"{number_of(len(report.failed), 'file')} could not be "
            "ingested: the same command tries them again."
        )


@click.command(name="migrate-clips")
@click.argument("key")
@click.option("--into", metavar="KEY", help="The video of the film, where it is another one.")
@click.option("--back", is_flag=True, help="Make the clips of the film files of their own again.")
def migrate_clips(key: str, into: str | None, back: bool) -> None:
    """Find the clips that an older pipeline cut from the film KEY in it, and make them ranges of
    its frames. Decisions stay as they are; a clip that can't be placed stays as it is."""
    if back and into:
        raise InputError("--into is for clips that move to a film, --back for those that leave it.")
    if not sys.warnoptions:
        warnings.simplefilter("ignore")
    from heaters_pipeline.files.home import private_files
    from heaters_pipeline.platform.signals import StopRequested, stop_on_signals
    from heaters_pipeline.work.move_over import move_back, move_over
    from heaters_pipeline.work.pipeline import open_pipeline

    known = settings()
    over: MovedOver | None = None
    returned: MovedBack | None = None
    try:
        with (
            redirect_stdout(sys.stderr),
            private_files(),
            database(known) as engine,
            _telling(engine, tell=back) as told,
            progress_bar() as bar,
            stop_on_signals(),
        ):
            pipeline = open_pipeline(engine, known)
            if back:
                returned = move_back(pipeline, key, on_progress=bar, on_step=told)
            else:
                over = move_over(pipeline, key, into=into, on_progress=bar)
    except StopRequested:
        raise HeatersError("stopped; the same command goes on from here.") from None
    if over is not None:
        _say_over(over)
    if returned is not None:
        _say_back(returned)


def _say_over(over: MovedOver) -> None:
    if not over.moved and not over.left:
        click.echo(f"{over.film}: all clips that were cut from it lie in it already.")
        return
    exact = sum(each.place.error == 0 for each in over.moved)
    click.echo(
        f"{over.film}: {number_of(len(over.moved), 'clip')} placed, {exact} of them to the frame; "
        f"{len(over.left)} stay as they are."
    )
    for clip_id, place in over.moved:
        if place.error:
            click.echo(f"  clip {clip_id}: frame {place.start}, within {place.error} frames")
    _say_left(over.left)
    if over.laid:
        click.echo(f"The rest of the film is {number_of(over.laid, 'clip')}.")


def _say_back(returned: MovedBack) -> None:
    click.echo(
        f"{number_of(len(returned.back), 'clip')} are files of their own, {len(returned.made)} of "
        "them made now."
    )
    _say_left(returned.left)


def _say_left(left: Sequence[Left]) -> None:
    for clip_id, old_id, reason, best in left:
        name = f"clip {clip_id} ({old_id})" if clip_id else f"clip {old_id} of the older system"
        guess = f" Best guess: frame {best}." if best is not None else ""
        click.echo(f"  {name}: {reason}{guess}")
