"""Commands that work on a Heaters elsewhere as well."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import click


def remote(command: Callable[..., Any]) -> Callable[..., Any]:
    """Gives the command a `client`: that of another Heaters where somebody names one, else None."""

    @click.option(
        "--server",
        envvar="HEATERS_SERVER",
        metavar="URL",
        help="A Heaters elsewhere, instead of the one of this machine.",
    )
    @click.option(
        "--token",
        envvar="HEATERS_TOKEN",
        metavar="TOKEN",
        help="Made by `heaters tokens add` there.",
    )
    @wraps(command)
    def with_client(*args: Any, server: str | None, token: str | None, **kwargs: Any) -> Any:
        from heaters_pipeline.client import Client

        client = Client(server, token) if server else None
        return command(*args, client=client, **kwargs)

    return with_client
