"""What there is in the library, by likeness."""

from typing import Any

import dagster as dg

from heaters_pipeline.orchestration.failures import failures_in_words
from heaters_pipeline.orchestration.resources import Database, ObjectStore, open_pipeline
from heaters_pipeline.work.themes import place_new, survey

GROUP = "themes"


@dg.asset(deps=["clip_embeddings"], group_name=GROUP, kinds={"postgres"}, pool="model")
def library_themes(
    context: dg.AssetExecutionContext, database: Database, store: ObjectStore
) -> dg.MaterializeResult[Any]:
    """The themes of the library, made of the vectors of all its clips: those that are like one
    another, in themes and parts."""
    pipeline = open_pipeline(context, database, store)
    with failures_in_words():
        done = survey(pipeline)
        placed = place_new(pipeline)
    if done is None:
        return dg.MaterializeResult(metadata={"placed": placed, "unchanged": True})
    counts = {"themes": done.themes, "parts": done.parts, "kept": done.kept}
    return dg.MaterializeResult(metadata={"clips": done.clips, "placed": placed, **counts})
