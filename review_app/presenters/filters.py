"""What the filters of the pages offer to choose from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

from flask import request
from sqlmodel import Session

from heaters_pipeline.db import clip_counts, labels, source_list, themes
from heaters_pipeline.db.source_list import Name
from heaters_pipeline.domain.labels import Colour

MOST_VIDEOS = 500
"""Others are named in the address."""


class Choices(TypedDict):
    """As `_filters.html` takes them."""

    videos: Sequence[Name]
    filter_themes: Sequence[tuple[int, str]]
    """Ids and names of the themes of the library; of their parts, the one that is chosen alone."""
    filter_labels: Sequence[tuple[str, Colour | None]]
    """Labels with their colours: those of the list, in its order, then the others in use."""


def choices(session: Session) -> Choices:
    colours = labels.colours(session)
    offered = [each.name for each in labels.listed(session) if not each.retired]
    used = clip_counts.labels(session)
    names = dict.fromkeys([*offered, *used])
    return {
        "videos": source_list.ready(session, MOST_VIDEOS),
        "filter_themes": themes.names(session, request.args.get("theme", None, int)),
        "filter_labels": [(name, colours.get(name)) for name in names],
    }
