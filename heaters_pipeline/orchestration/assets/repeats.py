"""What older videos show again of others."""

from typing import Any

import dagster as dg

from heaters_pipeline.orchestration.failures import failures_in_words
from heaters_pipeline.orchestration.resources import Database, ObjectStore, open_pipeline
from heaters_pipeline.work.repeats import seek_missing

GROUP = "repeats"

AT_ONCE = 20
"""Videos of a run: a long film takes minutes."""


@dg.asset(deps=["virtual_clips"], group_name=GROUP, kinds={"postgres"})
def library_repeats(
    context: dg.AssetExecutionContext, database: Database, store: ObjectStore
) -> dg.MaterializeResult[Any]:
    """Which clips show the same, for the oldest 20 videos in which nobody has looked: those from
    before there was such a search, or before its method was changed."""
    with failures_in_words():
        filled = seek_missing(open_pipeline(context, database, store), AT_ONCE)
    for key, why in filled.failed.items():
        context.log.warning(f"{key}: {why} It is tried again in a day.")
    return dg.MaterializeResult(
        metadata={"videos": len(filled.done), "without": len(filled.failed)}
    )
