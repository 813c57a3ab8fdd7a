"""Which role each route of the review app asks for at least: one table, for all of them. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum


class Role(StrEnum):
    """From the least to the most: each may do what those before it may."""

    REVIEWER = "reviewer"
    OPERATOR = "operator"
    ADMIN = "admin"

    def reaches(self, least: Role) -> bool:
        return _RANK[self] >= _RANK[least]


_RANK = {role: rank for rank, role in enumerate(Role)}


def lesser(one: Role, other: Role) -> Role:
    return min(one, other, key=_RANK.__getitem__)


_ROUTES: Mapping[Role | None, Mapping[str, str]] = {
    None: {
        "health": "healthz",
        "invites": "page accept",
        "login": "page sign_in oidc oidc_return",
    },
    Role.REVIEWER: {
        "api": "document page",
        "api_clips": "listed history files",
        "api_collections": "one removed rename remove restore replace",
        "api_groups": "listed one rename take_apart",
        "api_handover": "index taken reel copies one_copy",
        "api_keyframe_rules": "listed",
        "api_labels": "one",
        "api_me": "index inbox read",
        "api_profiles": "listed one",
        "api_sources": "listed one",
        "api_statistics": "index",
        "api_themes": "listed one rename",
        "clip_files": "mp4 export keyframe sprites",
        "clips": "index similar look_alikes take_apart take_from undo",
        "collections": "index collection create rename remove restore listed make put take_out"
        " put_back order replace",
        "comments": "listed add read_here inbox read",
        "decisions": "decide decide_all undo mine",
        "groups": "index group rename take_apart file",
        "handover": "index zipped written taken copies",
        "keyframe_rules": "index",
        "labels": "index listed",
        "library": "index found listed",
        "login": "password change_password sign_out",
        "media": "frames index audio levels sprites proxy",
        "profiles": "index",
        "progress": "index",
        "queue": "look lease clip lease_clip release",
        "reel": "index",
        "review": "home index",
        "reviewer": "name",
        "saved_views": "listed one save rename delete",
        "search": "found keep picture",
        "sheet": "index",
        "sources": "index table abilities",
        "statistics": "index",
        "api_team": "rules assigned",
        "team": "index",
        "themes": "index theme rename",
    },
    Role.OPERATOR: {
        "api_clips": "retry retry_exports",
        "api_groups": "again",
        "api_handover": "copy copy_again stop",
        "api_keyframe_rules": "put remove",
        "api_labels": "add change move retire",
        "api_profiles": "add change use stop_using retire revive again",
        "api_sources": "add retry retry_failed cancel refetch remove stake archive restore"
        " partition",
        "clips": "retry retry_exports",
        "groups": "again",
        "handover": "copy copy_again stop",
        "keyframe_rules": "put remove",
        "labels": "add change move retire",
        "metrics": "index",
        "profiles": "add change use stop_using retire revive again",
        "sources": "add retry retry_failed cancel refetch remove ask_archive archive restore"
        " partition",
        "api_team": "ask_two ask_one assign take_back",
        "team": "ask_two ask_one assign take_back",
        "uploads": "look send cancel",
    },
    Role.ADMIN: {
        "api_people": "listed add invites invite withdraw set_role remove end_sessions"
        " end_session revoke_token log",
        "people": "index add invite withdraw set_role remove end_sessions end_session"
        " revoke_token log",
    },
}
"""The functions of each view, under the least role that they ask for; None: anybody."""


def _by_route() -> Iterator[tuple[str, Role | None]]:
    for role, views in _ROUTES.items():
        for view, functions in views.items():
            yield from ((f"{view}.{each}", role) for each in functions.split())
    yield "static", None


LEAST: Mapping[str, Role | None] = dict(_by_route())
"""By the name of the route (`view.function`): the least role that it asks for; None: nobody has to
sign in for it."""
