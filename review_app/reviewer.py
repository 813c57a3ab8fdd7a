"""The reviewer's name, and the page they use. Whoever has signed in has the name of their person;
the local user has one in their session, readable, changed at will."""

from __future__ import annotations

import re
import secrets

from flask import request, session
from sqlalchemy.exc import OperationalError

from heaters_pipeline.db import comments
from heaters_pipeline.domain.errors import Forbidden, InputError
from heaters_pipeline.domain.people import person_name
from review_app.access import visitor
from review_app.services import reading

PAGE_HEADER = "X-Heaters-Page"
PAGE_PATTERN = "[0-9A-Za-z_-]{1,64}"
_MANNERS = ("brisk", "calm", "clear", "deft", "fair", "keen", "kind", "lucid", "quiet", "steady")
_BIRDS = ("avocet", "crane", "finch", "heron", "ibis", "lark", "osprey", "plover", "robin", "swift")


def reviewer_name() -> str:
    """The name of the person who sent this request; a new one where the session has none."""
    name = visitor().name or session.get("reviewer")
    if not isinstance(name, str):
        parts = secrets.choice(_MANNERS), secrets.choice(_BIRDS), str(secrets.randbelow(90) + 10)
        name = rename("-".join(parts))
    return name


def reviewer_page() -> str | None:
    """The token of the page that sent this request, which its leases belong to; None where a
    program names none. Raises InputError for one that is malformed."""
    token = request.headers.get(PAGE_HEADER)
    if token is not None and not re.fullmatch(PAGE_PATTERN, token):
        raise InputError(f"{PAGE_HEADER} has 1 to 64 letters, digits, hyphens and underscores.")
    return token


def unread_comments() -> int:
    """How many comments mention the person who sent this request, and are not read; 0 where the
    database does not answer, as the page that says so asks, too."""
    name = visitor().name
    if name is None:
        return 0
    try:
        with reading() as found_in:
            return comments.unread(found_in, name)
    except OperationalError:
        return 0


def rename(name: str) -> str:
    """Puts the name into the session. Raises InputError for one that can't be shown."""
    if visitor().name is not None:
        raise Forbidden("Your name is the one that you signed in with.")
    name = person_name(name)
    session.permanent = True
    session["reviewer"] = name
    return name
