"""A source is one file of a format that is meant: whatever else it is or names stays closed."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import ffmpeg
import pytest

from heaters_pipeline.domain.errors import InputError
from heaters_pipeline.media.download.fetch import copy_file, download
from heaters_pipeline.media.download.look_up import WebVideo, look_up
from heaters_pipeline.media.download.merge_check import find_flaw
from heaters_pipeline.media.download.quality import measured, seconds_of
from heaters_pipeline.media.ffmpeg.probe import probe
from heaters_pipeline.media.ffmpeg.process import input_file, run
from heaters_pipeline.media.ffmpeg.timecode import NO_TIMECODE, read_timecode
from tests.footage import STALL_SECONDS, make_numbered_film, remake
from tests.site import OPEN, Site

_IN_OPEN = 0x20
_libc = ctypes.CDLL(None, use_errno=True)


@contextmanager
def untouched(path: Path) -> Iterator[None]:
    """Within, nobody opens `path`, C libraries and other programs included (inotify(7))."""
    watch = _libc.inotify_init1(os.O_NONBLOCK)
    assert watch >= 0 and _libc.inotify_add_watch(watch, os.fsencode(path), _IN_OPEN) >= 0
    try:
        yield
        with pytest.raises(BlockingIOError):
            os.read(watch, 4096)
    finally:
        os.close(watch)


LISTS: dict[str, Callable[[Path], str]] = {
    "list.m3u8": lambda film: (
        f"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n{film}\n#EXT-X-ENDLIST\n"
    ),
    "list.ffconcat": lambda film: f"ffconcat version 1.0\nfile {film.name}\n",
    "list.mpd": lambda film: (
        '<?xml version="1.0" encoding="iso-8859-1"?><!-- Prêt-à-porter -->'
        '<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT2S" '
        'profiles="urn:mpeg:dash:profile:isoff-on-demand:2011"><Period>'
        '<AdaptationSet mimeType="video/mp4"><Representation id="1" bandwidth="1">'
        f"<BaseURL>{film}</BaseURL></Representation></AdaptationSet></Period></MPD>"
    ),
}


@pytest.mark.parametrize("suffix", ["", ".mp4"])
@pytest.mark.parametrize("name", LISTS)
def test_what_a_list_names_stays_closed(name: str, suffix: str, tmp_path: Path) -> None:
    film = make_numbered_film(tmp_path / "film.mp4", 50)
    listed = tmp_path / f"{name}{suffix}"
    listed.write_text(LISTS[name](film), "latin-1")
    null = ffmpeg.output(input_file(listed), "-", format="null")
    with untouched(film):
        with pytest.raises(InputError) as caught:
            probe(listed)
        with pytest.raises(InputError):
            run(null, what="decode it", stall_seconds=STALL_SECONDS)
        assert find_flaw(listed, audio=True)
        assert measured(listed, {})["height"] is seconds_of(listed) is None
        with listed.open("rb") as file:
            assert read_timecode(file) == NO_TIMECODE
    assert str(caught.value) == (
        f"{listed.name} is a list of other files, not a video: give the video itself."
    )


def test_what_a_downloaded_list_names_stays_closed(site: Site, tmp_path: Path) -> None:
    """In an old encoding it looks like no text; yt-dlp wants to know its audio codec, and copies
    what it assembled of a stream's parts into an MP4."""
    film = make_numbered_film(tmp_path / "film.mp4", 50)
    (site.folder / "part.ts").write_text(LISTS["list.mpd"](film), "latin-1")
    (site.folder / "film.m3u8").write_text(
        "#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\npart.ts\n#EXT-X-ENDLIST\n"
    )
    found = look_up(site.url("film.m3u8"), OPEN)
    assert isinstance(found, WebVideo)
    folder = tmp_path / "download"
    folder.mkdir()
    with untouched(film), pytest.raises(InputError) as caught:
        download(found, folder, OPEN)
    assert str(caught.value) == (
        f"What {site.url('film.m3u8')} sends is in no format that Heaters opens: check the address."
    )
    assert list(folder.iterdir()) == []


def test_a_list_of_a_pipe_is_refused_at_once(tmp_path: Path) -> None:
    """To open a pipe that nobody writes to would take for ever."""
    os.mkfifo(tmp_path / "pipe.ts")
    listed = tmp_path / "film.mp4"
    listed.write_text("ffconcat version 1.0\nfile pipe.ts\n")
    with pytest.raises(InputError, match="is a list of other files"):
        probe(listed)


def test_numbered_pictures_stay_closed(tmp_path: Path) -> None:
    first = make_numbered_film(tmp_path / "film.mp4", 1)
    picture = ffmpeg.output(input_file(first), str(tmp_path / "image1.jpg"), update=1)
    run(picture, what="take a picture", stall_seconds=STALL_SECONDS)
    pattern = tmp_path / "image%d.jpg"
    pattern.write_bytes((tmp_path / "image1.jpg").read_bytes())
    null = ffmpeg.output(input_file(pattern), "-", format="null")
    with untouched(tmp_path / "image1.jpg"):
        with pytest.raises(InputError, match="stands for numbered files"):
            probe(pattern)
        with pytest.raises(InputError):
            run(null, what="decode it", stall_seconds=STALL_SECONDS)


TEXTS = {
    "film.nfo": "A film of the year 1999. \N{FULL BLOCK}\n" * 100,
    "film.txt": "root:x:0:0:root:/root:/bin/bash\n" * 40,
    "film.srt": "1\n00:00:01,000 --> 00:00:02,000\nGood evening.\n",
    "film.ass": "[Script Info]\nScriptType: v4.00+\n[Events]\n",
    "film.ffmeta": ";FFMETADATA1\ntitle=A film\n",
    "film.sdp": "v=0\r\ns=A film\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=video 5004 RTP/AVP 33\r\n",
    "film.svg": '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"></svg>',
}


@pytest.mark.parametrize("suffix", ["", ".mp4"])
@pytest.mark.parametrize("name", TEXTS)
def test_a_text_is_no_film_whatever_its_name(name: str, suffix: str, tmp_path: Path) -> None:
    text = tmp_path / f"{name}{suffix}"
    text.write_text(TEXTS[name])
    with pytest.raises(InputError) as caught:
        probe(text)
    assert str(caught.value) == (
        f"{text.name} is not a video: it holds text, check that it is the file you meant."
    )


def test_a_format_that_nobody_meant_is_refused(tmp_path: Path) -> None:
    """24 bytes of a karaoke disc's packets make a picture of any bytes that look like them."""
    disc = tmp_path / "film.cdg"
    disc.write_bytes(bytes([9, 1, *[0] * 22]) * 400)
    with pytest.raises(InputError, match="its format is none that Heaters opens"):
        probe(disc)


@pytest.mark.parametrize("open_it", [probe, lambda path: copy_file(path, path.parent / "copies")])
def test_pipes_devices_and_folders_are_no_files(
    open_it: Callable[[Path], object], tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "pipe.mp4")
    (tmp_path / "device.mp4").symlink_to("/dev/zero")
    (tmp_path / "folder.mp4").mkdir()
    for name in ("pipe.mp4", "device.mp4", "folder.mp4"):
        with pytest.raises(InputError, match="is not a file: give the path of one video"):
            open_it(tmp_path / name)


def test_files_without_end_or_bounds_are_not_copied(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"is empty \(0 bytes\)"):
        copy_file(Path("/proc/self/mem"), tmp_path)
    large = tmp_path / "film.mp4"
    large.write_bytes(b"film")
    os.truncate(large, 10**9 + 1)
    copies = tmp_path / "copies"
    copies.mkdir()
    with pytest.raises(InputError, match="raise HEATERS_MAX_SOURCE_GB to take it"):
        copy_file(large, copies, 10**9)
    assert list(copies.iterdir()) == []


def test_tags_may_be_in_any_encoding(tmp_path: Path) -> None:
    film = make_numbered_film(tmp_path / "film.mp4", 25)
    tagged = remake(film, tmp_path / "tagged.mkv", c="copy", **{"metadata:g:0": "title=Grusse"})
    content = tagged.read_bytes()
    assert b"Grusse" in content
    tagged.write_bytes(content.replace(b"Grusse", "Grüße".encode("latin-1") + b"!"))
    assert probe(tagged).height == measured(tagged, {})["height"] == 180
    assert find_flaw(tagged, audio=True) is None
    with tagged.open("rb") as file:
        assert read_timecode(file) == NO_TIMECODE


def test_facts_of_a_codec_that_nobody_knows_are_unknown(tmp_path: Path) -> None:
    film = make_numbered_film(tmp_path / "film.mp4", 25)
    film.write_bytes(film.read_bytes().replace(b"avc1", b"zzzz"))
    told = measured(film, {})
    assert (told["height"], told["vcodec"], told["acodec"]) == (None, None, "aac")
