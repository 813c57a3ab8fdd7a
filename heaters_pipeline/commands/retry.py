"""`heaters retry`: trying again what failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from heaters_pipeline.commands.opening import database, settings
from heaters_pipeline.commands.remote import remote
from heaters_pipeline.domain.states import CLIP_STEPS, SOURCE_STEPS, ClipState, SourceState

if TYPE_CHECKING:
    from heaters_pipeline.client import Client

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
@remote
def retry(failed: bool, key: str | None, state: str | None, client: Client | None) -> None:  # noqa: ARG001
    """Try again what failed: videos, clips, and files of clips."""
    from heaters_pipeline.db import retrying, source_videos
    from heaters_pipeline.db.engine import transaction

    if client is not None:
        if state is not None:
            raise click.UsageError("--state is for the Heaters of this machine.")
        told = client.post("sources/retry", find=key)
        done = retrying.Number(told["clips"], told["videos"], told["files"])
        click.echo(f"Tried again: {done.spoken}.")
        return
    wanted: ClipState | SourceState | None = CLIP_STATES.get(state or "")
    wanted = wanted or SOURCE_STATES.get(state or "")
    with database(settings()) as engine, transaction(engine) as session:
        videos = None if key is None else [source_videos.get(session, key).id]
        done = retrying.retry_failed(session, videos, wanted)
    click.echo(f"Tried again: {done.spoken}.")
