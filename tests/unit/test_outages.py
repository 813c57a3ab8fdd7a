"""What does not answer: its name, pauses before it is asked again, which failures of a download say
so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from heaters_pipeline.domain.errors import HeatersError, InputError, Unavailable
from heaters_pipeline.domain.outages import (
    LONGEST_WISH,
    STORAGE,
    outage_told,
    probe_pause,
    site_of,
    wish,
)
from heaters_pipeline.media.download.failures import as_sentence
from heaters_pipeline.media.download.options import DownloadOptions

FILM = "https://www.example.org/film"
OPTIONS = DownloadOptions(stall_seconds=120)


@pytest.mark.parametrize(
    ("url", "site"),
    [
        ("https://www.youtube.com/watch?v=x", "youtube.com"),
        ("https://m.youtube.com", "m.youtube.com"),
        ("https://ann:secret@example.org:8443/a@b", "example.org:8443"),
        ("http://[::1]/film.mp4", "[::1]"),
        ("http://127.0.0.1:80?x", "127.0.0.1:80"),
        # The name would be that of the storage.
        ("http://storage/film.mp4", None),
        ("http://ann:secret.word@storage/film.mp4", None),
        ("/films/www.example.org.mp4", None),
        ("s3://films.example.org/film.mp4", None),
    ],
)
def test_a_site_is_known_by_its_host(url: str, site: str | None) -> None:
    assert site_of(url) == site


def test_what_is_away_is_asked_for_soon_and_then_seldom() -> None:
    def longest(thing: str) -> list[float]:
        return [probe_pause(thing, probes, 1).total_seconds() for probes in range(8)]

    assert longest(STORAGE) == [1, 2, 4, 8, 15, 15, 15, 15]
    assert longest("youtube.com") == [15, 30, 60, 120, 240, 480, 600, 600]
    for probes in (0, 3, 10**6):
        assert probe_pause("youtube.com", probes, 0) * 2 == probe_pause("youtube.com", probes, 1)


DATE = "Mon, 30 Nov 2026 12:00:00 GMT"


@pytest.mark.parametrize(
    ("retry_after", "date", "seconds"),
    [
        (None, DATE, None),
        ("120", None, 120),
        (" 0 ", None, 0),
        ("999999999", None, LONGEST_WISH.total_seconds()),
        ("9" * 50, None, None),
        ("Mon, 30 Nov 2026 12:10:00 GMT", DATE, 600),
        ("Mon, 30 Nov 2026 11:00:00 GMT", DATE, 0),
        ("Mon, 30 Nov 2026 12:10:00 GMT", None, None),
        ("Mon, 30 Nov 2026 12:10:00", DATE, None),
        ("-1", None, None),
        ("soon", DATE, None),
        ("", DATE, None),
    ],
)
def test_how_long_a_site_wants_to_be_left_alone(
    retry_after: str | None, date: str | None, seconds: float | None
) -> None:
    found = wish(retry_after, date)
    assert found == (None if seconds is None else timedelta(seconds=seconds))


@pytest.mark.parametrize(
    "said",
    [
        "ERROR: [generic] Unable to download webpage: HTTP Error 429: Too Many Requests",
        "HTTP Error 500: Internal Server Error",
        "HTTP Error 503: Service Unavailable",
        "Failed to establish a new connection: [Errno 111] Connection refused",
        "Failed to resolve 'example.org' ([Errno -3] Temporary failure in name resolution)",
        "The read operation timed out",
        "('Connection aborted.', ConnectionResetError(104, 'Connection reset by peer'))",
        "Remote end closed connection without response",
        "[Errno 113] No route to host",
    ],
)
@pytest.mark.parametrize("looked_up", [False, True])
def test_silence_of_a_site_is_told_from_answers(said: str, looked_up: bool) -> None:
    found = as_sentence(FILM, Exception(said), OPTIONS, looked_up=looked_up)
    assert isinstance(found, Unavailable)
    assert found.thing == "example.org"


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("HTTP Error 403: Forbidden", InputError),
        ("HTTP Error 404: Not Found", InputError),
        ("HTTP Error 410: Gone", InputError),
        ("HTTP Error 408: Request Timeout", HeatersError),
        ("ERROR: [youtube] x: Private video. Sign in if you may see it", HeatersError),
        ("Unsupported URL: https://www.example.org/film", InputError),
        ("[Errno -2] Name or service not known", HeatersError),
        ("1024 bytes read, 99 more expected", HeatersError),
        ("unable to write data: [Errno 28] No space left on device", HeatersError),
    ],
)
@pytest.mark.parametrize("looked_up", [False, True])
def test_other_failures_of_a_download_say_nothing_of_the_site(
    said: str, kind: type[Exception], looked_up: bool
) -> None:
    found = as_sentence(FILM, Exception(said), OPTIONS, looked_up=looked_up)
    assert isinstance(found, HeatersError)
    assert not isinstance(found, Unavailable)
    assert looked_up or isinstance(found, kind)


def test_an_outage_in_words() -> None:
    since = datetime(2026, 11, 30, 12, 3, tzinfo=UTC).astimezone()
    at = since.strftime("%H:%M")
    assert outage_told("youtube.com", since, "It answers 503.", 0, 12) == (
        f"youtube.com does not answer since {at}: It answers 503. "
        "12 videos wait and go on by themselves."
    )
    assert outage_told(STORAGE, since, "503", 1) == (
        f"The storage does not answer since {at}: 503. 1 clip waits and goes on by itself."
    )
    assert outage_told(STORAGE, since, "503") == f"The storage does not answer since {at}: 503."
