"""What the filters of the pages offer to choose from."""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import Session

from heaters_pipeline.db import source_list
from heaters_pipeline.db.source_list import Name

MOST_VIDEOS = 500
"""Others are named in the address."""


def videos(session: Session) -> Sequence[Name]:
    return source_list.ready(session, MOST_VIDEOS)
