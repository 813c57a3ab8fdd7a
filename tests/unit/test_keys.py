"""Slugs and keys of videos."""

from __future__ import annotations

import pytest

from heaters_pipeline.domain.keys import KEY_PATTERN, mint_key, slug, text_digest, url_name


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ünïcode Film (2024).v2", "unicode-film-2024-v2"),
        ("--a//b,c...d--", "a-b-c-d"),
        ("映画", "video"),
        ("x" * 100, "x" * 40),
    ],
)
def test_a_slug_is_plain(text: str, expected: str) -> None:
    assert slug(text) == expected


@pytest.mark.parametrize("name", ["", "-", "../../etc", "A" * 200, "film, part 1", "ß"])
def test_a_minted_key_fits_the_pattern(name: str) -> None:
    assert KEY_PATTERN.fullmatch(mint_key(name, text_digest(name)))


def test_keys_differ_by_content_and_agree_with_it() -> None:
    assert mint_key("a", text_digest("1")) != mint_key("a", text_digest("2"))
    assert mint_key("a", text_digest("1")) == mint_key("a", text_digest("1"))


def test_an_address_is_named_after_its_last_part() -> None:
    assert url_name("https://example.org/films/night.mp4?x=1") == "night"
    assert url_name("https://example.org/") == "example.org"
