"""What becomes of a source video that is archived, and what that means, in words."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from heaters_pipeline.domain.wording import number_of


class Archived(StrEnum):
    """Where source and gold master of an archived video are."""

    COLD = "cold"
    """In another storage class of S3."""
    AWAY = "away"
    """Deleted."""


class Goal(StrEnum):
    """Where source and gold master of an archived video are on their way to."""

    COLD = "cold"
    BACK = "back"


NO_CLASSES = (
    "The storage is a folder, which has no storage classes: archive to S3, or delete source and "
    "gold master."
)


class Stake(NamedTuple):
    """What is at stake when a source video is archived."""

    title: str
    freed_bytes: int
    """Of source and gold master."""
    exported: int
    """Approved clips that have files."""
    not_exported: int
    """Approved clips that have none yet."""
    pending: int
    """Clips that wait for a decision."""


def told(stake: Stake, archived: Archived) -> list[str]:
    """What archiving does to the video, a sentence each: what goes, what stays, what can't be done
    any more, and what can be made again."""
    size = _size(stake.freed_bytes)
    if archived is Archived.COLD:
        goes = f"Its source and gold master ({size}) move to a cold storage class."
        back = "Restoring it brings both back; that may cost money and take hours."
    else:
        goes = f"Its source and gold master ({size}) are deleted."
        back = "Nothing brings them back."
    stays = "Its proxy, its clips and their decisions stay"
    stays += (
        f", and the files, stills and vectors of {number_of(stake.exported, 'clip')}."
        if stake.exported
        else "."
    )
    until = "until it is restored" if archived is Archived.COLD else "any more"
    lost = f"No clip of it can be exported {until}, nor get other files or stills"
    waiting = stake.not_exported + stake.pending
    without = (
        f": {number_of(waiting, 'clip')} without files would stay without." if waiting else "."
    )
    lasting = (
        [
            "No decision deletes files that nobody can make again. A clip that has some can be "
            "archived, which keeps them; skip, merge, split and a moved cut are refused."
        ]
        if archived is Archived.AWAY and stake.exported
        else []
    )
    return [goes, stays, *lasting, lost + without, back]


def _size(size: int) -> str:
    return f"{size / 10**9:.1f} GB" if size >= 10**9 else f"{size / 10**6:.1f} MB"
