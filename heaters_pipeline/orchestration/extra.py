"""Assets of others, loaded beside ours (docs/own-assets.md)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib import import_module

import dagster as dg

from heaters_pipeline.domain.errors import InputError


def extra_definitions(modules: Sequence[str]) -> Iterator[dg.Definitions]:
    """`defs` of each module. Their assets may use our resources, `database` and `store`, by name.
    Raises InputError for a module that is not there, or has none."""
    for name in modules:
        try:
            found = getattr(import_module(name), "defs", None)
        except ModuleNotFoundError as error:
            raise InputError(
                f"HEATERS_EXTRA_DEFINITIONS names {name}, and there is no module {error.name}: "
                "check the name, or PYTHONPATH."
            ) from error
        if not isinstance(found, dg.Definitions):
            raise InputError(
                f"HEATERS_EXTRA_DEFINITIONS names {name}, which has no `defs`: name what it makes "
                "dagster.Definitions."
            )
        yield found
