"""Copies of selections that people ask for on a page, each by a run of its own."""

import dagster as dg
from dagster._core.storage.dagster_run import NOT_FINISHED_STATUSES

from heaters_pipeline.orchestration.failures import failures_in_words
from heaters_pipeline.orchestration.resources import Database, ObjectStore, open_pipeline
from heaters_pipeline.orchestration.run_tags import read_run_tags
from heaters_pipeline.settings import get_settings
from heaters_pipeline.work.handover_copies import make_copy

COPY = "heaters/copy"
"""Tag of a run: the id of the copy that it makes."""


class WhichCopy(dg.Config):
    copy_id: int
    """Of `handover_copies`."""


@dg.op
def copy_files(
    context: dg.OpExecutionContext, database: Database, store: ObjectStore, config: WhichCopy
) -> None:
    """Copies the files of a selection to a folder or a bucket, with a manifest, and notes who took
    them."""
    with failures_in_words():
        copied = make_copy(open_pipeline(context, database, store), config.copy_id)
    if copied is not None:
        context.add_output_metadata({"new": copied.new, "unchanged": copied.unchanged})


@dg.job(
    name="handover",
    executor_def=dg.in_process_executor,
    tags=read_run_tags(get_settings().run_tags).get("handover"),
)
def handover_job() -> None:
    """The files of a selection, copied to where somebody asked for them."""
    copy_files()


def copy_config(copy_id: int) -> dg.RunConfig:
    """Of a run that makes this copy."""
    return dg.RunConfig({copy_files.name: WhichCopy(copy_id=copy_id)})


def waiting_copies(instance: dg.DagsterInstance, since: float) -> set[int]:
    """Copies with a run of which nothing is to be heard yet: it waits, or began after the time
    `since` (seconds since 1970)."""
    unfinished = dg.RunsFilter(job_name=handover_job.name, statuses=NOT_FINISHED_STATUSES)
    return {
        int(record.dagster_run.tags[COPY])
        for record in instance.get_run_records(unfinished)
        if COPY in record.dagster_run.tags
        and (record.start_time is None or record.start_time > since)
    }
