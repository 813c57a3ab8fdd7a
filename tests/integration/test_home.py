"""The home is nobody else's."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from heaters_pipeline.files.home import KEPT, private_files, private_home
from heaters_pipeline.files.scratch import scratch_folder


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_a_home_that_lay_open_is_closed(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    for name in KEPT:
        (home / name).mkdir() if "." not in name else (home / name).touch()
        (home / name).chmod(0o775)
    (home / "mine.txt").touch(mode=0o644)
    (home / "mine.txt").chmod(0o644)
    home.chmod(0o777)
    private_home(home)
    # Who can't read it may pass through it where the database runs as another user.
    assert mode(home) == (0o701 if os.geteuid() == 0 else 0o700)
    assert {name: mode(home / name) for name in KEPT} == dict.fromkeys(KEPT, 0o700)
    assert mode(home / "mine.txt") == 0o644


def test_a_new_home_is_closed_and_so_is_what_is_made_in_it(tmp_path: Path) -> None:
    home = tmp_path / "home"
    private_home(home)
    assert mode(home) == 0o700
    with scratch_folder(home) as folder:
        assert mode(folder.parent) == 0o700
    with private_files():
        (home / "file").touch()
        (home / "folder").mkdir()
    assert (mode(home / "file"), mode(home / "folder")) == (0o600, 0o700)
    (home / "later").touch()
    assert mode(home / "later") & 0o077, "the umask of before is back"


def test_a_home_of_somebody_else_is_let_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    tmp_path.chmod(0o755)
    monkeypatch.setattr(Path, "chmod", refuse)
    private_home(tmp_path)
