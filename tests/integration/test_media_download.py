"""Downloads through yt-dlp against a local web server, and copies."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from heaters_pipeline.domain.errors import HeatersError, InputError
from heaters_pipeline.media.download import fetch_source
from heaters_pipeline.media.probe import probe
from tests.footage import make_numbered_film


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None: ...

    def do_GET(self) -> None:
        if self.path == "/broken.mp4":
            self.send_error(500)
        else:
            super().do_GET()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    folder = tmp_path_factory.mktemp("site")
    make_numbered_film(folder / "A walk in March.mp4", 30)
    (folder / "page.html").write_text("<html><title>Words</title><p>No video here.</p></html>")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", folder
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_file_on_the_web_is_fetched_whole(site: tuple[str, Path], tmp_path: Path) -> None:
    address, folder = site
    told: list[tuple[int, int | None]] = []
    got = fetch_source(
        f"{address}/A%20walk%20in%20March.mp4", tmp_path, lambda *done: told.append(done)
    )
    assert got.path.parent == tmp_path
    assert got.title == "A walk in March"
    original = (folder / "A walk in March.mp4").read_bytes()
    assert got.path.read_bytes() == original
    assert told[-1] == (len(original), len(original))
    assert set(got.quality) == {"got", "best_listed", "format", "normalised"}
    assert set(got.quality["got"]) >= {"height", "width", "fps", "vcodec", "bitrate", "format_id"}
    assert probe(got.path).has_audio
    assert list(tmp_path.iterdir()) == [got.path]


@pytest.mark.parametrize(
    ("path", "said", "kind"),
    [
        ("/nothing.mp4", "answers 404", InputError),
        ("/broken.mp4", "answers 500", HeatersError),
        ("/page.html", "There is no video at", InputError),
    ],
)
def test_a_failed_download_is_one_sentence_and_leaves_nothing(
    site: tuple[str, Path], tmp_path: Path, path: str, said: str, kind: type[Exception]
) -> None:
    with pytest.raises(HeatersError) as caught:
        fetch_source(site[0] + path, tmp_path)
    sentence = str(caught.value)
    assert type(caught.value) is kind
    assert said in sentence and sentence.endswith(".")
    assert "ERROR" not in sentence and "report" not in sentence and "\n" not in sentence
    assert list(tmp_path.iterdir()) == []


def test_nobody_listening_is_told_plainly(tmp_path: Path) -> None:
    with pytest.raises(HeatersError, match="refuses the connection"):
        fetch_source("http://127.0.0.1:9/film.mp4", tmp_path)


@pytest.mark.parametrize("address", ["ftp://host/film.mp4", "file:///etc/passwd", "s3://b/k"])
def test_other_schemes_are_not_taken(address: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="can't be fetched"):
        fetch_source(address, tmp_path)


def test_a_local_file_is_copied_apart(tmp_path: Path) -> None:
    film = tmp_path / "-holiday: part 1.MP4"
    film.write_bytes(b"one")
    folder = tmp_path / "scratch"
    folder.mkdir()
    got = fetch_source(str(film), folder)
    assert (got.path.parent, got.title, got.quality) == (folder, "-holiday: part 1", {})
    film.write_bytes(b"two")
    assert got.path.read_bytes() == b"one"
    with pytest.raises(InputError, match="does not exist"):
        fetch_source(str(tmp_path / "nowhere.mp4"), folder)
    with pytest.raises(InputError, match="not a file"):
        fetch_source(str(tmp_path), folder)
