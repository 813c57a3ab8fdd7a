"""What every view needs: settings, database, storage, uploads and downloads in progress, what was
learnt."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import cast

from flask import current_app, g
from sqlalchemy import Engine
from sqlmodel import Session

from heaters_pipeline.db import engine
from heaters_pipeline.settings import Settings
from heaters_pipeline.storage import Storage
from heaters_pipeline.work.search import Searcher
from review_app.downloads import Downloads
from review_app.learnt import Learnt
from review_app.senders import Senders
from review_app.unguarded import Unguarded
from review_app.uploads.upload import Uploads


@dataclass(frozen=True)
class Services:
    settings: Settings
    engine: Engine
    dagster_engine: Engine
    """On Dagster's database, of which the app reads what the pipeline can't tell it."""
    storage: Storage
    uploads: Uploads
    likeness: Learnt
    searcher: Searcher
    downloads: Downloads
    senders: Senders
    unguarded: Unguarded


def services() -> Services:
    return cast(Services, current_app.extensions["heaters"])


@contextmanager
def transaction() -> Iterator[Session]:
    """A transaction on the database. The first one of a request with an idempotency key writes that
    key (`api.idempotency`)."""
    with engine.transaction(services().engine) as session:
        if claim := g.pop("claim", None):
            claim.write(session)
        yield session


def reading() -> AbstractContextManager[Session]:
    return engine.reading(services().engine)
