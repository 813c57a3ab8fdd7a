"""What commands begin with: settings, the database, a progress bar."""

from __future__ import annotations

import getpass
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from heaters_pipeline.domain.errors import InputError
from heaters_pipeline.domain.people import Who
from heaters_pipeline.domain.progress import seconds_left, spoken_duration

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from heaters_pipeline.settings import Settings


def settings() -> Settings:
    """Raises InputError, in one sentence, for one that makes no sense."""
    from pydantic import ValidationError

    from heaters_pipeline.settings import get_settings

    try:
        return get_settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]).upper()
        name = name if name in os.environ else f"HEATERS_{name}"
        raise InputError(f"{name} is {first['input']!r}: {first['msg'].lower()}.") from None


@contextmanager
def database(settings: Settings) -> Iterator[Engine]:
    """An engine on Heaters' database with the newest schema."""
    from heaters_pipeline.db import migrate as schema
    from heaters_pipeline.db.engine import open_engine
    from heaters_pipeline.files import spans
    from heaters_pipeline.files.home import private_home
    from heaters_pipeline.platform.postgres import ensure_database

    spans.begin("heaters", settings.traces_endpoint)
    private_home(settings.home)
    url = ensure_database(settings).heaters
    schema.upgrade(url)
    engine = open_engine(url)
    try:
        yield engine
    finally:
        engine.dispose()


@contextmanager
def dagster_database(settings: Settings) -> Iterator[Engine]:
    """An engine on Dagster's database, which may have no tables yet."""
    from heaters_pipeline.db.engine import open_engine
    from heaters_pipeline.db.urls import APP_DRIVER, with_driver
    from heaters_pipeline.platform.postgres import ensure_database

    engine = open_engine(with_driver(ensure_database(settings).dagster, APP_DRIVER))
    try:
        yield engine
    finally:
        engine.dispose()


def whoever_types() -> Who:
    """The user of this machine, as the audit log names them."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # in containers users may have a number alone
        name = f"user {os.getuid()}"
    return Who(name, "command line")


class Bar:
    """A progress bar that begins again with each step; nothing where there is no terminal."""

    def __init__(self) -> None:
        from tqdm import tqdm

        self._bar = tqdm(
            total=100, disable=None, bar_format="{desc:<18} {bar} {percentage:3.0f} %{postfix}"
        )
        self._step = ""
        self._began_at = 0.0

    def __call__(self, step: str, fraction: float) -> None:
        if step != self._step:
            self._step, self._began_at = step, time.monotonic()
        left = seconds_left(fraction, time.monotonic() - self._began_at)
        self._bar.set_description_str(step.replace("_", " "), refresh=False)
        self._bar.set_postfix_str(f"{spoken_duration(left)} left" if left else "", refresh=False)
        self._bar.n = min(100, round(100 * fraction))
        self._bar.refresh()

    def close(self) -> None:
        self._bar.close()


@contextmanager
def progress_bar() -> Iterator[Bar]:
    bar = Bar()
    try:
        yield bar
    finally:
        bar.close()
