"""Handing a selection over: the page that says what there is, the ZIP, and other formats."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import urlencode

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from heaters_pipeline.db import collections, handed, handovers
from heaters_pipeline.domain.errors import InputError, NotFound
from heaters_pipeline.domain.file_names import safe
from heaters_pipeline.domain.handover import Handover
from heaters_pipeline.domain.profiles import MAIN
from heaters_pipeline.domain.selection import Order, Selection
from heaters_pipeline.domain.wording import number_of
from heaters_pipeline.storage.zips import zip_of_handover
from review_app import copying
from review_app.fields import arguments
from review_app.handover_formats import FORMATS, Given
from review_app.reviewer import reviewer_name
from review_app.services import services, transaction
from review_app.streams import set_name, stream

blueprint = Blueprint("handover", __name__)

UNTITLED = "Clips"
MOST_LISTED = 5000
"""Clips of a selection whose files the page looks up, to tell their number and their size."""
LONGEST_DESTINATION = 200


class _Asked(NamedTuple):
    title: str
    selection: Selection
    profile: str

    @property
    def arguments(self) -> dict[str, str]:
        """Of an address that asks for the same."""
        other = {"profile": self.profile} if self.profile != MAIN else {}
        return {**self.selection.arguments(), **other}

    @property
    def address(self) -> str:
        """Of the page."""
        return f"{url_for('handover.index')}?{urlencode(self.arguments)}"

    def handover(self, ids: Sequence[int] | None = None) -> Handover:
        """Of these clips of the selection alone, where `ids` are given."""
        likeness = services().likeness()
        with transaction() as session:
            return handed.handover(session, self.selection, likeness, self.profile, ids)

    def files(self) -> Handover:
        """Raises InputError where there is none."""
        found = self.handover()
        if not found.clips:
            raise InputError(found.sentence or "The selection has no clips.")
        return found


@blueprint.get("/handover")
def index() -> ResponseReturnValue:
    asked = _asked()
    likeness = services().likeness()
    with transaction() as session:
        ids = handed.clip_ids(session, asked.selection, likeness, MOST_LISTED + 1)
    handover = asked.handover(ids) if len(ids) <= MOST_LISTED else None
    with transaction() as session:
        profiles = handed.profiles(session)
        taken = handovers.number_taken(session, handover.digests) if handover else 0
    return render_template(
        "handover.html",
        title=asked.title,
        handover=handover,
        most_listed=MOST_LISTED,
        profile=asked.profile,
        profiles=profiles,
        arguments=asked.arguments,
        selection=asked.selection,
        formats=FORMATS,
        taken=taken,
        copies=copying.latest(),
        spelled=_spelled(asked),
        options=f" --profile {asked.profile}" if asked.profile != MAIN else "",
    )


@blueprint.get("/handover.zip")
def zipped() -> Response:
    """All files and the manifest, made while they are sent. A ZIP that breaks off has fewer bytes
    than were announced, and no list of its files."""
    asked = _asked()
    made = zip_of_handover(services().storage, asked.files())
    response = stream(made.body, made.length, "application/zip", "no-store")
    set_name(response, f"{safe(asked.title)}.zip")
    return response


@blueprint.get("/handover/<file>")
def written(file: str) -> Response:
    """The selection as one of `handover_formats`."""
    if file not in FORMATS:
        raise NotFound(f"There is no {file}: there is {', '.join(FORMATS)}.")
    asked, wanted = _asked(), FORMATS[file]
    found = asked.files() if wanted.needs_files else asked.handover()
    body = wanted.write(Given(asked.title, asked.selection, found))
    response = Response(body, mimetype=wanted.mimetype)
    response.headers["Cache-Control"] = "no-store"
    set_name(response, f"{safe(asked.title)}-{file}")
    return response


@blueprint.post("/handover/taken")
def taken() -> ResponseReturnValue:
    """Notes that somebody took the files, wherever to."""
    asked = _asked()
    files = asked.files().digests
    place = " ".join(request.form.get("destination", "").split()) or "a download"
    if len(place) > LONGEST_DESTINATION or not place.isprintable():
        raise InputError(f"Where the files went has 1 to {LONGEST_DESTINATION} characters.")
    with transaction() as session:
        count = handovers.note(
            session,
            actor=reviewer_name(),
            profile=asked.profile,
            selection=asked.selection.arguments(),
            destination=place,
            files=files,
        )
    clips = number_of(count, "clip")
    flash(f"Noted: {clips} taken to {place}." if count else f"All were taken to {place} before.")
    return redirect(asked.address, 303)


@blueprint.get("/handover/copies")
def copies() -> ResponseReturnValue:
    """The list of copies alone, with which the page keeps itself up to date."""
    return render_template("_copies.html", copies=copying.latest())


@blueprint.post("/handover/copies")
def copy() -> ResponseReturnValue:
    """Has the files copied to a folder of the server, or to a bucket."""
    asked = _asked()
    place = request.form.get("destination", "").strip()
    copy = copying.ask(asked.selection, asked.profile, asked.title, place)
    flash(f"The files are being copied to {copy.destination}.")
    return redirect(f"{asked.address}#copies", 303)


@blueprint.post("/handover/copies/<int:copy_id>/again")
def copy_again(copy_id: int) -> ResponseReturnValue:
    """Adds what is new to what a copy left, and replaces what has changed."""
    copy = copying.again(copy_id)
    flash(f"What is new or has changed is being copied to {copy.destination}.")
    return redirect(f"{copy.address}#copies", 303)


@blueprint.post("/handover/copies/<int:copy_id>/stop")
def stop(copy_id: int) -> ResponseReturnValue:
    copy = copying.stop(copy_id)
    flash(f"The copy to {copy.destination} is stopped; what is there stays.")
    return redirect(f"{copy.address}#copies", 303)


def _asked() -> _Asked:
    given = arguments()
    profile = given.get("profile", "").strip() or MAIN
    with transaction() as session:
        selection = handed.selection(session, given)
        title = UNTITLED
        if selection.collection is not None:
            title = collections.get(session, selection.collection).name
    return _Asked(title, selection, profile)


def _spelled(asked: _Asked) -> str:
    """The selection as an argument on the command line (`domain.handover.arguments_of`)."""
    named = asked.selection.arguments()
    if named.keys() == {"collection", "order"} and asked.selection.order is Order.GIVEN:
        is_plain = "=" not in asked.title and not asked.title.startswith("-")
        text = asked.title if is_plain else f"collection={asked.selection.collection}"
    elif named.keys() == {"ids", "order"} and asked.selection.order is Order.GIVEN:
        text = named["ids"]
    else:
        text = urlencode(named, safe=",")
    return shlex.quote(text)
