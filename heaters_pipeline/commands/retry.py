"""`heaters retry`: trying again what failed."""

from __future__ import annotations

import click

from heaters_pipeline.commands.opening import database, settings
from heaters_pipeline.domain.states import CLIP_STEPS, SOURCE_STEPS, ClipState, SourceState

CLIP_STATES = {str(step.failed): step.failed for step in CLIP_STEPS}
SOURCE_STATES = {str(step.failed): step.failed for step in SOURCE_STEPS}


@click.command()
@click.option("--failed", is_flag=True, required=True, help="All that failed.")
@click.option("--video", "key", metavar="KEY", help="Only this video, its clips and their files.")
@click.option(
    "--state",
    type=click.Choice([*SOURCE_STATES, *CLIP_STATES]),
    help="Only what failed in this step.",
)
def retry(failed: bool, key: str | None, state: str | None) -> None:  # noqa: ARG001
    """Try again what failed: videos, clips, and files of clips."""
    from heaters_pipeline.db import retrying, source_videos
    from heaters_pipeline.db.engine import transaction

    wanted: ClipState | SourceState | None = CLIP_STATES.get(state or "")
    wanted = wanted or SOURCE_STATES.get(state or "")
    with database(settings()) as engine, transaction(engine) as session:
        videos = None if key is None else [source_videos.get(session, key).id]
        done = retrying.retry_failed(session, videos, wanted)
    click.echo(f"Tried again: {done.spoken}.")
