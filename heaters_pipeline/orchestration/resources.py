"""What assets and sensors get from outside: the database and the object store."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

import dagster as dg
from dagster_aws.s3 import S3Resource
from pydantic import PrivateAttr
from sqlalchemy import Engine
from sqlmodel import Session

from heaters_pipeline.db.engine import open_engine, transaction
from heaters_pipeline.db.urls import APP_DRIVER, with_driver
from heaters_pipeline.platform.postgres import ensure_database
from heaters_pipeline.settings import get_settings
from heaters_pipeline.storage import Storage, open_storage
from heaters_pipeline.work.pipeline import Pipeline


class Database(dg.ConfigurableResource["Database"]):
    """Heaters' own database: DATABASE_URL, or the embedded Postgres."""

    _engine: Engine | None = PrivateAttr(default=None)

    @contextmanager
    def yield_for_execution(self, _context: dg.InitResourceContext) -> Iterator["Database"]:
        settings = get_settings()
        if settings.database_url is not None:
            url = with_driver(settings.database_url, APP_DRIVER)
        else:
            url = ensure_database(settings).heaters
        self._engine = open_engine(url)
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


def open_pipeline(
    context: dg.AssetExecutionContext | dg.AssetCheckExecutionContext,
    database: Database,
    store: ObjectStore,
) -> Pipeline:
    """What the work of a step needs; its log lines go to the run's log."""
    return Pipeline(database.engine, store.open(), get_settings(), context.log)
