"""`heaters cuts import`."""

from __future__ import annotations

from pathlib import Path

import click

from heaters_pipeline.commands.opening import database, settings
from heaters_pipeline.domain.wording import number_of


@click.command(name="import")
@click.argument("key")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Say what would happen, and change nothing.")
@click.option(
    "--start", metavar="TIMECODE", help="Of the first frame, in place of the film's own timecode."
)
@click.option(
    "--record",
    is_flag=True,
    help="The film is what the EDL or timeline makes, not what it takes from.",
)
@click.option("--reel", help="The one that is this film, in a list that takes from several.")
@click.option(
    "--unit",
    type=click.Choice(["frames", "seconds"]),
    help="Of LosslessCut's CSV, where it has whole numbers alone.",
)
def import_command(
    key: str,
    file: Path,
    dry_run: bool,
    start: str | None,
    record: bool,
    reel: str | None,
    unit: str | None,
) -> None:
    """Cut the video KEY where FILE says: an EDL, an OTIO timeline, a CSV, PySceneDetect's list of
    scenes (-Scenes.csv), or LosslessCut's project (.llc) or CSV.

    Clips that a reviewer has touched stay."""
    from heaters_pipeline.editors.cut_list import Reading, Unit
    from heaters_pipeline.work.cut_import import import_cuts
    from heaters_pipeline.work.pipeline import open_pipeline

    known = settings()
    reading = Reading(start, record, Unit(unit) if unit else None, reel)
    with database(known) as engine:
        done = import_cuts(
            open_pipeline(engine, known),
            key,
            file.name,
            file.read_bytes(),
            reading,
            dry_run=dry_run,
        )
    for remark in done.remarks:
        click.echo(remark)
    laid = done.laid
    click.echo(
        f"{done.kind}: {number_of(len(done.cuts), 'cut')}. {number_of(laid.live, 'clip')}: "
        f"{laid.new} new, {laid.replaced} replaced, {laid.kept_as_reviewed} kept as reviewed."
    )
    if dry_run:
        click.echo("Nothing was changed: this was a dry run.")
