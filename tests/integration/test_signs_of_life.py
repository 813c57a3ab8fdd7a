"""Long work on files says that it moves on (`files.pulse`), so that nobody takes it for stuck."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from itertools import count
from pathlib import Path
from types import SimpleNamespace

import pytest

from heaters_pipeline.files import pulse
from heaters_pipeline.files.digests import file_digest
from heaters_pipeline.media.download.fetch import copy_file
from heaters_pipeline.media.ffmpeg.damage import assess
from heaters_pipeline.media.ffmpeg.probe import probe
from heaters_pipeline.storage import LocalStorage
from tests.footage import make_numbered_film, spoil

MIB = 1 << 20


@pytest.fixture
def beats(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """How many signs of life there were: the clock moves on by one with each."""
    monkeypatch.setattr(pulse, "_last", 0)
    monkeypatch.setattr(pulse, "time", SimpleNamespace(monotonic=count(1).__next__))
    return lambda: int(pulse.last_beat())


@pytest.fixture
def no_links(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))

    monkeypatch.setattr(os, "link", refuse)


@pytest.fixture
def large(tmp_path: Path) -> Path:
    path = tmp_path / "large.bin"
    path.write_bytes(os.urandom(MIB) * 20)
    return path


def test_a_file_is_copied_with_signs_of_life(
    large: Path, tmp_path: Path, beats: Callable[[], int]
) -> None:
    (tmp_path / "folder").mkdir()
    copy = copy_file(large, tmp_path / "folder")
    assert beats() >= 20
    assert copy.read_bytes() == large.read_bytes()


@pytest.mark.usefixtures("no_links")
def test_a_storage_without_hard_links_takes_a_file_with_signs_of_life(
    large: Path, tmp_path: Path, beats: Callable[[], int]
) -> None:
    storage = LocalStorage(tmp_path / "storage")
    storage.put(large, "large.bin")
    assert beats() >= 20
    with storage.fetch("large.bin") as stored:
        assert stored.read_bytes() == large.read_bytes()


def test_a_digest_is_made_with_signs_of_life(large: Path, beats: Callable[[], int]) -> None:
    file_digest(large)
    assert beats() >= 20


def test_damage_is_sought_with_signs_of_life(tmp_path: Path, beats: Callable[[], int]) -> None:
    frames = 60
    film = spoil(make_numbered_film(tmp_path / "film.ts", frames, (64, 36)), 0.4, 0.5)
    facts = probe(film)
    before = beats()
    assert assess(film, facts, range(0, frames * 3600, 3600), complaints=True)
    assert beats() - before >= frames / 2
