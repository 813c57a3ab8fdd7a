"""What a stranger's list or page may say, and what of it is kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from heaters_pipeline.domain.errors import InputError
from heaters_pipeline.media.download.fetch import download
from heaters_pipeline.media.download.look_up import WebVideo, look_up
from heaters_pipeline.media.download.playlists import LONGEST_LIST, Playlist
from tests.site import OPEN, Site


def feed(site: Site, *addresses: str, name: str = "strange.rss") -> str:
    """The address of a feed with these."""
    items = "".join(
        f"<item><title>Film {n}</title><link>{address}</link></item>"
        for n, address in enumerate(addresses)
    )
    (site.folder / name).write_text(
        f"<rss version='2.0'><channel><title>Films</title>{items}</channel></rss>"
    )
    return site.url(name)


def listed(url: str) -> Playlist:
    found = look_up(url, OPEN)
    assert isinstance(found, Playlist)
    return found


def test_entries_are_addresses_of_the_web_or_left_out(site: Site) -> None:
    strange = (
        *("file:///etc/passwd", "ftp://films.example/a.mp4", "s3://films/a.mp4", "-f", "~/a.mp4"),
        *("ytsearch:cats", "http://", "http://films.example/a film.mp4", "//films.example/b.mp4"),
        *("/etc/passwd", "../film.mp4", "listed.mpd", site.url("ts/film.m3u8")),
    )
    found = listed(feed(site, *strange))
    assert [each.url for each in found.entries] == [
        *(site.url("-f"), site.url("~/a.mp4"), "https://films.example/b.mp4"),
        *(site.url("etc/passwd"), site.url("film.mp4"), site.url("listed.mpd")),
        site.url("ts/film.m3u8"),
    ]
    assert found.skipped == len(strange) - len(found.entries)


def test_relative_addresses_are_those_of_where_the_list_was_found(site: Site) -> None:
    feed(site, "a.mp4", "b.mp4", name="dash/moved.rss")
    found = listed(site.url("to//dash/moved.rss"))
    assert [each.url for each in found.entries] == [site.url("dash/a.mp4"), site.url("dash/b.mp4")]


@pytest.mark.parametrize("addresses", [["file:///etc/passwd"], ["file:///etc/passwd", "s3://b/k"]])
def test_a_list_of_nothing_that_can_be_fetched_is_refused(site: Site, addresses: list[str]) -> None:
    with pytest.raises(InputError, match="lists no address that can be fetched"):
        look_up(feed(site, *addresses), OPEN)


def test_a_list_without_end_has_an_end(site: Site) -> None:
    many = [site.url(f"film.mp4?{n}") for n in range(LONGEST_LIST + 7)]
    found = listed(feed(site, *many))
    assert [each.url for each in found.entries] == many[:LONGEST_LIST]
    assert found.skipped == 7


def test_titles_are_lines_that_a_database_takes(site: Site, tmp_path: Path) -> None:
    title = "&#0;Two&#10;or &#xD800;three&#7;films&#0;"
    tags = "".join(f"<video src='/film.mp4?{n}'></video>" for n in range(2))
    for name, body in (("two.html", tags), ("one.html", tags[: len(tags) // 2])):
        (site.folder / name).write_text(f"<html><title>{title}</title><body>{body}</body></html>")
    found = listed(site.url("two.html"))
    assert found.title == "Two or three films"
    assert [each.title for each in found.entries] == [f"Two or three films ({n})" for n in (1, 2)]
    video = look_up(site.url("one.html"), OPEN)
    assert isinstance(video, WebVideo)
    assert download(video, tmp_path, OPEN).title.startswith("Two or three films")
    (site.folder / "a\x07film\x85.mp4").symlink_to(site.folder / "film.mp4")
    named = look_up(site.url("a%07film%C2%85.mp4"), OPEN)
    assert isinstance(named, WebVideo) and named.title == "a film"
