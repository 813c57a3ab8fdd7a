"""Copies to a folder or a bucket, as the page and the API ask for them. A run of Dagster makes
them."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple
from urllib.parse import urlencode

from flask import url_for

from heaters_pipeline.db import handed, handover_copies
from heaters_pipeline.db.models import HandoverCopy
from heaters_pipeline.domain.errors import InputError
from heaters_pipeline.domain.profiles import MAIN
from heaters_pipeline.domain.retries import tries_told
from heaters_pipeline.domain.selection import Selection
from heaters_pipeline.domain.wording import number_of
from review_app.reviewer import reviewer_name
from review_app.services import services, transaction

MOST_LISTED = 6


class Copy(NamedTuple):
    copy_id: int
    title: str
    """Of the selection."""
    address: str
    """Of the selection's page."""
    profile: str
    destination: str
    actor: str
    asked_at: datetime
    ended_at: datetime | None
    done: float
    """Share of the bytes."""
    told: str
    """How it is, in a sentence."""
    is_good: bool


def latest() -> list[Copy]:
    with transaction() as session:
        return [_shown(each) for each in handover_copies.latest(session, MOST_LISTED)]


def one(copy_id: int) -> Copy:
    with transaction() as session:
        return _shown(handover_copies.get(session, copy_id))


def ask(selection: Selection, profile: str, title: str, place: str) -> Copy:
    """Has the files of a selection copied. Raises InputError for a place that is not to have them
    and where there are none, Conflict while something is being copied there."""
    settings, likeness = services().settings, services().likeness()
    # Runs on other machines look at their own disks.
    place = settings.handover_places.accept(place, look=not settings.is_spread)
    with transaction() as session:
        first = handed.clip_ids(session, selection, likeness, 1)
        if not first:
            raise InputError("The selection has no clips.")
        copy_id = handover_copies.ask(
            session,
            actor=reviewer_name(),
            profile=profile,
            selection=selection.arguments(),
            title=title,
            destination=place,
        )
        return _shown(handover_copies.get(session, copy_id))


def again(copy_id: int) -> Copy:
    """Asks for the same once more. Raises as `ask`."""
    with transaction() as session:
        copy = handover_copies.get(session, copy_id)
        selection = handed.selection(session, copy.selection)
    return ask(selection, copy.profile, copy.title, copy.destination)


def stop(copy_id: int) -> Copy:
    """Raises Gone where it has ended."""
    with transaction() as session:
        return _shown(handover_copies.stop(session, copy_id, reviewer_name()))


def _shown(copy: HandoverCopy) -> Copy:
    other = {"profile": copy.profile} if copy.profile != MAIN else {}
    return Copy(
        copy.id,
        copy.title,
        f"{url_for('handover.index')}?{urlencode({**copy.selection, **other})}",
        copy.profile,
        copy.destination,
        copy.actor,
        copy.asked_at,
        copy.ended_at,
        copy.done,
        _told(copy),
        copy.error is None,
    )


def _told(copy: HandoverCopy) -> str:
    if copy.files is not None:
        same = copy.files - (copy.new_files or 0)
        news = f"{number_of(copy.new_files or 0, 'file')} copied, {same} there already."
        return f"{news} {copy.left_out}" if copy.left_out else news
    if copy.error is not None:
        return tries_told(copy.error, copy.tries, copy.next_try_at) or ""
    if copy.tries == 0:
        return "A run is about to begin."
    return f"{copy.done:.0%} copied."
