"""Processes of tests that may be killed or stopped: forked from a server that has imported all they
need. It starts with the first of them, and is the only one of the tests' own process."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Mapping
from multiprocessing.process import BaseProcess

from heaters_pipeline.settings import get_settings

CHILDREN = multiprocessing.get_context("forkserver")
CHILDREN.set_forkserver_preload(
    [
        *(
            f"tests.integration.test_{name}"
            for name in ("chaos", "kills", "site_outages", "splice_killed", "stuck")
        ),
        *("tests.site", "yt_dlp", "yt_dlp.extractor"),
    ]
)


def begin(body: Callable[..., object], *arguments: object) -> BaseProcess:
    """A process in the environment that its test has now: the server has that of an earlier one."""
    process = CHILDREN.Process(target=_run, args=(dict(os.environ), body, arguments))
    process.start()
    return process


def _run(
    environment: Mapping[str, str], body: Callable[..., object], arguments: tuple[object, ...]
) -> None:
    os.environ.clear()
    os.environ.update(environment)
    get_settings.cache_clear()
    body(*arguments)
