"""A project of Dagster with one op that does nothing."""

import dagster as dg


@dg.op
def nothing() -> None:
    pass


@dg.job(executor_def=dg.in_process_executor)
def empty() -> None:
    nothing()


defs = dg.Definitions(jobs=[empty])
