"""Telling addresses what happened."""

from __future__ import annotations

import secrets
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import urllib3
from sqlalchemy import Engine
from urllib3.exceptions import HTTPError

from heaters_pipeline.db import webhooks
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.domain.errors import HeatersError
from heaters_pipeline.domain.redaction import without_login
from heaters_pipeline.domain.webhooks import (
    EVENT_HEADER,
    SIGNATURE_HEADER,
    EventKind,
    body,
    signature,
)

ANSWER_SECONDS = 10.0
"""An address that has not answered by then has failed."""

AT_WORK_SECONDS = 30.0
"""No delivery is begun later than this after the first: a sensor that takes a minute is stopped."""


@dataclass
class Delivered:
    delivered: int = 0
    failures: list[str] = field(default_factory=list)


def new_secret() -> str:
    return f"whsec_{secrets.token_urlsafe(32)}"


def deliver_due(engine: Engine, answer_seconds: float = ANSWER_SECONDS) -> Delivered:
    """Sends what is due, one delivery after the other. Each is locked while it is sent, so that no
    two processes send the same one; a process that is killed leaves it as it was. An address that
    fails gets no other delivery this time: each might take as long, and others wait."""
    done = Delivered()
    failed: set[int] = set()
    begun = time.monotonic()
    while time.monotonic() - begun < AT_WORK_SECONDS:
        with transaction(engine) as session:
            claimed = webhooks.claim(session, failed)
            if claimed is None:
                break
            delivery, webhook = claimed
            sent = body(delivery.body)
            error = _send(webhook.url, webhook.secret, delivery.event_id, sent, answer_seconds)
            webhooks.settle(session, delivery, error)
        if error is None:
            done.delivered += 1
        else:
            failed.add(webhook.id)
            done.failures.append(without_login(f"{webhook.url}: {error}"))
    return done


def send_test(url: str, secret: str) -> None:
    """Sends an event of the kind `test` here and now. Raises HeatersError where it is not taken."""
    event_id = str(uuid.uuid4())
    told = webhooks.content(EventKind.TEST, event_id, datetime.now(UTC), {})
    error = _send(url, secret, event_id, body(told), ANSWER_SECONDS)
    if error is not None:
        raise HeatersError(f"{url} did not take the test: {error}")


def _send(url: str, secret: str, event_id: str, sent: bytes, answer_seconds: float) -> str | None:
    """Why the address did not take it; None if it did."""
    signed = {EVENT_HEADER: event_id, SIGNATURE_HEADER: signature(secret, int(time.time()), sent)}
    return post(url, sent, signed, answer_seconds)


def post(url: str, sent: bytes, headers: Mapping[str, str], answer_seconds: float) -> str | None:
    """Sends JSON. Why the address did not take it; None if it did."""
    all_headers = {"Content-Type": "application/json", "User-Agent": "Heaters", **headers}
    try:
        with urllib3.PoolManager() as pool:
            answer = pool.request(
                "POST",
                url,
                body=sent,
                headers=all_headers,
                timeout=urllib3.Timeout(total=answer_seconds),
                retries=False,
                redirect=False,
                preload_content=False,
            )
            answer.release_conn()
    except HTTPError as error:
        return f"{type(error).__name__}: {error}"
    if not 200 <= answer.status < 300:
        return f"it answered {answer.status} {answer.reason or ''}".strip()
    return None
