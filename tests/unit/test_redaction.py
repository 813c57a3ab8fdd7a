"""Addresses in words tell no login."""

from __future__ import annotations

import pytest

from heaters_pipeline.db.urls import with_driver, without_password
from heaters_pipeline.domain.errors import HeatersError, InputError
from heaters_pipeline.domain.redaction import without_login


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("http://user:secret@host/film.mp4", "http://host/film.mp4"),
        ("https://secret@host:8443", "https://host:8443"),
        ("http://user:s@e:cret@[::1]/", "http://[::1]/"),
        ("http://user:se cret@host/film.mp4", "http://host/film.mp4"),
        ("ftp://user:secret@host", "ftp://host"),
        ("https://videos.example/@channel", "https://videos.example/@channel"),
        ("https://videos.example?to=a@b", "https://videos.example?to=a@b"),
        ("/films/a@b.mp4", "/films/a@b.mp4"),
        (
            "http://a:secret@host/1 leads to http://b:secret@host/2: check it.",
            "http://host/1 leads to http://host/2: check it.",
        ),
    ],
)
def test_a_login_is_left_out_and_nothing_else(text: str, shown: str) -> None:
    assert without_login(text) == shown
    assert str(HeatersError(text)) == shown


def test_a_database_still_tells_its_user() -> None:
    shown = without_password("postgresql://me:secret@host/films")
    assert str(HeatersError(shown)) == shown == "postgresql://me:***@host/films"
    with pytest.raises(InputError, match="postgresql://user:password@host/database"):
        with_driver("mysql://host/films", "postgresql")
