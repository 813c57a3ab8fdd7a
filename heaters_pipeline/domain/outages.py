"""What is outside and may not answer: its name, when it is asked again, what people are told."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

from heaters_pipeline.domain.retries import clock

STORAGE = "storage"
"""The name of the storage; a site's name has a dot or a colon in it."""

SITE = r"^https?://(?:[^/?#]*@)?(?:www\.)?([^/?#@]*[.:][^/?#@]*)(?:[/?#]|$)"
"""The site that a video's address (`keys.plain_url`) belongs to: its host, with a port that is not
the usual one, without a login and `www.`; for Python and Postgres. A host of this network without a
dot is none."""

STORAGE_PAUSES = (1.0, 15.0)
"""The first and the longest before the storage is asked once more, with one small request. Seconds,
half of which is left to chance."""

SITE_PAUSES = (15.0, 600.0)
"""The same before a site is asked, with one video."""

LONGEST_WISH = timedelta(hours=1)
"""Of a site that says how long it wants to be left alone."""


def site_of(url: str) -> str | None:
    """The name of the site at an address; None where it has none, as a file has not."""
    found = re.match(SITE, url)
    return found[1] if found else None


def probe_pause(thing: str, probes: int, chance: float) -> timedelta:
    """Before a thing that does not answer is asked once more, after so many times. `chance` is a
    random number, 0 to 1; half of the pause is left to it, as in `retries.pause`."""
    first, longest = STORAGE_PAUSES if thing == STORAGE else SITE_PAUSES
    most = min(first * 2 ** min(probes, 20), longest)
    return timedelta(seconds=most * (1 + chance) / 2)


def wish(retry_after: str | None, date: str | None) -> timedelta | None:
    """For how long a server wants to be left alone, by the headers Retry-After (seconds, or a time;
    RFC 9110, 10.2.3) and Date of its answer. A time counts from the server's own Date, as clocks
    differ; None where there is none, or it can't be read."""
    try:
        if retry_after is None:
            return None
        if re.fullmatch(r"\s*\d{1,9}\s*", retry_after):
            wished = timedelta(seconds=int(retry_after))
        elif date is not None:
            wished = parsedate_to_datetime(retry_after) - parsedate_to_datetime(date)
        else:
            return None
    except (ValueError, TypeError):  # no time, or one without a zone
        return None
    return max(timedelta(0), min(wished, LONGEST_WISH))


def outage_told(thing: str, since: datetime, reason: str, clips: int = 0, videos: int = 0) -> str:
    """What a person is told of an outage, and of what waits for its end."""
    waits = [
        f"{number} {name}{'' if number == 1 else 's'}"
        for number, name in ((clips, "clip"), (videos, "video"))
        if number
    ]
    one = clips + videos == 1
    goes_on = "waits and goes on by itself" if one else "wait and go on by themselves"
    rest = f" {' and '.join(waits)} {goes_on}." if waits else ""
    name = "The storage" if thing == STORAGE else thing
    return f"{name} does not answer since {clock(since)}: {reason.rstrip('.')}.{rest}"
