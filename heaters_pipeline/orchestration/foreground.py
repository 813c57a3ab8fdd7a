"""Ingest in the foreground, with Dagster told what was made."""

from __future__ import annotations

import dagster as dg
from sqlalchemy import Engine

from heaters_pipeline.domain.clip_pipeline import ClipPipeline
from heaters_pipeline.orchestration import metadata
from heaters_pipeline.orchestration.partitions import bring_back
from heaters_pipeline.settings import get_settings
from heaters_pipeline.work.ingest import (
    IngestReport,
    ProgressCallback,
    StepCallback,
    StepResult,
    ingest,
)
from heaters_pipeline.work.objects import storage_cost
from heaters_pipeline.work.pipeline import open_pipeline


def ingest_in_foreground(
    engine: Engine,
    instance: dg.DagsterInstance,
    reference: str,
    *,
    title: str | None = None,
    needs_splicing: bool = True,
    clip_pipeline: ClipPipeline = ClipPipeline.VIRTUAL,
    on_progress: ProgressCallback | None = None,
) -> IngestReport:
    """`work.ingest`, whose results `instance` learns, but of no run: one that dies with this
    process would count as running until somebody ended it."""
    return ingest(
        open_pipeline(engine, get_settings()),
        reference,
        title=title,
        needs_splicing=needs_splicing,
        clip_pipeline=clip_pipeline,
        on_progress=on_progress,
        on_step=telling(engine, instance),
    )


def telling(engine: Engine, instance: dg.DagsterInstance) -> StepCallback:
    """Tells `instance` what each step has made."""
    pipeline = open_pipeline(engine, get_settings())

    def report(key: str, result: StepResult) -> None:
        bring_back(instance, engine, [key])
        cost = storage_cost(pipeline, key)
        for asset, facts in metadata.by_asset(result, cost).items():
            instance.report_runless_asset_event(
                dg.AssetMaterialization(asset, partition=key, metadata=facts)
            )

    return report
