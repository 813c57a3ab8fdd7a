"""Programs that `up` looks after: they start again for ever, and their logs stay small."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from heaters_pipeline.files import logs
from heaters_pipeline.files.logs import rotate
from heaters_pipeline.platform.processes import Child, stop_gently

CHECKOUT = Path(__file__).resolve().parents[2]


@pytest.fixture
def child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Child]]:
    """Makes one of a line of the shell, or of a command; its pauses are short."""
    monkeypatch.setattr(Child, "FIRST_PAUSE", 0.001)
    monkeypatch.setattr(Child, "LONGEST_PAUSE", 0.01)
    made: list[Child] = []

    def make(line: str, *command: str) -> Child:
        words = list(command) or ["/bin/sh", "-c", line]
        log = tmp_path / "logs" / f"{len(made)}.log"
        environment = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
        made.append(Child("code", "The code server", words, environment, log))
        return made[-1]

    yield make
    stop_gently([each.process for each in made if each.process is not None])


def look_after(child: Child, say: Callable[[str], None], until: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not until():
        assert time.monotonic() < end, "waited in vain"
        child.look_after(say)
        time.sleep(0.001)


def lines(child: Child) -> list[str]:
    return child.log.read_text().splitlines() if child.log.exists() else []


def test_what_ends_again_and_again_is_started_for_ever(
    child: Callable[..., Child], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mended = tmp_path / "mended"
    code = child(f"echo started; test -e {mended} && exec sleep 600; exit 3")
    said: list[str] = []
    look_after(code, said.append, lambda: len(lines(code)) > 3 * Child.MANY_DEATHS)
    *each, last = said
    assert len(each) == Child.MANY_DEATHS - 1
    assert all(line.startswith("The code server ended (exit code 3) and starts") for line in each)
    assert last.startswith("The code server keeps ending (exit code 3, 7 times in a row)")
    assert last.endswith("    started")

    monkeypatch.setattr(Child, "HEALTHY_SECONDS", 0.1)
    mended.touch()
    look_after(code, said.append, lambda: said[-1] == "The code server stays up again.")
    assert code.deaths == 0


def test_what_cannot_even_start_ends_nothing(child: Callable[..., Child], tmp_path: Path) -> None:
    absent = tmp_path / "program"
    code = child("", str(absent))
    said: list[str] = []
    look_after(code, said.append, lambda: code.deaths >= Child.MANY_DEATHS)
    assert "it can't start: No such file or directory" in said[0]
    absent.write_text("#!/bin/sh\nexec sleep 600\n")
    absent.chmod(0o755)
    look_after(code, said.append, lambda: code.process is not None)


def test_a_log_is_rotated_while_its_program_writes(
    child: Callable[..., Child], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "MOST_BYTES", 10_000)
    first, second = tmp_path / "first", tmp_path / "second"
    wait = "while ! test -e {}; do sleep 0.01; done"
    code = child(f"seq 5000; {wait.format(first)}; echo goes on; {wait.format(second)}")
    code.start()
    process = code.process
    kept = code.log.with_suffix(".log.1")
    look_after(code, print, lambda: kept.exists() and "5000" in kept.read_text().splitlines())
    first.touch()
    look_after(code, print, lambda: "goes on" in lines(code))
    assert lines(code)[-1] == "goes on"
    assert code.log.stat().st_size < 10_000
    assert code.process is process
    second.touch()


def test_a_warning_is_one_line_too(child: Callable[..., Child]) -> None:
    code = child(
        "",
        *(sys.executable, "-c"),
        "import warnings; from heaters_pipeline.files import logs; logs.begin('text');"
        r"warnings.warn('one\n\nforged')",
    )
    code.start()
    assert code.process is not None and code.process.wait(60) == 0
    (line,) = lines(code)
    assert r"one\n\nforged" in line


def test_rotation_follows_no_link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "MOST_BYTES", 10)
    precious = tmp_path / "precious"
    precious.write_text("precious content")
    (tmp_path / "a.log").symlink_to(precious)
    (tmp_path / "b.log").write_text("long enough to rotate")
    (tmp_path / "b.log.1").symlink_to(precious)
    for name in ("a.log", "b.log"):
        rotate(tmp_path / name)
    assert precious.read_text() == "precious content"
    assert (tmp_path / "b.log.1").read_text() == "long enough to rotate"
    assert (tmp_path / "b.log").read_text() == ""
