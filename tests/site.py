"""A web site with videos of every kind that a downloader meets, on 127.0.0.1.

Addresses (all below `Site.address`; `Site.url` joins):

    film.mp4                 one file, 640x360, with audio
    dash/manifest.mpd        DASH: 640x360 and 320x180, audio apart, in fragments
    dash/master.m3u8         the same fragments as HLS
    ts/film.m3u8             HLS of MPEG-TS fragments, audio within
    listed.mpd               DASH of whole files: 640x360, 320x180, audio apart
    worse.mpd                the same; the best, 640x360, answers 404
    short-sound.mpd          the audio ends 4 s before the video
    long-short-sound.mpd     a minute of it, without its length
    broken-best.mpd          the best can't be decoded, the next can
    broken.mpd               the only video can't be decoded
    claims.mpd               lists 2160 lines and 60 frames per second, sends 640x360 at 25
    feed.rss, videos.html    lists of three videos
    one-video.html           a page with one
    live.m3u8                a live stream
    inward.m3u8              one fragment on 169.254.169.254
    encrypted.m3u8           a stream that yt-dlp would give to ffmpeg to fetch
    text.mp4                 a list of local files that calls itself a video
    page.html                a page without a video
    error.mp4                answers 500
    members/film.mp4         answers 403 without the cookie member=yes
    to/<address>             redirects to it

A path may begin with a way of serving, which relative addresses in manifests keep:

    slow/..                  at Site.bytes_per_second
    stall/..                 half of each media file, then nothing, while Site.stalls
    drop/..                  a third of each request for a media file, then the connection ends;
                             from the third request on (of a fragment, the second) all of it
    no-ranges/..             whole files only
"""

from __future__ import annotations

import re
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import unquote

from heaters_pipeline.media.download.fetch import download
from heaters_pipeline.media.download.look_up import WebVideo, look_up
from heaters_pipeline.media.download.options import DownloadOptions
from heaters_pipeline.media.ffmpeg.process import ffmpeg_binary
from tests.footage import make_numbered_film

FRAMES = 150
SECONDS = 6
MEDIA = {".mp4": "video/mp4", ".m4a": "audio/mp4", ".m4s": "video/mp4", ".ts": "video/mp2t"}
PAGES = {
    ".mpd": "application/dash+xml",
    ".m3u8": "application/vnd.apple.mpegurl",
    ".rss": "application/rss+xml",
    ".html": "text/html",
}
WAYS = ("slow", "stall", "drop", "no-ranges")
BLOCK = 4096

OPEN = DownloadOptions(allowed_networks=(ip_network("127.0.0.0/8"),), stall_seconds=20)
"""Downloads may reach the site."""


@dataclass
class Site:
    address: str
    folder: Path
    bytes_per_second: int = 400_000
    stalls: bool = True
    hangs: bool = False
    """Requests get no answer."""
    fails: int | None = None
    """The status of all answers; None: that of the address."""
    retry_after: str | None = None
    """The header of these."""
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    """Path and Range header of every request."""

    def url(self, path: str) -> str:
        return f"{self.address}/{path}"


@contextmanager
def test_site(folder: Path, port: int = 0) -> Iterator[Site]:
    """Serves the media that `make_site` has put into `folder`; at any port, unless one is named."""
    server = _Server(("127.0.0.1", port), _Handler)
    server.site = Site(f"http://127.0.0.1:{server.server_port}", folder)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server.site
    finally:
        server.closing.set()
        server.shutdown()
        thread.join()
        server.server_close()


test_site.__test__ = False  # type: ignore[attr-defined]


def download_into(url: str, folder: Path) -> None:
    """Downloads `url`, in a process of its own that a test may kill."""
    video = look_up(url, OPEN)
    assert isinstance(video, WebVideo)
    download(video, folder, OPEN)


def results(folder: Path) -> list[Path]:
    """The files in the folder of a download, without the notes on results."""
    return [each for each in folder.iterdir() if each.suffix != ".json"]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    site: Site

    def __init__(self, *args: object) -> None:
        super().__init__(*args)
        self.closing = threading.Event()

    def handle_error(self, *args: object) -> None:
        """Clients hang up here all the time."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, *args: object) -> None: ...

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path = unquote(self.path.lstrip("/").partition("?")[0])
        asked = self.headers.get("Range")
        self.server.site.asked.append((path, asked))
        if self.server.site.hangs:
            self.server.closing.wait(60)
            self.close_connection = True
            return None
        if self.server.site.fails is not None:
            return self._status(self.server.site.fails)
        way, _, rest = path.partition("/")
        way, path = (way, rest) if way in WAYS else ("", path)
        if path.startswith("to/"):
            self.send_response(302)
            self.send_header("Location", path.removeprefix("to/"))
            return self._empty()
        if path == "error.mp4":
            return self._status(500)
        if path.startswith("members/"):
            if "member=yes" not in self.headers.get("Cookie", ""):
                return self._status(403)
            path = path.removeprefix("members/")
        file = self.server.site.folder / path
        if ".." in path.split("/") or not file.is_file():
            return self._status(404)
        if file.suffix in MEDIA:
            return self._media(path, way, None if way == "no-ranges" else asked)
        body = file.read_text().replace("ADDRESS", self.server.site.address).encode()
        self._head(200, PAGES[file.suffix], len(body))
        self._write(body)

    def _status(self, code: int) -> None:
        self.send_response(code)
        if wish := self.server.site.retry_after:
            self.send_header("Retry-After", wish)
        self._empty()

    def _empty(self) -> None:
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _head(self, code: int, kind: str, size: int, *more: tuple[str, str]) -> None:
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(size))
        for name, value in more:
            self.send_header(name, value)
        self.end_headers()

    def _media(self, path: str, way: str, asked: str | None) -> None:
        file = self.server.site.folder / path
        body = file.read_bytes()
        kind, first, last = MEDIA[file.suffix], 0, len(body) - 1
        dated = ("Last-Modified", formatdate(file.stat().st_mtime, usegmt=True))
        if asked and (found := re.fullmatch(r"bytes=(\d+)-(\d*)", asked)):
            first, last = int(found[1]), min(int(found[2] or last), last)
            if first > last:
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(body)}")
                return self._empty()
            place = ("Content-Range", f"bytes {first}-{last}/{len(body)}")
            self._head(206, kind, last + 1 - first, dated, place)
        else:
            self._head(200, kind, len(body), dated)
        part = body[first : last + 1]
        if way == "stall" and self.server.site.stalls:
            self._write(body[first : len(body) // 2])
            self.server.closing.wait(60)
            self.close_connection = True
        elif way == "drop":
            times = sum(each == f"drop/{path}" for each, _ in self.server.site.asked)
            sent = len(part) // 3 if times < (2 if file.suffix == ".m4s" else 3) else len(part)
            self._write(part[:sent])
            self.close_connection = sent < len(part)
        elif way == "slow":
            self._slowly(part)
        else:
            self._write(part)

    def _slowly(self, part: bytes) -> None:
        began = time.monotonic()
        for place in range(0, len(part), BLOCK):
            due = began + place / self.server.site.bytes_per_second
            if self.server.closing.wait(max(0.0, due - time.monotonic())):
                return
            self._write(part[place : place + BLOCK])

    def _write(self, body: bytes) -> None:
        if self.command != "HEAD":
            with suppress(ConnectionError):
                self.wfile.write(body)
                self.wfile.flush()


def make_site(folder: Path) -> None:
    """Makes the media in a new folder."""
    folder.mkdir(parents=True)
    options = {"preset": "ultrafast", "crf": "30", "bf": "2", "g": "25"}
    film = make_numbered_film(folder / "film.mp4", FRAMES, (640, 360), options=options)
    small = make_numbered_film(folder / "180.mp4", FRAMES, (320, 180), audio=False, options=options)
    _ffmpeg("-i", film, "-an", "-c", "copy", folder / "360.mp4")
    _ffmpeg("-i", film, "-vn", "-c", "copy", folder / "audio.m4a")
    _ffmpeg("-i", film, "-vn", "-t", "2", "-c", "copy", folder / "short.m4a")
    _ffmpeg("-stream_loop", "9", "-i", folder / "360.mp4", "-c", "copy", folder / "long.mp4")
    whole = bytearray((folder / "360.mp4").read_bytes())
    start = whole.index(b"mdat") + 4
    end = whole.find(b"moov", start) - 4
    end = end if end > start else len(whole)
    whole[start:end] = b"\xff" * (end - start)
    (folder / "undecodable.mp4").write_bytes(whole)
    (folder / "dash").mkdir()
    _ffmpeg(
        *("-i", film, "-i", small, "-map", "0:v", "-map", "1:v", "-map", "0:a", "-c", "copy"),
        *("-f", "dash", "-seg_duration", "1", "-hls_playlist", "1"),
        *("-adaptation_sets", "id=0,streams=v id=1,streams=a", folder / "dash" / "manifest.mpd"),
    )
    (folder / "ts").mkdir()
    _ffmpeg(
        *("-i", film, "-c", "copy", "-f", "hls", "-hls_time", "1", "-hls_playlist_type", "vod"),
        folder / "ts" / "film.m3u8",
    )
    best, next_best = _video("360.mp4", 360), _video("180.mp4", 180)
    never = _video("undecodable.mp4", 360, "hvc1.1.6.L93.90")
    for name, representations in {
        "listed": (best, next_best, _audio("audio.m4a")),
        "worse": (
            _video("gone.mp4", 360, "av01.0.05M.08"),
            next_best,
            _audio("audio.m4a"),
        ),
        "short-sound": (best, _audio("short.m4a")),
        "broken-best": (never, next_best, _audio("audio.m4a")),
        "broken": (_video("undecodable.mp4", 360), _audio("audio.m4a")),
        "claims": (_video("360.mp4", 2160, rate=60), _audio("audio.m4a")),
    }.items():
        (folder / f"{name}.mpd").write_text(_manifest(*representations))
    long = _manifest(_video("long.mp4", 360), _audio("short.m4a"))
    untold = long.replace(f"mediaPresentationDuration='PT{SECONDS}S'", "")
    (folder / "long-short-sound.mpd").write_text(untold)
    _make_pages(folder)


def _make_pages(folder: Path) -> None:
    names = ("film.mp4", "listed.mpd", "ts/film.m3u8")
    items = "".join(
        f"<item><title>Film {n}</title><enclosure url='ADDRESS/{name}'/></item>"
        for n, name in enumerate(names)
    )
    (folder / "feed.rss").write_text(
        f"<rss version='2.0'><channel><title>Films</title>{items}</channel></rss>"
    )
    tags = [f"<video src='/film.mp4?{n}' width='640'></video>" for n in range(3)]
    page = "<!DOCTYPE html><html><title>Three films</title><body>{}</body></html>"
    (folder / "videos.html").write_text(page.format("".join(tags)))
    (folder / "one-video.html").write_text(page.format(tags[0]))
    (folder / "live.m3u8").write_text(
        "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXT-X-MEDIA-SEQUENCE:7\n#EXTINF:1,\nts/film0.ts\n"
    )
    (folder / "inward.m3u8").write_text(
        "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXT-X-PLAYLIST-TYPE:VOD\n#EXTINF:1,\nts/film0.ts\n"
        "#EXTINF:1,\nhttp://169.254.169.254/film1.ts\n#EXT-X-ENDLIST\n"
    )
    (folder / "encrypted.m3u8").write_text(
        "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXT-X-PLAYLIST-TYPE:VOD\n"
        '#EXT-X-KEY:METHOD=SAMPLE-AES,URI="key"\n#EXTINF:1,\nts/film0.ts\n#EXT-X-ENDLIST\n'
    )
    (folder / "text.mp4").write_text(
        "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:///etc/hostname\n#EXT-X-ENDLIST\n"
    )
    (folder / "page.html").write_text(page.format("No film here."))


def _manifest(*representations: str) -> str:
    return (
        "<?xml version='1.0'?><MPD xmlns='urn:mpeg:dash:schema:mpd:2011' type='static' "
        f"profiles='urn:mpeg:dash:profile:isoff-on-demand:2011' "
        f"mediaPresentationDuration='PT{SECONDS}S'><Period>{''.join(representations)}</Period>"
        "</MPD>"
    )


def _video(name: str, height: int, codec: str = "avc1.64001e", rate: int = 25) -> str:
    return (
        f"<AdaptationSet mimeType='video/mp4'><Representation id='v{height}' codecs='{codec}' "
        f"width='{height * 16 // 9}' height='{height}' frameRate='{rate}' "
        f"bandwidth='{height * 1000}'><BaseURL>{name}</BaseURL></Representation></AdaptationSet>"
    )


def _audio(name: str) -> str:
    return (
        "<AdaptationSet mimeType='audio/mp4'><Representation id='audio' codecs='mp4a.40.2' "
        f"audioSamplingRate='48000' bandwidth='128000'><BaseURL>{name}</BaseURL>"
        "</Representation></AdaptationSet>"
    )


def _ffmpeg(*arguments: str | Path) -> None:
    command = [ffmpeg_binary(), "-v", "error", "-nostdin", *map(str, arguments)]
    subprocess.run(command, check=True)
