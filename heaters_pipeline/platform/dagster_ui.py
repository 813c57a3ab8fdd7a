"""Dagster's web server behind the guard.

`python -m heaters_pipeline.platform.dagster_ui WORKSPACE` takes the place of `dagster-webserver`,
which lets nothing stand before its pages.
"""

from __future__ import annotations

import sys

import uvicorn
from dagster import DagsterInstance
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import WorkspaceFileTarget
from dagster_webserver.cli import (
    DEFAULT_DB_STATEMENT_TIMEOUT,
    DEFAULT_POOL_MAX_OVERFLOW,
    DEFAULT_POOL_RECYCLE,
)
from dagster_webserver.version import __version__
from dagster_webserver.webserver import DagsterWebserver

from heaters_pipeline.db.engine import open_engine
from heaters_pipeline.db.urls import APP_DRIVER, with_driver
from heaters_pipeline.domain.hosts import known_names
from heaters_pipeline.files import logs
from heaters_pipeline.platform.dagster_guard import Guard
from heaters_pipeline.platform.dagster_login import Login
from heaters_pipeline.settings import get_settings

POLL_MILLISECONDS = 2000
"""Between questions of a page for what has changed: the default of `dagster-webserver`."""


def main(workspace: str) -> None:
    settings = get_settings()
    logs.begin(settings.log_format)
    engine = open_engine(with_driver(str(settings.database_url), APP_DRIVER))
    with DagsterInstance.get() as instance:
        instance.optimize_for_webserver(
            DEFAULT_DB_STATEMENT_TIMEOUT, DEFAULT_POOL_RECYCLE, DEFAULT_POOL_MAX_OVERFLOW
        )
        target = WorkspaceFileTarget([workspace])
        with WorkspaceProcessContext(instance, target, version=__version__) as context:
            app = DagsterWebserver(context, live_data_poll_rate=POLL_MILLISECONDS).create_asgi_app()
            uvicorn.run(
                Guard(
                    app,
                    known_names(settings.dagster_host, (settings.host, *settings.trusted_hosts)),
                    Login(engine, settings),
                ),
                host=settings.dagster_host,
                port=settings.dagster_port,
                log_level="warning",
                proxy_headers=False,  # the guard asks who holds the connection
                log_config=None,
            )


if __name__ == "__main__":
    main(sys.argv[1])
