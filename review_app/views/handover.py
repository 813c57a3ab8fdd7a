"""Handing a selection over: the page that says what there is, the ZIP, and other formats."""

from __future__ import annotations

import shlex
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
from review_app.fields import arguments
from review_app.handover_formats import FORMATS, Given
from review_app.reviewer import reviewer_name
from review_app.services import services, transaction
from review_app.streams import set_name, stream

blueprint = Blueprint("handover", __name__)

UNTITLED = "Clips"
LONGEST_DESTINATION = 200


class _Asked(NamedTuple):
    title: str
    selection: Selection
    profile: str
    handover: Handover

    @property
    def arguments(self) -> dict[str, str]:
        """Of an address that asks for the same."""
        other = {"profile": self.profile} if self.profile != MAIN else {}
        return {**self.selection.arguments(), **other}


@blueprint.get("/handover")
def index() -> ResponseReturnValue:
    asked = _asked()
    with transaction() as session:
        profiles = handed.profiles(session)
        taken = handovers.of_clips(session, asked.handover.digests)
    return render_template(
        "handover.html",
        title=asked.title,
        handover=asked.handover,
        profile=asked.profile,
        profiles=profiles,
        arguments=asked.arguments,
        selection=asked.selection,
        formats=FORMATS,
        taken=sum(each.clip_id in taken for each in asked.handover.clips),
        spelled=_spelled(asked),
        options=f" --profile {asked.profile}" if asked.profile != MAIN else "",
    )


@blueprint.get("/handover.zip")
def zipped() -> Response:
    """All files and the manifest, made while they are sent. A ZIP that breaks off has fewer bytes
    than were announced, and no list of its files."""
    asked = _asked()
    _need_files(asked.handover)
    made = zip_of_handover(services().storage, asked.handover)
    response = stream(made.body, made.length, "application/zip", "no-store")
    set_name(response, f"{safe(asked.title)}.zip")
    return response


@blueprint.get("/handover/<file>")
def written(file: str) -> Response:
    """The selection as one of `handover_formats`."""
    if file not in FORMATS:
        raise NotFound(f"There is no {file}: there is {', '.join(FORMATS)}.")
    asked = _asked()
    _need_files(asked.handover)
    wanted = FORMATS[file]
    response = Response(wanted.write(Given(asked.title, asked.handover)), mimetype=wanted.mimetype)
    response.headers["Cache-Control"] = "no-store"
    set_name(response, f"{safe(asked.title)}-{file}")
    return response


@blueprint.post("/handover/taken")
def taken() -> ResponseReturnValue:
    """Notes that somebody took the files, wherever to."""
    asked = _asked()
    _need_files(asked.handover)
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
            files=asked.handover.digests,
        )
    clips = number_of(count, "clip")
    flash(f"Noted: {clips} taken to {place}." if count else f"All were taken to {place} before.")
    return redirect(f"{url_for('handover.index')}?{urlencode(asked.arguments)}", 303)


def _asked() -> _Asked:
    given = arguments()
    profile = given.get("profile", "").strip() or MAIN
    likeness = services().likeness()
    with transaction() as session:
        selection = handed.selection(session, given)
        title = UNTITLED
        if selection.collection is not None:
            title = collections.get(session, selection.collection).name
        found = handed.handover(session, selection, likeness, profile)
    return _Asked(title, selection, profile, found)


def _need_files(handover: Handover) -> None:
    if not handover.clips:
        raise InputError(handover.sentence or "The selection has no clips.")


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
