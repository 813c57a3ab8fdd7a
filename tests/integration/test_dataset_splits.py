"""No film, and nothing that is known to show the same, stands in two splits of a dataset."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import Engine

from heaters_pipeline.db import clips, embeddings, repeats, source_videos
from heaters_pipeline.domain.decisions import APPROVE
from heaters_pipeline.domain.splits import parse_shares
from heaters_pipeline.domain.vectors import LAYOUT_MODEL
from heaters_pipeline.settings import get_settings
from heaters_pipeline.work.datasets import Recipe, make_dataset
from heaters_pipeline.work.ingest import ingest
from heaters_pipeline.work.library import export_clips
from heaters_pipeline.work.pipeline import Pipeline, open_pipeline
from tests.decisions import decide
from tests.films import Film, Join, Shot
from tests.footage import remake
from tests.handover import export
from tests.rows import counted, ready_video, show_the_same

HALVES = parse_shares("train=1,test=1")
SEEDS = range(8)
Splits = dict[int, str]


@pytest.fixture
def work(pipeline: Engine) -> Pipeline:
    return open_pipeline(pipeline, get_settings())


def split(work: Pipeline, out: Path, ids: list[int], seed: int = 0, **more: object) -> Splits:
    """The split of each clip. Films may be divided, unless `more` says otherwise."""
    chosen = {"ids": ",".join(map(str, ids))}
    rules = {"shares": HALVES, "by_film": False, **more}
    make_dataset(work, out, chosen, Recipe("fiftyone", seed=seed, **rules))
    samples = json.loads((out / "samples.json").read_text())["samples"]
    return {sample["clip_id"]: sample["tags"][0] for sample in samples}


def card(out: Path) -> str:
    return (out / "README.md").read_text()


def test_clips_that_repeat_one_another_come_into_one_split(work: Pipeline, tmp_path: Path) -> None:
    """Four films of two clips, without previews: `a` is mirrored in `b`, and that one watermarked
    in `c`, which was not found to repeat `a`."""
    films = []
    for key in "abcd":
        _, own = ready_video(work.engine, key, cuts=[50])
        for clip in own:
            decide(work.engine, clip, APPROVE)
            export(work.engine, work.storage, tmp_path, clip.id)
        films.append([clip.id for clip in own])
    (a, rest), (b, _), (c, taken), (d, apart) = films
    ids = [clip for film in films for clip in film]
    show_the_same(work.engine, a, b, mirrored=True)
    show_the_same(work.engine, c, b, score=0.7)
    show_the_same(work.engine, d, rest, score=0.55)
    show_the_same(work.engine, taken, apart)
    with work.transaction() as session:
        repeats.take_apart(session, "ann", [taken, apart])

    found = [split(work, tmp_path / f"seed-{seed}", ids, seed) for seed in SEEDS]
    assert all(each[a] == each[b] == each[c] for each in found)
    assert any(each[d] != each[rest] for each in found), "less alike than a stack"
    assert any(each[taken] != each[apart] for each in found), "taken apart for good"
    assert "of 6 groups of clips" in card(tmp_path / "seed-0")
    with counted(work.engine) as sent:
        again = split(work, tmp_path / "again", ids)
    assert again == found[0]
    assert sum("FROM repeats" in statement for statement in sent) == 1
    by_film = split(work, tmp_path / "films", ids, by_film=True)
    assert {by_film[clip] for clip in (a, rest, b, c, taken)} != {by_film[d]}
    assert "of 2 groups of clips" in card(tmp_path / "films")
    # Both show all of a clip that is not in the dataset.
    without = [each for each in ids if each != b]
    for seed in SEEDS:
        found_without = split(work, tmp_path / f"without-{seed}", without, seed)
        assert found_without[a] == found_without[c]

    missing = "Without a preview: {}. Without signatures of their frames: {}."
    assert missing.format("8 clips", "8 clips") in card(tmp_path / "seed-0")
    with work.transaction() as session:
        embeddings.save(session, a, LAYOUT_MODEL, embeddings.PREVIEW, [1.0, 0.0])
        video = clips.get(session, a).source_video_id
        repeats.save_signatures(session, video, [(0, "01" * 86), (60, "10" * 86)])
    split(work, tmp_path / "some", ids)
    assert missing.format("7 clips", "6 clips") in card(tmp_path / "some")


def test_a_mirrored_film_comes_into_the_split_of_the_film(work: Pipeline, tmp_path: Path) -> None:
    """Through the pipeline: two films, one of them twice, the second time as a mirror shows it."""
    shots = Film("film", (Shot(1, 40), Shot(3, 50)), (Join("cut"),))
    film, _ = shots.write(tmp_path, 192, 108)
    other, _ = Film("other", (Shot(2, 40), Shot(4, 50)), (Join("cut"),)).write(tmp_path, 192, 108)
    mirrored = remake(film, tmp_path / "mirrored.mp4", vf="hflip")
    ids = []
    for path in (film, other, mirrored):
        report = ingest(work, str(path))
        with work.transaction() as session:
            own = [
                clip.id
                for clip in clips.of_video(session, source_videos.get(session, report.key).id)
            ]
        assert len(own) == 2
        for clip_id in own:
            decide(work.engine, clip_id, APPROVE)
        export_clips(work, report.key)
        ids.append(own)
    pairs = list(zip(ids[0], ids[2], strict=True))
    every = [clip for film in ids for clip in film]
    for seed in SEEDS:
        found = split(work, tmp_path / f"seed-{seed}", every, seed)
        assert all(found[one] == found[other] for one, other in pairs)
    assert "of 4 groups of clips" in card(tmp_path / "seed-0")
    assert "Without a preview" not in card(tmp_path / "seed-0")
