"""Conditions on many ids."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa


def among(column: Any, ids: Iterable[int]) -> Any:
    """SQL that is true where the column is one of the ids, however many: the list is one parameter,
    of which a statement can have 65,535."""
    return column == sa.any_(sa.cast(list(ids), sa.ARRAY(sa.BigInteger)))
