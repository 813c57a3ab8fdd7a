"""Tags that runs get by their job, as HEATERS_RUN_TAGS says: launchers choose machines by them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from heaters_pipeline.domain.errors import InputError


def read_run_tags(file: Path | None) -> Mapping[str, Mapping[str, Any]]:
    """By the name of a job. Raises InputError for a file that can't be read, or says no such
    thing."""
    if file is None:
        return {}
    try:
        found = yaml.safe_load(file.read_text())
    except (OSError, yaml.YAMLError) as error:
        raise InputError(f"HEATERS_RUN_TAGS: {file} can't be read: {error}") from None
    if not isinstance(found, dict) or not all(isinstance(tags, dict) for tags in found.values()):
        raise InputError(f"HEATERS_RUN_TAGS: {file} must have tags by job: `job: {{tag: value}}`.")
    return found
