"""`heaters backup` and `heaters restore`."""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from heaters_pipeline.commands.opening import progress_bar, settings
from heaters_pipeline.domain.errors import HeatersError, InputError
from heaters_pipeline.domain.wording import number_of

if TYPE_CHECKING:
    from heaters_pipeline.settings import Settings
    from heaters_pipeline.work.backup_folder import Backup
    from heaters_pipeline.work.restore import Restored


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
def backup(folder: Path) -> None:
    """Back up database and storage into a new folder in DIR, while work goes on. Objects that an
    earlier backup in DIR holds are not copied again."""
    from heaters_pipeline.db.engine import open_engine
    from heaters_pipeline.platform.postgres import ensure_database
    from heaters_pipeline.platform.postgres_programs import dump
    from heaters_pipeline.platform.signals import StopRequested, stop_on_signals
    from heaters_pipeline.work.backup import back_up
    from heaters_pipeline.work.pipeline import open_pipeline

    known = settings()
    url = ensure_database(known).heaters  # not migrated: this is for before an update, too
    engine = open_engine(url)
    try:
        with progress_bar() as bar, stop_on_signals():
            storage = open_pipeline(engine, known).storage
            made = back_up(engine, storage, folder.absolute(), functools.partial(dump, url), bar)
    except StopRequested:
        raise HeatersError("stopped; the same command goes on from here.") from None
    finally:
        engine.dispose()
    click.echo(
        f"{made.folder}: the database and {number_of(made.objects, 'object')} "
        f"({made.bytes / 1e6:.1f} MB), {made.copied:,} of them new "
        f"({made.copied_bytes / 1e6:.1f} MB)"
    )
    for key in made.vanished:
        click.echo(f"{key} was deleted or replaced while the backup was under way.")
    _tell(made.troubles, "were not backed up as they should be")


@click.command()
@click.argument(
    "folder", metavar="DIR", type=click.Path(exists=True, file_okay=False, path_type=Path)
)
def restore(folder: Path) -> None:
    """Restore the newest backup in DIR, or the one that DIR is, into the empty database and storage
    that the settings name."""
    from heaters_pipeline.db import migrate
    from heaters_pipeline.files.home import private_files, private_home
    from heaters_pipeline.platform.home_lock import take_home
    from heaters_pipeline.platform.signals import StopRequested, stop_on_signals
    from heaters_pipeline.work.backup_folder import open_backup

    known = settings()
    chosen = open_backup(folder.absolute())
    migrate.check_known(chosen.description.schema, f"The backup {chosen.folder}")
    private_home(known.home)
    held = take_home(known.home)
    try:
        with private_files(), stop_on_signals():
            restored = _restored(chosen, known)
    except StopRequested:
        raise HeatersError("stopped; the same command goes on from here.") from None
    finally:
        os.close(held)
    click.echo(
        f"{chosen.folder}: the database of {chosen.description.taken_at} and "
        f"{number_of(restored.objects, 'object')} are restored."
    )
    _tell(restored.absent, "could not be restored")


def _restored(chosen: Backup, known: Settings) -> Restored:
    from heaters_pipeline.db import migrate, retired_partitions, snapshots, source_videos
    from heaters_pipeline.db.engine import open_engine, transaction
    from heaters_pipeline.orchestration.partitions import heaters_videos
    from heaters_pipeline.platform.dagster_instance import open_instance
    from heaters_pipeline.platform.postgres import ensure_database
    from heaters_pipeline.platform.postgres_programs import load
    from heaters_pipeline.work.pipeline import open_pipeline
    from heaters_pipeline.work.restore import check_storage, restore_objects

    url = ensure_database(known).heaters
    engine = open_engine(url)
    try:
        with transaction(engine) as session:
            if there := snapshots.tables(session):
                raise InputError(
                    f"The database is not empty: it has {number_of(len(there), 'table')}, as "
                    f"{there[0]}; name an empty one (DATABASE_URL, HEATERS_HOME)."
                )
        _check_dagster(known)
        storage = open_pipeline(engine, known).storage
        held = check_storage(chosen, storage)
        with progress_bar() as bar:
            restored = restore_objects(
                chosen, held, storage, known.home, functools.partial(bar, "objects")
            )
            bar("database", 0)
            load(
                url,
                chosen.dump,
                server_before=chosen.description.postgres,
                dumped_by=chosen.description.pg_dump,
            )
        migrate.upgrade(url)
        with transaction(engine) as session:
            retired = {*retired_partitions.keys(session)}
            keys = [key for key in source_videos.keys(session) if key not in retired]
    finally:
        engine.dispose()
    # Dagster's own database is not in the backup: it learns which videos there are.
    with open_instance(known) as instance:
        instance.add_dynamic_partitions(str(heaters_videos.name), keys)
    return restored


def _check_dagster(known: Settings) -> None:
    """Dagster never asks for a run twice, so one that knows later runs would leave work undone."""
    from heaters_pipeline.platform.dagster_instance import open_instance

    with open_instance(known) as instance:
        if instance.get_runs_count():
            raise InputError(
                "Dagster's database is not empty: it has runs of another library; name an empty "
                "one (HEATERS_DAGSTER_DATABASE_URL)."
            )


def _tell(troubles: Mapping[str, str], what: str) -> None:
    """Names each, and fails if there is any."""
    for sentence in troubles.values():
        click.echo(f"heaters: {sentence}", err=True)
    if troubles:
        raise HeatersError(f"{number_of(len(troubles), 'object')} {what}.")
