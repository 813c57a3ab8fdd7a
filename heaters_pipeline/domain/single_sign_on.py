"""People whom somebody else knows: what the claims of an OpenID Connect provider make of them.
Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from heaters_pipeline.domain.errors import Forbidden
from heaters_pipeline.domain.people import person_name
from heaters_pipeline.domain.roles import Role

RoleByValue = Mapping[str, Role]
Claims = Mapping[str, Any]


class Arrival(NamedTuple):
    """Somebody whom a provider knows."""

    subject: str
    """Who they are there, for ever: names and addresses change hands."""
    name: str
    role: Role | None
    """None: what the claims say nothing of."""


def arrival(
    claims: Claims, *, domains: Sequence[str], claim: str, role_by_value: RoleByValue
) -> Arrival:
    """Raises Forbidden for somebody of another domain, and InputError for a name that can't be
    one."""
    if domains:
        _refuse_other_domains(claims, domains)
    given = (claims.get(each) for each in ("preferred_username", "name", "email", "sub"))
    name = next(str(each) for each in given if each)
    return Arrival(
        subject=f"{claims['iss']} {claims['sub']}",
        name=person_name(name),
        role=_highest_role(claims.get(claim), role_by_value),
    )


def _refuse_other_domains(claims: Claims, domains: Sequence[str]) -> None:
    domain = str(claims.get("email", "")).rpartition("@")[2].casefold()
    is_confirmed = claims.get("email_verified") is True
    if not is_confirmed or domain not in {each.casefold() for each in domains}:
        raise Forbidden(f"Only people with a confirmed address of {' or '.join(domains)} come in.")


def _highest_role(value: object, role_by_value: RoleByValue) -> Role | None:
    """`value`: of the claim, one or a list of several."""
    values = value if isinstance(value, list) else [value]
    roles = {
        role_by_value[each] for each in values if isinstance(each, str) and each in role_by_value
    }
    return next((role for role in reversed(Role) if role in roles), None)
