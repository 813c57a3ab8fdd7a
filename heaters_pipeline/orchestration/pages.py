"""Links from Dagster's pages to those of the review app, and pictures of clips."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

import dagster as dg

from heaters_pipeline.db import artifacts
from heaters_pipeline.domain import pages
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
    """The middle keyframe of the first clips of a batch, each with a link to the clip's page."""
    with pipeline.transaction() as session:
        found = artifacts.keyframes_of(session, batch.done[:SHOWN])
    address = get_settings().public_address
    shown = []
    for clip_id, keyframes in found.items():
        middle = keyframes[len(keyframes) // 2]
        suffix = PurePosixPath(middle.filepath).suffix
        source = address + pages.still(clip_id, middle.frame, suffix)
        shown.append(f"[![clip {clip_id}]({source})]({address}{pages.of_clip(clip_id)})")
    return {"pictures": dg.MetadataValue.md(" ".join(shown))} if shown else {}
