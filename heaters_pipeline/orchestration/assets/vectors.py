"""Vectors that clips of the library lack, whatever video they are of."""

from typing import Any

import dagster as dg

from heaters_pipeline.orchestration import metadata
from heaters_pipeline.orchestration.failures import failures_in_words
from heaters_pipeline.orchestration.resources import Database, ObjectStore, open_pipeline
from heaters_pipeline.work.vectors import fill_vectors

GROUP = "vectors"


@dg.asset(deps=["clip_embeddings"], group_name=GROUP, kinds={"postgres"}, pool="model")
def library_vectors(
    context: dg.AssetExecutionContext, database: Database, store: ObjectStore
) -> dg.MaterializeResult[Any]:
    """The vectors of the present model and strategy, for the newest 2,000 clips of the library that
    have none: since the model was changed, or could not be had before."""
    with failures_in_words():
        filled = fill_vectors(open_pipeline(context, database, store))
    return dg.MaterializeResult(metadata=metadata.of_vectors(filled))
