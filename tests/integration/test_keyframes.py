"""Keyframes by rule: taken from the gold master, and anew where a rule or a reviewer says so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from heaters_pipeline.db import artifacts, clips, keyframe_rules, labels
from heaters_pipeline.db.models import Clip
from heaters_pipeline.db.scopes import Scope
from heaters_pipeline.domain.decisions import APPROVE, Annotate, Merge, Nudge, Side, Split
from heaters_pipeline.domain.errors import InputError, NotFound
from heaters_pipeline.domain.states import ClipState
from heaters_pipeline.domain.stills import ImageFormat, KeyframeRule, Strategy
from heaters_pipeline.media.ffmpeg.process import file_url
from heaters_pipeline.settings import get_settings
from heaters_pipeline.work.ingest import ingest
from heaters_pipeline.work.keyframes import take_keyframes
from heaters_pipeline.work.library import embed_clips, export_clips
from heaters_pipeline.work.objects import delete_due
from heaters_pipeline.work.pipeline import Pipeline, open_pipeline
from tests.decisions import annotate, decide, live, undo
from tests.footage import make_numbered_film, read_number
from tests.rows import ready_video, to_delete

MIDPOINT = KeyframeRule(Strategy.MIDPOINT)


@dataclass(frozen=True)
class World:
    """A film of three clips of 15 frames, all in the library."""

    work: Pipeline
    key: str
    clips: Sequence[int]

    def run(self) -> list[int]:
        """The clips that get keyframes now."""
        done = take_keyframes(self.work, self.key)
        assert done.failed == []
        assert embed_clips(self.work, self.key).batch.done == done.done
        delete_due(self.work)
        return done.done

    def renewed(self) -> list[int]:
        """The clips that get keyframes anew."""
        with self.work.transaction() as session:
            sent = keyframe_rules.send_back(session, 0, 100)
        done = self.run()
        assert len(done) == sent
        assert {clip.state for clip in self.now()} == {ClipState.EMBEDDED}
        return done

    def now(self) -> Sequence[Clip]:
        with self.work.transaction() as session:
            return clips.with_ids(session, self.clips)

    def put(
        self, rule: KeyframeRule, source_key: str | None = None, label: str | None = None
    ) -> None:
        with self.work.transaction() as session:
            keyframe_rules.put(session, Scope(source_key, label), rule)

    def frames(self) -> Mapping[int, list[int]]:
        """Keyframes by clip, each as its pixels tell its number."""
        with self.work.transaction() as session:
            found = artifacts.keyframes_of(session, self.clips)
        paths = {each.filepath for stills in found.values() for each in stills}
        assert paths == {each for each in self.work.storage.list("clips/") if "keyframe" in each}
        for stills in found.values():
            for still in stills:
                with self.work.storage.fetch(still.filepath) as path:
                    assert shown(path) == still.frame
        return {clip: [each.frame for each in stills] for clip, stills in found.items()}

    def suffixes(self) -> set[str]:
        return {
            Path(each).suffix for each in self.work.storage.list("clips/") if "keyframe" in each
        }

    def vector(self, clip_id: int) -> object:
        with self.work.engine.connect() as connection:
            return connection.scalar(
                sa.text(
                    "SELECT id FROM clip_embeddings WHERE clip_id = :id AND strategy <> 'preview'"
                ),
                {"id": clip_id},
            )


def shown(path: Path) -> int:
    with av.open(file_url(path)) as container:
        return read_number(next(container.decode(video=0)).to_ndarray(format="rgb24"))


@pytest.fixture
def world(pipeline: Engine, tmp_path: Path) -> World:
    work = open_pipeline(pipeline, get_settings())
    film = make_numbered_film(tmp_path / "film.mp4", 45, (64, 36), scenes=(15, 30), audio=False)
    key = ingest(work, str(film)).key
    with work.transaction() as session:
        ids = [clip.id for clip in clips.of_video(session, 1)]
    for clip_id in ids:
        decide(pipeline, clip_id, APPROVE)
    assert export_clips(work, key).batch.done == ids
    made = World(work, key, ids)
    assert made.run() == ids
    return made


def test_exactly_what_a_rule_or_a_reviewer_touches_is_made_anew(world: World) -> None:
    first, second, third = world.clips
    engine = world.work.engine
    usual = {first: [3, 7, 11], second: [18, 22, 26], third: [33, 37, 41]}
    assert world.frames() == usual
    assert world.renewed() == []

    vectors = {clip: world.vector(clip) for clip in world.clips}
    annotate(engine, second, chosen_frames=[29, 15])
    assert world.renewed() == [second]
    assert world.frames() == usual | {second: [15, 18, 22, 26, 29]}
    assert [world.vector(clip) == vectors[clip] for clip in world.clips] == [True, False, True]
    undo(engine)
    assert world.renewed() == [second]
    assert world.frames() == usual
    annotate(engine, second, labels=["sea"])
    assert world.renewed() == [], "no rule is for that label"

    with world.work.transaction() as session:
        labels.add(session, "sea")
    world.put(KeyframeRule(image=ImageFormat.WEBP))
    assert world.renewed() == [first, second, third]
    assert world.frames() == usual
    assert world.suffixes() == {".webp"}
    world.put(KeyframeRule(image=ImageFormat.WEBP))
    world.put(MIDPOINT, label="sea")
    assert world.renewed() == [second]
    world.put(KeyframeRule(Strategy.CHOSEN, (0, 100)), source_key=world.key)
    assert world.renewed() == [first, third], "a label's rule goes first"
    assert world.frames() == {first: [0, 14], second: [22], third: [30, 44]}
    annotate(engine, third, chosen_frames=[40])
    annotate(engine, second, labels=[])
    world.put(KeyframeRule(Strategy.SHARPEST), source_key=world.key)
    assert world.renewed() == [first, second, third]
    found = world.frames()
    assert all(len({frame % 15 // 5 for frame in found[clip]}) == 3 for clip in world.clips)
    assert 40 in found[third]
    with world.work.transaction() as session:
        keyframe_rules.remove(session, Scope(world.key))
        assert [str(scope) for scope, _ in keyframe_rules.listed(session)] == [
            *("all clips", "label sea"),
        ]
        with pytest.raises(NotFound, match="no rule for source"):
            keyframe_rules.remove(session, Scope(world.key))
    assert world.renewed() == [first, second, third]


def test_chosen_frames_stay_with_the_clip_that_has_them(engine: Engine) -> None:
    video, (first, second, _) = ready_video(engine, cuts=[10, 50])

    def chosen() -> list[list[int]]:
        return [clip.chosen_frames for clip in live(engine, video)]

    annotate(engine, first, chosen_frames=[9, 2])
    annotate(engine, second, chosen_frames=[10, 30, 49])
    assert chosen() == [[2, 9], [10, 30, 49], []]
    with pytest.raises(InputError, match="Frame 50 is not in clip 2, which has frames 10 to 49"):
        annotate(engine, second, chosen_frames=[50])
    decide(engine, second, Split([30]))
    assert chosen() == [[2, 9], [10], [30, 49], []]
    undo(engine)
    assert chosen() == [[2, 9], [10, 30, 49], []]
    decide(engine, second, Merge(Side.PREVIOUS))
    assert chosen() == [[2, 9, 10, 30, 49], []]
    undo(engine)
    decide(engine, first, Nudge(Side.NEXT, 5))
    assert chosen() == [[2], [10, 30, 49], []]
    undo(engine)
    assert chosen() == [[2, 9], [10, 30, 49], []]
    assert to_delete(engine) == set()
    assert decide(engine, first, Annotate({"chosen_frames": []})).clips[0].chosen_frames == []
