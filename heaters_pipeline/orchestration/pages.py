"""Links from Dagster's pages to those of the review app, and pictures of clips."""

from __future__ import annotations

from base64 import b64encode
from contextlib import ExitStack
from typing import Any

import dagster as dg

from heaters_pipeline.db import artifacts
from heaters_pipeline.domain import pages
from heaters_pipeline.media.clips.contact_sheet import contact_sheet
from heaters_pipeline.orchestration.metadata import Metadata
from heaters_pipeline.settings import get_settings
from heaters_pipeline.work.library import Batch
from heaters_pipeline.work.pipeline import Pipeline

SHOWN = 12
"""Pictures of a run."""


def link(path: str) -> Any:
    """To a page of the review app."""
    return dg.MetadataValue.url(get_settings().public_address + path)


def of_partition(context: dg.AssetExecutionContext, asset: str) -> Metadata:
    """Where people see what was made of the run's source video."""
    page = pages.of_video(pages.OF_ASSET[asset], context.partition_key)
    return {"review_app": link(page)}


def pictures(pipeline: Pipeline, batch: Batch) -> Metadata:
    """Small pictures of the first clips of a batch, from their middle keyframes, with a link to the
    page of each."""
    with pipeline.transaction() as session:
        found = artifacts.keyframes_of(session, batch.done[:SHOWN])
    if not found:
        return {}
    middle = {clip_id: stills[len(stills) // 2] for clip_id, stills in found.items()}
    with ExitStack() as open_files:
        files = [
            open_files.enter_context(pipeline.storage.fetch(each.filepath))
            for each in middle.values()
        ]
        image = f"data:image/jpeg;base64,{b64encode(contact_sheet(files)).decode()}"
    address = get_settings().public_address
    links = " ".join(f"[clip {each}]({address}{pages.of_clip(each)})" for each in middle)
    return {"pictures": dg.MetadataValue.md(f"![clips, row by row]({image})\n\n{links}")}
