"""The storage as a whole, against the rows that name its objects."""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from heaters_pipeline.orchestration.failures import failures_in_words
from heaters_pipeline.orchestration.resources import Database, ObjectStore, open_pipeline
from heaters_pipeline.work.storage_check import Part, look_after

GROUP = "storage"

MISSING = dg.AssetCheckSpec(
    "nothing_is_missing",
    asset="stored_objects",
    description="Every object that a row names is in the storage, as it was stored.",
)
ORPHANED = dg.AssetCheckSpec(
    "nothing_is_orphaned",
    asset="stored_objects",
    description="Every object in the storage is named by a row; no upload was broken off.",
)


@dg.asset(group_name=GROUP, kinds={"s3"}, check_specs=[MISSING, ORPHANED])
def stored_objects(
    context: dg.AssetExecutionContext, database: Database, store: ObjectStore
) -> Iterator[dg.MaterializeResult[Any]]:
    """What lies in the storage, compared with the database; what no row names any more is deleted.
    `heaters storage check --fix` mends what is found."""
    with failures_in_words():
        found = look_after(open_pipeline(context, database, store))
    lost_for_good = dg.AssetCheckSeverity.ERROR if found.alarms else dg.AssetCheckSeverity.WARN
    yield dg.MaterializeResult(
        metadata={**found.tally, "deleted": found.deleted},
        check_results=[
            _result(MISSING, found.lost, lost_for_good),
            _result(ORPHANED, found.waste, dg.AssetCheckSeverity.WARN),
        ],
    )


def _result(
    spec: dg.AssetCheckSpec, part: Part, severity: dg.AssetCheckSeverity
) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        check_name=spec.name,
        passed=not part.number,
        severity=severity,
        metadata={"number": part.number, "first": list(part.sentences)},
    )
