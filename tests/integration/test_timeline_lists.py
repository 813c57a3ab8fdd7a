"""Which clips of a selection are on its timelines: the same by the command and on the page."""

from __future__ import annotations

import json
import re
import zipfile
from io import BytesIO
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from flask import Flask
from sqlalchemy import Engine

from heaters_pipeline.cli import main
from heaters_pipeline.db import collections
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.db.models import Clip, SourceVideo
from heaters_pipeline.domain.clip_pipeline import ClipPipeline
from heaters_pipeline.domain.decisions import ARCHIVE, SKIP, Nudge, Side, Split
from heaters_pipeline.domain.handover import arguments_of
from heaters_pipeline.domain.states import ClipState, SourceState
from heaters_pipeline.storage import LocalStorage
from tests.decisions import decide
from tests.handover import export
from tests.rows import ready_video


@pytest.fixture
def ids(engine: Engine, storage: LocalStorage, tmp_path: Path) -> list[int]:
    """Clips of a film: one in the library, one pending, one skipped, one archived, one that was
    split, and its two parts."""
    _, clips = ready_video(engine, cuts=(10, 20, 30, 40))
    exported, pending, skipped, archived, whole = (clip.id for clip in clips)
    export(engine, storage, tmp_path, exported)
    decide(engine, skipped, SKIP)
    decide(engine, archived, ARCHIVE)
    parts = decide(engine, whole, Split((70,))).clips
    found = [exported, pending, skipped, archived, whole, *(each.id for each in parts)]
    return list(dict.fromkeys(found))


@pytest.fixture
def kept(engine: Engine, ids: list[int]) -> str:
    with transaction(engine) as session:
        made = collections.create(session, "Kept", "ann").id
        collections.put(session, made, ids, "ann")
    return "Kept"


def command(out: Path, selection: str, *options: str) -> Result:
    return CliRunner().invoke(main, ["timeline", str(out), selection, *options])


def shown(text: str) -> list[int]:
    """The clips of an OTIO timeline."""
    (track,) = json.loads(text)["tracks"]["children"]
    return [each["metadata"]["heaters"]["clip"] for each in track["children"]]


def page(app: Flask, engine: Engine, selection: str) -> tuple[dict[str, list[int]], dict[str, str]]:
    """The clips of the page's timelines, and what it says of those that are not there."""
    given = arguments_of(selection)
    if not given.get("collection", "1").isdecimal():
        with transaction(engine) as session:
            given["collection"] = str(collections.named(session, given["collection"]).id)
    answer = app.test_client().get("/handover/timelines.zip", query_string=given)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    with zipfile.ZipFile(BytesIO(answer.data)) as made:
        texts = {name: made.read(name).decode() for name in made.namelist()}
    folders = {Path(name).parent.name: text for name, text in texts.items() if ".otio" in name}
    said = {
        Path(name).parent.name: text
        for name, text in texts.items()
        if name.endswith("LEFT-OUT.txt")
    }
    return {folder: shown(text) for folder, text in folders.items()}, said


def test_the_command_and_the_page_list_the_same_clips(
    app: Flask, engine: Engine, ids: list[int], kept: str, tmp_path: Path
) -> None:
    exported, pending, skipped, archived, _, first, second = ids
    live = [exported, pending, first, second]
    named = ",".join(map(str, ids))
    for selection, films, files in (
        (kept, live, [exported]),
        (named, [exported, pending, skipped, archived, first, second], [exported]),
        ("state=skipped,archived,pending&order=time", ids[1:4] + ids[5:], []),
        (f"collection={kept}&state=skipped", [skipped], []),
        (f"clip={archived}", [archived], []),
        ("state=library", [exported], [exported]),
    ):
        result = command(tmp_path / "reel.otio", selection)
        assert result.exit_code == 0, (selection, result.output)
        assert shown((tmp_path / "reel.otio").read_text()) == films, selection
        listed, said = page(app, engine, selection)
        assert listed.pop("films") == films, selection
        assert listed == ({"files": files} if files else {}), selection
        assert result.stderr == said.get("films", ""), selection
        if files:
            result = command(tmp_path / "files.otio", selection, "--media", "exports")
            assert shown((tmp_path / "files.otio").read_text()) == files, selection
            assert result.stderr == said.get("files", ""), selection


def test_what_is_not_on_a_timeline_is_told(ids: list[int], kept: str, tmp_path: Path) -> None:
    exported, _, skipped, archived, whole, first, _ = ids
    result = command(tmp_path / "reel.otio", kept)
    assert result.stderr == (
        f"3 of 7 clips left out: clip {skipped} (skipped); clip {archived} (archived); "
        f"clip {whole} (replaced by other clips).\n"
    )
    result = command(tmp_path / "reel.otio", f"{exported},{first},99", "--media", "exports")
    assert result.stderr == (
        f"2 of 3 clips left out: clip {first} (not reviewed yet); clip 99 (there is none).\n"
    )
    assert result.stdout == f"{tmp_path / 'reel.otio'}\n"
    for options in ((), ("--media", "exports")):
        result = command(tmp_path / "none.otio", f"{whole}", *options)
        assert (result.exit_code, result.stderr) == (
            1,
            f"heaters: 1 of 1 clip left out: clip {whole} (replaced by other clips).\n",
        )
    assert not (tmp_path / "none.otio").exists()


def test_a_moved_cut_is_where_the_film_has_it(
    engine: Engine, ids: list[int], tmp_path: Path
) -> None:
    """Not where a file has it that shows the clip as it was."""
    exported, pending, *_ = ids
    with transaction(engine) as session:
        clip = session.get_one(Clip, exported)
        clip.state = ClipState.REVIEW_APPROVED
        video = session.get_one(SourceVideo, clip.source_video_id)
        video.pipeline, video.state = ClipPipeline.PHYSICAL, SourceState.SPLICED
    decide(engine, exported, Nudge(Side.NEXT, 12))
    command(tmp_path / "reel.otio", f"{exported},{pending}")
    (track,) = json.loads((tmp_path / "reel.otio").read_text())["tracks"]["children"]
    lengths = [each["source_range"]["duration"]["value"] for each in track["children"]]
    assert lengths == [12, 8]


def test_the_page_offers_timelines_of_clips_without_files(
    app: Flask, ids: list[int], kept: str
) -> None:
    text = app.test_client().get(f"/handover?ids={ids[1]}").get_data(as_text=True)
    offered = re.findall(r'href="/handover([^"?]*)\?', text)
    assert "/timelines.zip" in offered
    assert not {".zip", "/manifest.json", "/webdataset.zip"} & set(offered)
