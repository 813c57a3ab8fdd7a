"""Long lists in parts, each from where the last one ended, and not from a number of rows on: rows
that come and go meanwhile shift nothing, and a late part costs no more than the first."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql import operators
from sqlalchemy.sql.elements import UnaryExpression

from heaters_pipeline.domain.errors import InputError


def cursor(order: Sequence[Any]) -> Any:
    """SQL for the values that a row is ordered by, as texts; `encoded`, they are a place in the
    list."""
    return sa.func.jsonb_build_array(*(sa.cast(_bare(each), sa.Text) for each in order))


def encoded(values: Sequence[str | None]) -> str:
    return urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


def after(order: Sequence[Any], place: str) -> Any:
    """SQL that is true of what comes after `place` in this order. Raises InputError for a text that
    is no place in it."""
    values = _decoded(place, len(order))
    behind: Any = sa.false()
    for each, value in reversed(list(zip(order, values, strict=True))):
        bare = _bare(each)
        at = sa.cast(sa.literal(value, sa.Text), bare.type)
        behind = sa.or_(
            _comes_after(each, bare, at, value is None),
            sa.and_(bare.is_not_distinct_from(at), behind),
        )
    return behind


def _comes_after(each: Any, bare: Any, at: Any, is_null: bool) -> Any:
    modifiers = _modifiers(each)
    descends = operators.desc_op in modifiers
    nulls_first = operators.nulls_first_op in modifiers or (
        descends and operators.nulls_last_op not in modifiers
    )
    if is_null:
        return bare.is_not(None) if nulls_first else sa.false()
    later = bare < at if descends else bare > at
    return later if nulls_first else sa.or_(later, bare.is_(None))


def _modifiers(each: Any) -> set[Any]:
    found = set()
    while isinstance(each, UnaryExpression) and each.modifier is not None:
        found.add(each.modifier)
        each = each.element
    return found


def _bare(each: Any) -> Any:
    """Without the words that say how it orders."""
    while isinstance(each, UnaryExpression) and each.modifier is not None:
        each = each.element
    return each


def _decoded(place: str, length: int) -> list[str | None]:
    try:
        values = json.loads(urlsafe_b64decode(place + "=" * (-len(place) % 4)))
    except (ValueError, RecursionError):
        values = None
    if (
        not isinstance(values, list)
        or len(values) != length
        or not all(each is None or (isinstance(each, str) and "\0" not in each) for each in values)
    ):
        raise InputError("The place in the list is none of this list: begin again without it.")
    return values
