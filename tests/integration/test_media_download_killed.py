"""Downloads that are killed with SIGKILL end with the bytes of undisturbed ones."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from tests.children import begin
from tests.site import Site, download_into, results, test_site

pytestmark = pytest.mark.long

KINDS = {"film": "slow/film.mp4", "dash": "slow/dash/manifest.mpd", "ts": "slow/ts/film.m3u8"}
"""One piece; fragments of two streams, merged; fragments of one stream, repaired."""


@pytest.fixture(scope="module")
def site(
    tmp_path_factory: pytest.TempPathFactory, copy_site: Callable[[Path], Path]
) -> Iterator[Site]:
    with test_site(copy_site(tmp_path_factory.mktemp("site") / "media")) as site:
        site.bytes_per_second = 300_000
        yield site


class Undisturbed:
    """What a kind of download gives, and how long it takes, once per kind."""

    def __init__(self, site: Site, folder: Path) -> None:
        self._site, self._folder = site, folder
        self._known: dict[str, tuple[bytes, float]] = {}

    def __call__(self, kind: str) -> tuple[bytes, float]:
        if kind not in self._known:
            folder = self._folder / kind
            folder.mkdir()
            began = time.monotonic()
            run(start(self._site, kind, folder))
            self._known[kind] = (only_file(folder), time.monotonic() - began)
        return self._known[kind]


@pytest.fixture(scope="module")
def undisturbed(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    return Undisturbed(site, tmp_path_factory.mktemp("undisturbed"))


def start(site: Site, kind: str, folder: Path) -> BaseProcess:
    return begin(download_into, site.url(KINDS[kind]), folder)


def run(process: BaseProcess) -> None:
    process.join(120)
    assert process.exitcode == 0


def kill(process: BaseProcess) -> None:
    process.kill()
    process.join(10)


def only_file(folder: Path) -> bytes:
    (file,) = results(folder)
    return file.read_bytes()


@pytest.mark.parametrize("kind", KINDS)
def test_kills_at_random_moments_cost_nothing(
    site: Site, tmp_path: Path, undisturbed: Undisturbed, kind: str
) -> None:
    whole, seconds = undisturbed(kind)
    for moment in sorted(random.uniform(0.1, 0.6) * seconds for _ in range(4)):
        process = start(site, kind, tmp_path)
        process.join(moment)
        kill(process)
        site.asked.clear()
    run(start(site, kind, tmp_path))
    assert only_file(tmp_path) == whole


MOMENTS = {
    "film": ["parts-*/*.part", "parts-*/*.raw"],
    "dash": [
        "parts-*/*.part-Frag3",
        "parts-*/*.f0.mp4.raw",
        "parts-*/*.f2.m4a.raw",
        "parts-*/manifest.temp.mp4",
        "parts-*/manifest.mp4",
    ],
    "ts": ["parts-*/*.part-Frag4", "parts-*/*.raw", "parts-*/film.temp.mp4"],
}


@pytest.mark.parametrize(
    ("kind", "pattern"), [(kind, each) for kind, patterns in MOMENTS.items() for each in patterns]
)
def test_kills_between_two_steps_cost_nothing(
    site: Site,
    tmp_path: Path,
    undisturbed: Undisturbed,
    kind: str,
    pattern: str,
) -> None:
    """Killed twice when a file of some step appears."""
    whole, _ = undisturbed(kind)
    for _ in range(2):
        process = start(site, kind, tmp_path)
        while process.is_alive() and not any(tmp_path.glob(pattern)):
            time.sleep(0.005)
        kill(process)
    run(start(site, kind, tmp_path))
    assert only_file(tmp_path) == whole


def test_what_was_fetched_is_not_fetched_again(
    site: Site, tmp_path: Path, undisturbed: Undisturbed
) -> None:
    whole, _ = undisturbed("dash")
    process = start(site, "dash", tmp_path)
    while not any(tmp_path.glob("parts-*/*.part-Frag5")):
        assert process.is_alive()
        time.sleep(0.005)
    kill(process)
    site.asked.clear()
    run(start(site, "dash", tmp_path))
    fetched = [path for path, _ in site.asked]
    assert not any(path.endswith("chunk-stream0-00002.m4s") for path in fetched)
    assert any(path.endswith("chunk-stream0-00006.m4s") for path in fetched)
    assert only_file(tmp_path) == whole
