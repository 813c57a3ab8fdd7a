"""Downloads through yt-dlp from a local web site, and copies."""

from __future__ import annotations

import dataclasses
import os
import shutil
import stat
import time
from pathlib import Path
from traceback import format_exception

import pytest

from heaters_pipeline.domain.errors import HeatersError, InputError, Unavailable
from heaters_pipeline.domain.quality import shortfall
from heaters_pipeline.media.download.fetch import Downloaded, copy_file, download
from heaters_pipeline.media.download.javascript import javascript_runtime
from heaters_pipeline.media.download.look_up import WebVideo, look_up
from heaters_pipeline.media.download.merge_check import find_flaw
from heaters_pipeline.media.download.options import DownloadOptions
from heaters_pipeline.media.download.playlists import Playlist
from heaters_pipeline.media.download.watch import DownloadProgress
from heaters_pipeline.media.ffmpeg.probe import probe
from heaters_pipeline.platform.doctor import javascript_finding
from tests.footage import make_numbered_film
from tests.site import OPEN, SECONDS, Site, results


def options(**changes: object) -> DownloadOptions:
    return dataclasses.replace(OPEN, **changes)


def fetch(
    url: str,
    folder: Path,
    chosen: DownloadOptions = OPEN,
    on_progress: DownloadProgress | None = None,
) -> Downloaded:
    video = look_up(url, chosen)
    assert isinstance(video, WebVideo)
    return download(video, folder, chosen, on_progress)


def refusal(url: str, folder: Path, chosen: DownloadOptions = OPEN) -> HeatersError:
    """Why `url` can't be had: one sentence."""
    with pytest.raises(HeatersError) as caught:
        fetch(url, folder, chosen)
    sentence = str(caught.value)
    assert sentence.endswith(".") and "\n" not in sentence
    assert not any(word in sentence for word in ("ERROR", "report", "yt-dlp", "Traceback"))
    return caught.value


# What arrives


def test_a_file_on_the_web_is_fetched_whole(site: Site, tmp_path: Path) -> None:
    shutil.copy(site.folder / "film.mp4", site.folder / "A walk in March.mp4")
    told: list[tuple[int, int | None]] = []
    got = fetch(
        site.url("A%20walk%20in%20March.mp4"), tmp_path, OPEN, lambda *done: told.append(done)
    )
    assert got.title == "A walk in March"
    original = (site.folder / "film.mp4").read_bytes()
    assert got.path.read_bytes() == original
    assert told[-1] == (len(original), len(original))
    assert all(done <= (whole or 0) for done, whole in told)
    assert results(tmp_path) == [got.path]


@pytest.mark.parametrize("path", ["listed.mpd", "dash/manifest.mpd", "dash/master.m3u8"])
def test_the_best_video_and_the_audio_are_merged(site: Site, tmp_path: Path, path: str) -> None:
    told: list[tuple[int, int | None]] = []
    got = fetch(site.url(path), tmp_path, OPEN, lambda *done: told.append(done))
    facts = probe(got.path)
    assert (facts.width, facts.height, facts.has_audio) == (640, 360, True)
    assert facts.duration_seconds == pytest.approx(SECONDS, abs=0.1)
    assert got.quality["format"] == "primary" and got.quality["normalised"] is None
    assert got.quality["got"] | {"bitrate": 0, "format_id": ""} == {
        "height": 360,
        "width": 640,
        "fps": 25.0,
        "vcodec": "h264",
        "acodec": "aac",
        "bitrate": 0,
        "format_id": "",
    }
    assert got.quality["best_listed"]["height"] == 360
    bitrate = got.quality["best_listed"]["bitrate"]
    assert bitrate is not None and bitrate > 0
    assert shortfall(got.quality) is None
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert told[-1][0] == told[-1][1]
    assert results(tmp_path) == [got.path]


def test_fragments_of_a_transport_stream_become_an_mp4(site: Site, tmp_path: Path) -> None:
    got = fetch(site.url("ts/film.m3u8"), tmp_path)
    assert got.path.read_bytes()[4:8] == b"ftyp"
    assert probe(got.path).duration_seconds == pytest.approx(SECONDS, abs=0.1)


def test_a_best_format_that_fails_is_replaced_and_told(site: Site, tmp_path: Path) -> None:
    got = fetch(site.url("worse.mpd"), tmp_path)
    assert got.quality["format"] == "fallback"
    assert probe(got.path).height == 180
    assert shortfall(got.quality) == "got 180p of the 360p that were listed"


def test_what_was_got_is_measured_and_not_believed(site: Site, tmp_path: Path) -> None:
    got = fetch(site.url("claims.mpd"), tmp_path)
    assert (got.quality["got"]["height"], got.quality["best_listed"]["height"]) == (360, 2160)
    assert shortfall(got.quality) == "got 360p of the 2160p that were listed"


def test_a_broken_merge_is_encoded_again_and_told(site: Site, tmp_path: Path) -> None:
    got = fetch(site.url("short-sound.mpd"), tmp_path)
    assert got.quality["format"] == "primary"
    assert got.quality["normalised"] == "its audio ends 4.0 s before its video"
    assert find_flaw(got.path, audio=True, expected_seconds=SECONDS) is None
    assert probe(got.path).height == 360
    assert "re-encoded because its audio ends" in str(shortfall(got.quality))
    assert results(tmp_path) == [got.path]


def test_a_merge_that_no_encoding_mends_is_replaced(site: Site, tmp_path: Path) -> None:
    got = fetch(site.url("broken-best.mpd"), tmp_path)
    assert (got.quality["format"], got.quality["normalised"]) == ("fallback", None)
    assert shortfall(got.quality) == "got 180p of the 360p that were listed"


def test_broken_in_every_format_is_refused_in_words(site: Site, tmp_path: Path) -> None:
    error = refusal(site.url("broken.mpd"), tmp_path)
    assert isinstance(error, InputError)
    assert "arrives broken, it has no video" in str(error)
    assert list(tmp_path.iterdir()) == []


def test_intact_merges_have_no_flaw_and_others_are_named(
    tmp_path: Path, media_folder: Path
) -> None:
    film = make_numbered_film(tmp_path / "film.mp4", 50)
    assert find_flaw(film, audio=True, expected_seconds=2) is None
    assert find_flaw(film, audio=True, expected_seconds=9) == (
        "its video lasts 2.0 s instead of 9.0 s"
    )
    mute = make_numbered_film(tmp_path / "mute.mp4", 50, audio=False)
    assert find_flaw(mute, audio=False) is None
    assert find_flaw(mute, audio=True) == "it has no audio"
    (tmp_path / "words.mp4").write_text("no video")
    assert "can't be read" in str(find_flaw(tmp_path / "words.mp4", audio=True))
    for name in ("shots_a.mp4", "mp4_hevc_aac.mp4", "webm_vp9_opus.webm", "mkv_h264_vorbis.mkv"):
        assert find_flaw(media_folder / name, audio=probe(media_folder / name).has_audio) is None


# What is at an address


def test_lists_have_one_entry_for_each_video(site: Site, tmp_path: Path) -> None:
    feed = look_up(site.url("feed.rss"), OPEN)
    assert isinstance(feed, Playlist)
    assert feed.title == "Films"
    assert [each.title for each in feed.entries] == ["Film 0", "Film 1", "Film 2"]
    assert [each.url for each in feed.entries] == [
        site.url(path) for path in ("film.mp4", "listed.mpd", "ts/film.m3u8")
    ]
    assert not any(path == "listed.mpd" for path, _ in site.asked)
    page = look_up(site.url("videos.html"), OPEN)
    assert isinstance(page, Playlist)
    assert [each.url for each in page.entries] == [site.url(f"film.mp4?{n}") for n in range(3)]
    got = fetch(page.entries[1].url, tmp_path)
    assert got.path.read_bytes() == (site.folder / "film.mp4").read_bytes()


def test_a_page_with_one_video_is_that_video(site: Site, tmp_path: Path) -> None:
    got = fetch(site.url("one-video.html"), tmp_path)
    assert got.path.read_bytes() == (site.folder / "film.mp4").read_bytes()
    video = look_up(site.url("film.mp4"), OPEN)
    assert isinstance(video, WebVideo) and video.site_id is None


@pytest.mark.parametrize(
    ("path", "said", "kind"),
    [
        ("nothing.mp4", "answers 404", InputError),
        ("error.mp4", "answers 500", Unavailable),
        ("page.html", "There is no video at", InputError),
        ("text.mp4", "is text, not a video", InputError),
        ("live.m3u8", "is a live stream that has not ended", InputError),
        ("members/film.mp4", "set HEATERS_COOKIES_FILE", InputError),
    ],
)
def test_what_can_t_be_had_is_one_sentence_and_leaves_nothing(
    site: Site, tmp_path: Path, path: str, said: str, kind: type[Exception]
) -> None:
    error = refusal(site.url(path), tmp_path)
    assert type(error) is kind and said in str(error)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("nothing.mp4", "answers 404"),
        ("error.mp4", "answers 500"),
        ("page.html", "There is no video at"),
        ("text.mp4", "is text, not a video"),
        ("to/http://10.0.0.1/film.mp4", "10.0.0.1, a private address"),
        ("broken.mpd", "arrives broken"),
    ],
)
def test_a_login_in_an_address_is_told_to_nobody(
    site: Site, tmp_path: Path, path: str, said: str
) -> None:
    """Not by the sentence, and not by the errors that it came from, which Dagster shows too."""
    address = site.url(path).replace("://", "://reviewer:secret@")
    error = refusal(address, tmp_path)
    assert said in str(error)
    assert site.url(path).partition("://")[2] in str(error)
    shown = "".join(format_exception(error))
    assert "secret" not in shown and "reviewer" not in shown


@pytest.mark.parametrize(
    "address",
    ["https://me:ses ame@host/", "https://me:ses\name@host/", f"ftp://me:{'ses' * 99}@host"],
)
def test_a_login_is_not_told_by_what_is_no_address(address: str) -> None:
    with pytest.raises(InputError) as caught:
        look_up(address, OPEN)
    assert "ses" not in str(caught.value)


@pytest.mark.parametrize("host", ["127.0.0.1:9", "no-such-host.invalid"])
def test_a_login_is_not_told_where_nobody_answers(host: str) -> None:
    with pytest.raises(HeatersError) as caught:
        look_up(f"http://reviewer:secret@{host}/film.mp4", options(retries=0))
    assert host.partition(":")[0] in str(caught.value)
    assert "secret" not in str(caught.value)


def test_nobody_listening_is_told_plainly() -> None:
    with pytest.raises(HeatersError, match="refuses the connection"):
        look_up("http://127.0.0.1:9/film.mp4", options(retries=0))


@pytest.mark.parametrize(
    "address",
    [
        "ftp://host/film.mp4",
        "file:///etc/passwd",
        "s3://b/k",
        "--exec=ls",
        "-f http://host/film.mp4",
        "ytsearch:cats",
        "data:video/mp4;base64,AAAA",
        "http://",
        "http://[::1/film.mp4",
        "//host/film.mp4",
        "http://host/film.mp4\nhttp://host/other.mp4",
        "http://host/a film.mp4",
        "http://host/\x00.mp4",
    ],
)
def test_what_is_no_address_of_the_web_is_not_taken(address: str) -> None:
    with pytest.raises(InputError) as caught:
        look_up(address, OPEN)
    assert str(caught.value).isprintable()


def test_names_are_no_templates(site: Site, tmp_path: Path) -> None:
    name = "%25(id)s-..%25s$HOME.mp4"
    shutil.copy(site.folder / "film.mp4", site.folder / "%(id)s-..%s$HOME.mp4")
    folder = tmp_path / "100%(title)s"
    folder.mkdir()
    got = fetch(site.url(name), folder)
    assert got.path.parent == folder and got.path.suffix == ".mp4"
    assert list(tmp_path.iterdir()) == [folder]


# Where downloads may go


@pytest.mark.parametrize(
    ("path", "address"),
    [
        ("to/http://169.254.169.254/latest/meta-data/", "169.254.169.254, a link-local address"),
        ("to/http://10.0.0.1/film.mp4", "10.0.0.1, a private address"),
        ("to/http://[::1]:80/film.mp4", "::1, a loopback address"),
        ("inward.m3u8", "169.254.169.254, a link-local address"),
    ],
)
def test_private_addresses_are_refused_wherever_they_come_from(
    site: Site, tmp_path: Path, path: str, address: str
) -> None:
    error = refusal(site.url(path), tmp_path)
    assert isinstance(error, InputError)
    assert str(error) == (
        f"{site.url(path)} leads to {address}: give another address, or set "
        "HEATERS_ALLOWED_NETWORKS if it is meant."
    )
    assert list(tmp_path.iterdir()) == []


def test_this_machine_is_refused_unless_it_is_allowed(site: Site, tmp_path: Path) -> None:
    strict = DownloadOptions(stall_seconds=20)
    assert "127.0.0.1, a loopback address" in str(refusal(site.url("film.mp4"), tmp_path, strict))
    named = site.url("film.mp4").replace("127.0.0.1", "localhost")
    assert "a loopback address" in str(refusal(named, tmp_path, strict))
    assert site.asked == []


def test_no_program_is_sent_to_the_network(site: Site, tmp_path: Path) -> None:
    error = refusal(site.url("encrypted.m3u8"), tmp_path)
    assert "can only be fetched by another program" in str(error)
    assert not any(path.startswith("ts/") for path, _ in site.asked)


def test_redirects_to_other_schemes_are_not_followed(site: Site, tmp_path: Path) -> None:
    for target in ("file:///etc/hostname", "ftp://127.0.0.1/film.mp4"):
        refusal(site.url(f"to/{target}"), tmp_path)


def test_a_proxy_is_reached_and_decides(site: Site, tmp_path: Path) -> None:
    proxied = DownloadOptions(stall_seconds=20, proxy=site.address, retries=0)
    error = refusal("http://films.example/film.mp4", tmp_path, proxied)
    assert "answers 404" in str(error)
    assert site.asked[0][0] == "http://films.example/film.mp4"


# Limits and settings


def test_a_video_that_is_too_long_is_refused_before_and_after(site: Site, tmp_path: Path) -> None:
    short = options(max_seconds=3)
    with pytest.raises(InputError, match="HEATERS_MAX_SOURCE_HOURS"):
        look_up(site.url("ts/film.m3u8"), short)
    assert "HEATERS_MAX_SOURCE_HOURS" in str(refusal(site.url("film.mp4"), tmp_path, short))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("path", ["film.mp4", "listed.mpd", "dash/manifest.mpd"])
def test_a_video_that_is_too_large_is_refused(site: Site, tmp_path: Path, path: str) -> None:
    error = refusal(site.url(path), tmp_path, options(max_bytes=200_000))
    assert isinstance(error, InputError) and "raise HEATERS_MAX_SOURCE_GB" in str(error)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("path", ["slow/film.mp4", "stall/film.mp4", "slow/dash/manifest.mpd"])
def test_a_download_that_takes_too_long_is_stopped(site: Site, tmp_path: Path, path: str) -> None:
    site.bytes_per_second = 20_000
    began = time.monotonic()
    error = refusal(site.url(path), tmp_path, options(time_limit_seconds=1.5))
    assert time.monotonic() - began < 6
    assert isinstance(error, InputError) and "HEATERS_DOWNLOAD_LIMIT_HOURS" in str(error)
    assert list(tmp_path.iterdir()) == []


def test_a_stall_is_noticed_and_gone_on_from(site: Site, tmp_path: Path) -> None:
    impatient = options(stall_seconds=0.5, retries=1)
    error = refusal(site.url("stall/film.mp4"), tmp_path, impatient)
    assert "nothing arrived for 0.5 seconds" in str(error)
    assert type(error) is Unavailable
    (part,) = tmp_path.rglob("*.part")
    came = part.stat().st_size
    assert came > 0
    site.stalls = False
    got = fetch(site.url("stall/film.mp4"), tmp_path)
    assert site.asked[-1] == ("stall/film.mp4", f"bytes={came - 1}-")
    assert got.path.read_bytes() == (site.folder / "film.mp4").read_bytes()
    assert results(tmp_path) == [got.path]


@pytest.mark.parametrize("path", ["film.mp4", "dash/manifest.mpd", "ts/film.m3u8"])
def test_what_is_whole_and_has_not_got_its_name_yet_is_taken_up(
    site: Site, tmp_path: Path, path: str
) -> None:
    """Its server has nothing beyond the end."""
    (other := tmp_path / "undisturbed").mkdir()
    undisturbed = fetch(site.url(path), other).path.read_bytes()
    (folder := tmp_path / "disturbed").mkdir()
    enough = len(undisturbed) - 1 if path == "film.mp4" else 50_000
    with pytest.raises(HeatersError, match="enough"):
        fetch(site.url(path), folder, OPEN, stop_after(enough))
    if path != "film.mp4":
        first = min(folder.rglob("*.part-Frag?"))
        first.rename(f"{first}.part")
    assert fetch(site.url(path), folder).path.read_bytes() == undisturbed


@pytest.mark.parametrize("path", ["film.mp4", "dash/manifest.mpd"])
def test_a_connection_that_breaks_off_is_taken_up(site: Site, tmp_path: Path, path: str) -> None:
    undisturbed = fetch(site.url(path), tmp_path).path.read_bytes()
    got = fetch(site.url(f"drop/{path}"), tmp_path)
    assert got.path.read_bytes() == undisturbed
    assert any(asked for _, asked in site.asked)


def test_a_server_without_ranges_is_asked_for_all(site: Site, tmp_path: Path) -> None:
    video = look_up(site.url("no-ranges/film.mp4"), OPEN)
    assert isinstance(video, WebVideo)
    with pytest.raises(HeatersError, match="enough"):
        download(video, tmp_path, OPEN, stop_after(50_000))
    got = download(video, tmp_path, OPEN)
    assert got.path.read_bytes() == (site.folder / "film.mp4").read_bytes()


def test_what_another_format_left_is_not_taken_up(site: Site, tmp_path: Path) -> None:
    """The site lists other formats on the second day."""
    manifest = site.folder / "changing.mpd"
    manifest.write_text((site.folder / "listed.mpd").read_text())
    with pytest.raises(HeatersError, match="enough"):
        fetch(site.url("changing.mpd"), tmp_path, OPEN, stop_after(50_000))
    better = manifest.read_text().replace("id='v180'", "id='v360'").replace("v360", "v720", 1)
    manifest.write_text(better.replace("360.mp4", "180.mp4"))
    got = fetch(site.url("changing.mpd"), tmp_path)
    assert probe(got.path).height == 180
    assert results(tmp_path) == [got.path]


@pytest.mark.parametrize("path", ["film.mp4", "listed.mpd", "short-sound.mpd"])
def test_what_is_there_already_is_not_fetched_again(site: Site, tmp_path: Path, path: str) -> None:
    """The storage could not take it."""
    first = fetch(site.url(path), tmp_path)
    content, moment = first.path.read_bytes(), first.path.stat().st_mtime_ns
    video = look_up(site.url(path), OPEN)
    assert isinstance(video, WebVideo)
    site.asked.clear()
    assert download(video, tmp_path, OPEN) == first
    assert site.asked == []
    assert (first.path.read_bytes(), first.path.stat().st_mtime_ns) == (content, moment)
    assert results(tmp_path) == [first.path]


def test_what_is_there_in_part_or_as_a_fallback_is_fetched_again(
    site: Site, tmp_path: Path
) -> None:
    video = look_up(site.url("listed.mpd"), OPEN)
    assert isinstance(video, WebVideo)
    first = download(video, tmp_path, OPEN)
    content = first.path.read_bytes()
    os.truncate(first.path, 1000)
    assert download(video, tmp_path, OPEN).path.read_bytes() == content
    first.path.unlink()
    assert download(video, tmp_path, OPEN).path.read_bytes() == content
    (lesser := tmp_path / "lesser").mkdir()
    (better := site.folder / "gone.mp4").unlink(missing_ok=True)
    worse = look_up(site.url("worse.mpd"), OPEN)
    assert isinstance(worse, WebVideo)
    assert download(worse, lesser, OPEN).quality["format"] == "fallback"
    shutil.copy(site.folder / "360.mp4", better)
    assert download(worse, lesser, OPEN).quality["format"] == "primary"
    better.unlink()


def test_a_file_that_has_changed_is_begun_anew(site: Site, tmp_path: Path) -> None:
    film = site.folder / "edited.mp4"
    film.write_bytes((site.folder / "film.mp4").read_bytes())
    with pytest.raises(HeatersError, match="enough"):
        fetch(site.url("edited.mp4"), tmp_path, OPEN, stop_after(50_000))
    film.write_bytes((site.folder / "360.mp4").read_bytes())
    os.utime(film, (0, 1_700_000_000))
    assert fetch(site.url("edited.mp4"), tmp_path).path.read_bytes() == film.read_bytes()


def stop_after(size: int) -> DownloadProgress:
    def watch(done: int, whole: int | None) -> None:
        if done > size:
            raise HeatersError("That is enough.")

    return watch


def test_the_rate_is_limited(site: Site, tmp_path: Path) -> None:
    began = time.monotonic()
    fetch(site.url("film.mp4"), tmp_path, options(rate_limit=150_000))
    assert time.monotonic() - began > 1.0


def test_cookies_come_from_a_file_that_stays_as_it_is(site: Site, tmp_path: Path) -> None:
    cookies = tmp_path / "cookies.txt"
    text = "# Netscape HTTP Cookie File\n127.0.0.1\tFALSE\t/\tFALSE\t0\tmember\tyes\n"
    cookies.write_text(text)
    folder = tmp_path / "folder"
    folder.mkdir()
    got = fetch(site.url("members/film.mp4"), folder, options(cookies_file=cookies))
    assert got.path.read_bytes() == (site.folder / "film.mp4").read_bytes()
    assert cookies.read_text() == text


def test_a_cookies_file_that_is_none_is_one_sentence(site: Site, tmp_path: Path) -> None:
    absent = options(cookies_file=tmp_path / "absent.txt")
    said = str(refusal(site.url("film.mp4"), tmp_path, absent))
    assert "absent.txt can't be read" in said and "HEATERS_COOKIES_FILE" in said
    (tmp_path / "page.txt").write_text("<html>")
    wrong = options(cookies_file=tmp_path / "page.txt")
    said = str(refusal(site.url("film.mp4"), tmp_path, wrong))
    assert "page.txt is not in Netscape's format" in said


# The runtime for scripts


def test_the_runtime_that_will_do_is_used_and_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert javascript_runtime() is None
    assert "install deno" in javascript_finding().text
    program(tmp_path / "node", "v18.1.0")
    assert "node 18.1.0" in javascript_finding().text and "too old" in javascript_finding().text
    program(tmp_path / "bun", "1.3.0")
    runtime = javascript_runtime()
    assert runtime is not None
    assert (runtime.name, runtime.version, runtime.supported) == ("bun", "1.3.0", True)
    program(tmp_path / "deno", "deno 2.5.1 (stable)")
    assert "deno 2.5.1" in javascript_finding().text


def program(path: Path, version: str) -> None:
    path.write_text(f"#!/bin/sh\necho '{version}'\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


# Copies


def test_a_local_file_is_copied_apart(tmp_path: Path) -> None:
    film = tmp_path / "-holiday: part 1.MP4"
    film.write_bytes(b"one")
    folder = tmp_path / "scratch"
    folder.mkdir()
    copied = copy_file(film, folder)
    assert (copied.parent, copied.name) == (folder, film.name)
    film.write_bytes(b"two")
    assert copied.read_bytes() == b"one"
    with pytest.raises(InputError, match="does not exist"):
        copy_file(tmp_path / "nowhere.mp4", folder)
    with pytest.raises(InputError, match="not a file"):
        copy_file(tmp_path, folder)
