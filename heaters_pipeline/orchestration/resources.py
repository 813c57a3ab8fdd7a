"""What assets and sensors get from outside: the database and the object store."""

import socket
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

import dagster as dg
from dagster_aws.s3 import S3Resource
from pydantic import PrivateAttr
from sqlalchemy import Engine
from sqlmodel import Session

from heaters_pipeline.db.engine import open_engine, transaction
from heaters_pipeline.db.urls import APP_DRIVER, with_driver
from heaters_pipeline.domain.errors import InputError
from heaters_pipeline.files import spans
from heaters_pipeline.platform.embedded_postgres import EmbeddedPostgres
from heaters_pipeline.platform.postgres import ensure_database
from heaters_pipeline.settings import Settings, get_settings
from heaters_pipeline.storage import Storage, open_storage
from heaters_pipeline.work.pipeline import Pipeline


class Database(dg.ConfigurableResource["Database"]):
    """Heaters' own database: DATABASE_URL, or the embedded Postgres."""

    _engine: Engine | None = PrivateAttr(default=None)

    @contextmanager
    def yield_for_execution(self, _context: dg.InitResourceContext) -> Iterator["Database"]:
        self._engine = open_engine(_database_url(get_settings()))
        try:
            yield self
        finally:
            self._engine.dispose()

    @property
    def engine(self) -> Engine:
        if self._engine is None:
            raise RuntimeError("The database is there only while a step or a sensor runs.")
        return self._engine

    def transaction(self) -> AbstractContextManager[Session]:
        return transaction(self.engine)


class ObjectStore(dg.ConfigurableResource["ObjectStore"]):
    """The storage that STORAGE_URL names; S3 through Dagster's own S3 resource."""

    s3: dg.ResourceDependency[S3Resource]

    def open(self) -> Storage:
        settings = get_settings()
        return open_storage(
            settings.storage_url,
            settings.home,
            client=self.s3.get_client,
            class_by_kind=settings.storage_classes,
            cache=settings.cache,
        )


def _database_url(settings: Settings) -> str:
    """Raises InputError where nobody has named a database and none was ever made here: a run that
    made one would work on an empty library."""
    if settings.database_url is not None:
        return with_driver(settings.database_url, APP_DRIVER)
    if not EmbeddedPostgres(settings.home).data.exists():
        raise InputError(
            f"DATABASE_URL is not set on {socket.gethostname()}, and {settings.home} has no "
            "database: set it to the one that the other machines use."
        )
    return ensure_database(settings).heaters


def open_pipeline(
    context: dg.AssetExecutionContext | dg.AssetCheckExecutionContext | dg.OpExecutionContext,
    database: Database,
    store: ObjectStore,
) -> Pipeline:
    """What the work of a step needs; its log lines go to the run's log."""
    spans.begin("heaters-runs", get_settings().traces_endpoint)
    spans.remember(run=context.run.run_id)
    return Pipeline(database.engine, store.open(), get_settings(), context.log)
