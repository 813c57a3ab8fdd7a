"""The worker of one machine: it takes runs from the broker, each into a process of its own.

`python -m heaters_pipeline.orchestration.run_worker` is Celery's worker with Dagster's tasks
(dagster-celery): a run is one task, which `orchestration.celery_launcher` has sent. The processes
are forked from this one, which has imported what runs need: a run would take seconds for it.
"""

from __future__ import annotations

import socket

from celery import Celery
from celery.signals import worker_process_shutdown
from dagster_celery.launcher import CeleryRunLauncher
from dagster_celery.tasks import create_execute_job_task

import heaters_pipeline.orchestration.definitions  # noqa: F401 - for the processes of runs
from heaters_pipeline.files import logs, spans
from heaters_pipeline.files.home import private_files
from heaters_pipeline.platform.dagster_config import ANY_WORKER, CELERY, RUNS_A_WORKER, queue_of
from heaters_pipeline.settings import Settings, get_settings


def open_app(settings: Settings) -> Celery:
    broker = settings.broker_url.get_secret_value() if settings.broker_url else None
    app = CeleryRunLauncher(ANY_WORKER, broker, broker, config_source=CELERY).celery
    create_execute_job_task(app)
    return app


def main() -> None:
    settings = get_settings()
    logs.begin(settings.log_format)
    # Its processes end without the handlers that send what is left.
    worker_process_shutdown.connect(spans.end, weak=False)
    app = open_app(settings)
    name = f"heaters@{socket.gethostname()}"
    with private_files():
        app.worker_main(
            [
                *("worker", "--loglevel=WARNING", "--without-mingle", "--without-gossip"),
                f"--hostname={name}",
                f"--concurrency={RUNS_A_WORKER}",
                # What a run has loaded goes with its process, and with it what it has leaked.
                "--max-tasks-per-child=1",
                f"--queues={','.join([queue_of(name), *settings.queues])}",
            ]
        )


if __name__ == "__main__":
    main()
