"""Addresses that are told what happens, and the deliveries to them.

The transaction in which something happens enters its event for each address: no event is lost, and
none tells of what was rolled back.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Session, col, select

from heaters_pipeline.db.models import Clip, DeliveryState, SourceVideo, Webhook, WebhookDelivery
from heaters_pipeline.domain.errors import Conflict, NotFound
from heaters_pipeline.domain.webhooks import MOST_TRIES, EventKind, checked_url, pause


def listed(session: Session) -> Sequence[Webhook]:
    return session.exec(select(Webhook).order_by(col(Webhook.id))).all()


def add(session: Session, url: str, secret: str) -> Webhook:
    """Raises InputError for what is no address, Conflict for one that is there already."""
    url = checked_url(url)
    if session.exec(select(Webhook.id).where(Webhook.url == url)).first() is not None:
        raise Conflict(f"{url} is told of what happens already.")
    made = Webhook(url=url, secret=secret)
    session.add(made)
    session.flush()
    return made


def get(session: Session, url: str) -> Webhook:
    found = session.exec(select(Webhook).where(Webhook.url == url)).first()
    if found is None:
        raise NotFound(f"There is no webhook {url}.")
    return found


def remove(session: Session, url: str) -> None:
    """With all its deliveries, those that wait, too. Raises NotFound."""
    session.delete(get(session, url))


def counts(session: Session) -> dict[tuple[int, DeliveryState], int]:
    """Deliveries by webhook and state."""
    rows = session.execute(
        sa.select(
            col(WebhookDelivery.webhook_id), col(WebhookDelivery.state), sa.func.count()
        ).group_by(col(WebhookDelivery.webhook_id), col(WebhookDelivery.state))
    )
    return {(webhook_id, DeliveryState(state)): number for webhook_id, state, number in rows}


def tell_of_clip(session: Session, kind: EventKind, clip: Clip) -> None:
    video = sa.select(col(SourceVideo.key), col(SourceVideo.title)).where(
        col(SourceVideo.id) == clip.source_video_id
    )
    key, title = session.execute(video).one()
    told = {
        "clip": {
            "id": clip.id,
            "state": str(clip.state),
            "start_frame": clip.start_frame,
            "end_frame": clip.end_frame,
            "labels": list(clip.labels),
            "file": clip.clip_filepath,
            "error": clip.error,
        },
        "source": {"key": key, "title": title},
    }
    _enter(session, kind, told)


def tell_of_video(session: Session, kind: EventKind, video: SourceVideo) -> None:
    told = {
        "source": {
            "key": video.key,
            "title": video.title,
            "state": str(video.state),
            "error": video.error,
        }
    }
    _enter(session, kind, told)


def content(
    kind: EventKind, event_id: str, at: datetime, told: Mapping[str, Any]
) -> dict[str, Any]:
    """What an event's body says; docs/export.md lists it."""
    return {"id": event_id, "type": str(kind), "at": at.isoformat(), **told}


def claim(session: Session, but: Iterable[int]) -> tuple[WebhookDelivery, Webhook] | None:
    """A delivery that is due, the one that has waited longest, until the transaction ends, to any
    webhook `but` these; None where there is none."""
    row = session.exec(
        select(WebhookDelivery, Webhook)
        .join(Webhook)
        .where(
            WebhookDelivery.state == DeliveryState.WAITING,
            col(WebhookDelivery.next_try_at) <= sa.func.now(),
            col(WebhookDelivery.webhook_id).not_in(but),
        )
        .order_by(col(WebhookDelivery.next_try_at), col(WebhookDelivery.id))
        .limit(1)
        .with_for_update(of=WebhookDelivery, skip_locked=True)
    ).first()
    return None if row is None else (row[0], row[1])


def settle(session: Session, delivery: WebhookDelivery, error: str | None) -> None:
    """Ends a try: what has been delivered is never sent again; what has not is tried again later,
    until it is given up."""
    now: datetime = session.scalars(sa.select(sa.func.clock_timestamp())).one()
    delivery.tries += 1
    delivery.error = error
    if error is None:
        delivery.state, delivery.ended_at = DeliveryState.DELIVERED, now
    elif delivery.tries >= MOST_TRIES:
        delivery.state, delivery.ended_at = DeliveryState.GIVEN_UP, now
    else:
        delivery.next_try_at = now + pause(delivery.tries)


def forget_ended(session: Session, days: float, limit: int) -> int:
    """Forgets deliveries that ended more than `days` ago, `limit` at most; returns their number."""
    ended = (
        sa.select(col(WebhookDelivery.id))
        .where(col(WebhookDelivery.ended_at) < sa.func.now() - timedelta(days=days))
        .limit(limit)
    )
    gone = sa.delete(WebhookDelivery).where(col(WebhookDelivery.id).in_(ended))
    return len(session.scalars(gone.returning(col(WebhookDelivery.id))).all())


def _enter(session: Session, kind: EventKind, told: Mapping[str, Any]) -> None:
    """Enters an event for each address; does nothing where there is none."""
    event_id = str(uuid.uuid4())
    at = session.scalars(sa.select(sa.func.now())).one()
    body = sa.literal(content(kind, event_id, at, told), JSONB)
    session.execute(
        sa.insert(WebhookDelivery).from_select(
            ["webhook_id", "event_id", "body"],
            sa.select(col(Webhook.id), sa.literal(event_id), body),
        )
    )
