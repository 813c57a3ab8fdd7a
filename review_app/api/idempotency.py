"""Requests that may be sent twice and count once: those with the header Idempotency-Key.

The first transaction of the view writes the key (`services.transaction`). Whatever decides does so
in its first one: the key is there exactly if the decision is, and a request that comes again gets
the answer of the first.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable
from datetime import datetime
from hashlib import sha256

from flask import Response, current_app, g, request
from sqlmodel import Session
from werkzeug.exceptions import ServiceUnavailable

from heaters_pipeline.db import idempotency
from heaters_pipeline.domain.errors import Conflict, InputError
from review_app.access import visitor
from review_app.services import transaction

HEADER = "Idempotency-Key"
PATTERN = "[!-~]{1,128}"
REPEATED = "Idempotent-Replayed"
RETRY_AFTER = 1
"""Seconds."""


class AnsweredBefore(Exception):
    """The request was done: ends the transaction that would do it again."""

    def __init__(self, answer: bytes) -> None:
        super().__init__()
        self.answer = answer


class Claim:
    """That a request with a key is being done."""

    def __init__(self, key: str, digest: str, *, knows_repeats: bool) -> None:
        self._named = (visitor().name or "", key)
        self._digest = digest
        self._knows_repeats = knows_repeats
        self._at: datetime | None = None

    def write(self, session: Session) -> None:
        """Raises AnsweredBefore; ServiceUnavailable while that answer is on its way; and Conflict
        where it is lost, or the key is that of another request."""
        self._at = idempotency.claim(session, *self._named, self._digest)
        if self._at is not None:
            return
        earlier = idempotency.get(session, *self._named)
        if earlier is None:
            raise Conflict("The same request was refused just now: send it again.")
        if earlier.digest != self._digest:
            raise Conflict(f"Another request came with this {HEADER}: give each its own.")
        if earlier.answer is None and self._knows_repeats:
            self._at = earlier.at
            return
        if idempotency.is_at_work(session, earlier):
            raise ServiceUnavailable(
                "The request is being answered: send it again.", retry_after=RETRY_AFTER
            )
        if not earlier.answer:
            raise Conflict("The request was done and its answer is not known: read what it did.")
        raise AnsweredBefore(earlier.answer)

    def end(self, answer: bytes | None) -> None:
        """`answer`: None where the request was refused, empty where it is not to be kept."""
        if self._at is None:
            return
        with transaction() as session:
            if answer is None:
                idempotency.give_up(session, *self._named, self._at)
            else:
                idempotency.answered(session, *self._named, answer)


def once(answer: Callable[[], Response], *, is_secret: bool, knows_repeats: bool) -> Response:
    """The answer, or that of the same request when it came first. One that is secret is not kept:
    whoever asks again is told that the request was done. Where the first answer was lost with its
    process, an operation that `knows_repeats` is asked again."""
    key = request.headers.get(HEADER)
    if key is None:
        return answer()
    if not re.fullmatch(PATTERN, key):
        raise InputError(f"{HEADER} has 1 to 128 letters, digits and signs of ASCII.")
    claim = g.claim = Claim(key, _digest(), knows_repeats=knows_repeats)
    told = None
    try:
        response = answer()
        if response.status_code < 400:
            told = b"" if is_secret else response.get_data()
    except AnsweredBefore as before:
        return Response(before.answer, headers={REPEATED: "true"}, mimetype="application/json")
    finally:
        g.pop("claim", None)
        claim.end(told)
    return response


def _digest() -> str:
    """By the app's key: a body may hold a password, which nobody shall guess from what is kept."""
    asked = (request.method.encode(), request.full_path.encode(), request.get_data())
    return hmac.new(current_app.config["SECRET_KEY"], b"\0".join(asked), sha256).hexdigest()
