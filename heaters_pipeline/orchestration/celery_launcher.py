"""dagster-celery's run launcher, where it falls short of what Heaters needs."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import dagster as dg
from dagster._core.launcher import CheckRunHealthResult, LaunchRunContext, WorkerStatus
from dagster._core.storage.dagster_run import FINISHED_STATUSES
from dagster._core.storage.tags import PARTITION_NAME_TAG
from dagster_celery.launcher import CeleryRunLauncher
from dagster_celery.tags import DAGSTER_CELERY_QUEUE_TAG, DAGSTER_CELERY_TASK_ID_TAG

from heaters_pipeline.platform.dagster_config import ANY_WORKER, RUNS_A_WORKER, queue_of

ANSWER_SECONDS = 2.0
UNSEEN_SECONDS = 120
"""A worker that is cut off for less long goes on with its runs."""

_ENDED: Mapping[str, WorkerStatus] = {
    "SUCCESS": WorkerStatus.SUCCESS,
    "FAILURE": WorkerStatus.FAILED,
    "REVOKED": WorkerStatus.FAILED,
}


class CeleryLauncher(CeleryRunLauncher):
    """Starts each run as a Celery task on whichever machine is free."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._unseen: dict[str, float] = {}
        """Since when no worker has a run, by `time.monotonic`."""

    def launch_run(self, context: LaunchRunContext) -> None:
        """A video's run goes to the machine that its last one was on, which has its files, if there
        is a place free there."""
        run = context.dagster_run
        if (worker := self._near(run)) and DAGSTER_CELERY_QUEUE_TAG not in run.tags:
            tags = {DAGSTER_CELERY_QUEUE_TAG: queue_of(worker)}
            self._instance.add_run_tags(run.run_id, tags)
            context = LaunchRunContext(run.with_tags({**run.tags, **tags}), context.workspace)
        super().launch_run(context)

    def _near(self, run: dg.DagsterRun) -> str | None:
        """The name of that worker."""
        key = run.tags.get(PARTITION_NAME_TAG)
        if key is None:
            return None
        ended = dg.RunsFilter(tags={PARTITION_NAME_TAG: key}, statuses=FINISHED_STATUSES)
        last = next(iter(self._instance.get_runs(ended, limit=1)), None)
        if last is None or not last.tags.get(DAGSTER_CELERY_QUEUE_TAG, ANY_WORKER).startswith(
            ANY_WORKER
        ):  # a worker that takes other queues need not take that of all runs
            return None
        task = last.tags.get(DAGSTER_CELERY_TASK_ID_TAG)
        worker = self.celery.AsyncResult(task).worker if task else None
        if worker is None:
            return None
        asked = self.celery.control.inspect([worker], timeout=ANSWER_SECONDS, limit=1)
        at_work = (asked.active() or {}).get(worker)
        return worker if at_work is not None and len(at_work) < RUNS_A_WORKER else None

    def terminate(self, run_id: str) -> bool:
        """dagster-celery's own tells the worker alone: the run would look as if it had died, and
        Heaters would have its work tried again."""
        run = self._instance.get_run_by_id(run_id)
        if run is None or run.is_finished or DAGSTER_CELERY_TASK_ID_TAG not in run.tags:
            return False
        self._instance.report_run_canceling(run)
        stopped = super().terminate(run_id)
        self._instance.report_run_canceled(run)
        return stopped

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """Dead is what no worker has had for a while. What dagster-celery asks, the broker's
        memory, says "started" of a task whose machine is gone, and forgets all where the broker
        starts anew."""
        task = run.tags.get(DAGSTER_CELERY_TASK_ID_TAG)
        ended = _ENDED.get(self.celery.AsyncResult(task).state) if task else None
        if ended is not None:
            return CheckRunHealthResult(ended)
        workers = self.celery.control.inspect(timeout=ANSWER_SECONDS).active() or {}
        if any(task == each["id"] for tasks in workers.values() for each in tasks):
            self._unseen.pop(run.run_id, None)
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        since = self._unseen.setdefault(run.run_id, time.monotonic())
        if time.monotonic() < since + UNSEEN_SECONDS:
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        del self._unseen[run.run_id]
        return CheckRunHealthResult(WorkerStatus.FAILED, "No worker has this run any more.")

    @property
    def supports_resume_run(self) -> bool:
        """Rows ask for what is left to do, by a run of its own."""
        return False

    def get_run_worker_debug_info(
        self,
        run: dg.DagsterRun,
        include_container_logs: bool | None = True,  # noqa: ARG002
    ) -> str | None:
        if DAGSTER_CELERY_TASK_ID_TAG not in run.tags:
            return None
        return f"Celery task {run.tags[DAGSTER_CELERY_TASK_ID_TAG]}"
