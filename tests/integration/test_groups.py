"""Groups: as one file in the film's order, as parts, named, taken apart."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import av
import numpy as np
import pytest
from flask import Flask
from sqlalchemy import Engine
from werkzeug.test import TestResponse

from heaters_pipeline.db import (
    clip_exports,
    clip_work,
    clips,
    group_exports,
    handed,
    handovers,
    profiles,
    source_videos,
)
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.db.group_exports import Missing
from heaters_pipeline.domain.cut_points import FrameRange
from heaters_pipeline.domain.decisions import APPROVE, SKIP, Action, Group, Mark, Ungroup
from heaters_pipeline.domain.errors import HeatersError, InputError
from heaters_pipeline.domain.handover import MANIFEST, Handover, arguments_of
from heaters_pipeline.domain.profiles import BUILT_IN, Groups
from heaters_pipeline.domain.states import EXPORT
from heaters_pipeline.domain.timeline import Medium
from heaters_pipeline.media.clips import joined_range
from heaters_pipeline.media.clips.export import export_clip
from heaters_pipeline.media.clips.gold_range import GoldRange
from heaters_pipeline.media.ffmpeg.process import file_url
from heaters_pipeline.settings import get_settings
from heaters_pipeline.work.datasets import Recipe, make_dataset
from heaters_pipeline.work.give_up import give_up_exports
from heaters_pipeline.work.gold_master import open_gold_master
from heaters_pipeline.work.handover import hand_over
from heaters_pipeline.work.ingest import ingest
from heaters_pipeline.work.library import export_clips
from heaters_pipeline.work.objects import delete_due
from heaters_pipeline.work.pipeline import Pipeline, open_pipeline
from heaters_pipeline.work.timelines import write_timeline
from tests.decisions import annotate, decide, live, undo
from tests.footage import STALL_SECONDS, NumberedFilm, make_numbered_film, read_number
from tests.integration.test_media_footage import ingest as ingest_film
from tests.made_once import Worlds
from tests.proofs import prove
from tests.reviewer import Reviewer
from tests.rows import ready_video

ARCHIVE = BUILT_IN["archive"]


@dataclass(frozen=True)
class World:
    """A film of four clips of 15 frames: the first three are a group, all are exported."""

    work: Pipeline
    key: str
    clips: list[int]

    def ranges(self, *frames: FrameRange) -> Iterator[list[GoldRange]]:
        with self.work.transaction() as session:
            video = source_videos.get(session, self.key)
        with open_gold_master(self.work, video, 1) as gold:
            yield [gold.range(each) for each in frames]

    def numbers(self) -> dict[str, list[int]]:
        """The frames that the files of the group show, by profile."""
        with self.work.transaction() as session:
            found = group_exports.of_group(session, self.clips[0])
        told = {}
        for each in found:
            assert each.error is None
            with self.work.storage.fetch(str(each.filepath)) as path:
                told[each.profile] = shown(path)
        assert len(told) == len(self.work.storage.list("groups/"))
        return told

    def parts(self, profile: str) -> list[int]:
        """The clips that have a file by the profile."""
        with self.work.transaction() as session:
            return sorted(clip_exports.of_clips(session, self.clips, profile))

    def marks(self) -> list[str]:
        with self.work.transaction() as session:
            return [each.mark for each in group_exports.due(session, 9)]

    def set(self, name: str, groups: Groups) -> None:
        with self.work.transaction() as session:
            profiles.save(session, name, replace(BUILT_IN[name], groups=groups))


def shown(path: Path) -> list[int]:
    with av.open(file_url(path)) as container:
        return [
            read_number(frame.to_ndarray(format="rgb24")) for frame in container.decode(video=0)
        ]


FILM = NumberedFilm(60, (15, 30, 45), size=(64, 36))


def make_world(work: Pipeline, film: Path) -> tuple[str, list[int]]:
    """The film's key and its clips: a group of three, and one alone."""
    key = ingest(work, str(film)).key
    with work.transaction() as session:
        ids = [clip.id for clip in clips.of_video(session, 1)]
    for clip_id in ids[1:3]:
        decide(work.engine, clip_id, Group())
    decide(work.engine, ids[3], APPROVE)
    assert export_clips(work, key).batch.done == ids
    return key, ids


@pytest.fixture
def world(pipeline: Engine, film_file: Path, worlds: Worlds) -> World:
    work = open_pipeline(pipeline, get_settings())
    key, ids = worlds.fill(work, make_world, film_file)
    return World(work, key, [*ids])


def test_a_group_becomes_the_files_that_its_profiles_say(world: World) -> None:
    first, second, third, other = world.clips
    assert world.numbers() == {}, "the usual profile makes parts"
    world.set("delivery", Groups.BOTH)
    with world.work.transaction() as session:
        (due,) = group_exports.due(session, 9)
        profiles.use(session, "archive", video_key=world.key, label=None)
    assert due.video_key == world.key
    world.set("archive", Groups.ONE)
    exported = export_clips(world.work, world.key)
    assert (len(exported.groups.made), exported.groups.failed) == (2, {})
    assert world.numbers() == {name: list(range(45)) for name in ("delivery", "archive")}
    assert world.parts("delivery") == world.clips
    assert world.parts("archive") == [other], "one file in place of its parts"
    assert export_clips(world.work, world.key).groups.made == []

    decide(world.work.engine, second, SKIP)
    assert world.work.storage.list("groups/") != []
    delete_due(world.work)
    assert world.numbers() == {}
    assert len(export_clips(world.work, world.key).groups.made) == 2
    assert world.numbers()["archive"] == [*range(15), *range(30, 45)]
    decide(world.work.engine, third, Ungroup())
    delete_due(world.work)
    assert world.numbers() == {}
    export_clips(world.work, world.key)
    assert world.parts("archive") == [first, third, other]


def test_the_last_of_a_group_gets_the_file_that_the_group_has_no_more(world: World) -> None:
    first, second, third, other = world.clips
    with world.work.transaction() as session:
        profiles.use(session, "archive", video_key=world.key, label=None)
    world.set("archive", Groups.ONE)
    export_clips(world.work, world.key)
    assert world.parts("archive") == [other]
    for clip_id in (first, second):
        decide(world.work.engine, clip_id, SKIP)
    export_clips(world.work, world.key)
    assert world.parts("archive") == [third, other]


def test_a_clip_keeps_its_own_file_where_the_profile_is_not_for_its_group(world: World) -> None:
    first, second, _, _ = world.clips
    with world.work.transaction() as session:
        profiles.use(session, "archive", video_key=None, label="social")
    world.set("archive", Groups.ONE)
    annotate(world.work.engine, second, labels=["social"])
    export_clips(world.work, world.key)
    assert (world.parts("archive"), world.numbers()) == ([second], {})
    annotate(world.work.engine, first, labels=["social"])
    export_clips(world.work, world.key)
    assert world.numbers() == {"archive": list(range(45))}


def test_a_group_with_one_file_is_handed_over_as_that_file(world: World, tmp_path: Path) -> None:
    work = world.work
    first, second, third, other = world.clips
    with work.transaction() as session:
        profiles.use(session, "web", video_key=world.key, label=None)
    world.set("web", Groups.ONE)
    export_clips(work, world.key)
    chosen = arguments_of(f"{other},{second},{third}")

    copied = hand_over(work, chosen, str(tmp_path / "out"), actor="ann", profile="web")
    assert [each.clip_ids for each in copied.handover.clips] == [(other,), (first, second, third)]
    assert copied.handover.left_out == []
    whole = copied.handover.clips[1]
    assert whole.file.seconds == pytest.approx(45 / 25)
    assert shown(tmp_path / "out" / whole.file.name) == list(range(45))
    described = json.loads((tmp_path / "out" / MANIFEST).read_text())["clips"]
    assert described[1]["group"]["clip_ids"] == [first, second, third]
    assert [each["source"]["url"] for each in described] == [None, None], "a path of this machine"
    again = hand_over(work, chosen, str(tmp_path / "out"), actor="ann", profile="web")
    assert again.new == 0
    with work.transaction() as session:
        assert sorted(handovers.of_clips(session, world.clips)) == world.clips

    out = tmp_path / "reel.fcpxml"
    write_timeline(work, out, chosen, medium=Medium.EXPORTS, profile="web")
    assert out.read_text().count("<asset-clip") == 2
    write_timeline(work, out, chosen, medium=Medium.SOURCE, profile="web")
    assert out.read_text().count("<asset-clip") == 3, "of the film, each clip by itself"

    made = make_dataset(work, tmp_path / "set", chosen, Recipe("webdataset", profile="web"))
    assert made.counts.clips.total() == 2


def test_an_older_file_stays_where_a_newer_one_fails(world: World) -> None:
    world.set("delivery", Groups.BOTH)
    export_clips(world.work, world.key)
    before = world.numbers()
    with world.work.transaction() as session:
        changed = replace(BUILT_IN["delivery"], groups=Groups.BOTH, quality=14)
        profiles.save(session, "delivery", changed)
        (lacking,) = group_exports.missing(session, world.key)
        group_exports.fail(session, lacking, "No disk.")
        assert group_exports.missing(session, world.key) == []
    delete_due(world.work)
    with world.work.transaction() as session:
        (made,) = group_exports.of_group(session, world.clips[0])
        assert made.error == "No disk."
        assert made.filepath is not None and world.work.storage.exists(made.filepath)
        group_exports.retry(session, world.clips[0])
        older = made.filepath
    export_clips(world.work, world.key)
    delete_due(world.work)
    assert world.numbers() == before
    assert not world.work.storage.exists(older)


def test_an_older_file_of_a_group_is_not_handed_over(world: World) -> None:
    first, second, third, other = world.clips
    with world.work.transaction() as session:
        profiles.use(session, "web", video_key=world.key, label=None)
    world.set("web", Groups.ONE)
    export_clips(world.work, world.key)

    def found() -> Handover:
        with world.work.transaction() as session:
            chosen = handed.selection(session, {"ids": ",".join(map(str, world.clips))})
            return handed.handover(session, chosen, profile="web")

    assert [each.clip_ids for each in found().clips] == [(first, second, third), (other,)]
    with world.work.transaction() as session:
        profiles.save(session, "web", replace(BUILT_IN["web"], groups=Groups.ONE, quality=30))
    assert found().sentence == (
        f"4 of 4 clips left out: clips {first}, {second}, {third}, {other} "
        "(waiting for a new file)."
    )
    with world.work.transaction() as session:
        (lacking,) = group_exports.missing(session, world.key)
        group_exports.fail(session, lacking, "No disk.")
    assert {each.clip_id for each in found().left_out if each.why == "a new file failed"} == {
        *world.clips[:3]
    }
    with world.work.transaction() as session:
        group_exports.retry(session, first)
    export_clips(world.work, world.key)
    assert [each.clip_ids for each in found().clips] == [(first, second, third), (other,)]


def test_a_run_for_groups_is_asked_for_once_and_again_after_whatever_may_help(
    world: World,
) -> None:
    work = world.work
    world.set("delivery", Groups.BOTH)
    first = world.marks()
    assert len(first) == 1
    _, others = ready_video(work.engine, "other")
    for clip in others:
        decide(work.engine, clip, APPROVE)
    with work.transaction() as session:
        elsewhere = Missing(others[0].id, "delivery", "basis", [clip.id for clip in others])
        group_exports.fail(session, elsewhere, "It is damaged.")
    assert world.marks() == first, "what is made of another video changes nothing"
    decide(work.engine, world.clips[1], Mark(Action.ARCHIVE))
    undo(work.engine)
    second = world.marks()
    assert second != first, "the run may have met the group without the clip"
    with work.video_lock(world.key):
        assert world.marks() == [], "a run is at work on it"
        give_up_exports(work.engine, world.key, 0, "The run died.")
    (third,) = world.marks()
    assert third not in {*first, *second}, "another run's work does not fail"
    give_up_exports(work.engine, world.key, 0, "The run died.")
    assert world.marks() == []


def test_the_proof_finds_a_wrong_seam_and_no_click_is_heard(world: World, tmp_path: Path) -> None:
    ranges = FrameRange(0, 10), FrameRange(20, 30), FrameRange(30, 37)
    for right in world.ranges(*joined_range.together(ranges)):
        whole = joined_range.joined(right)
        assert isinstance(whole, joined_range.JoinedRange)
        assert len(whole.parts) == 2, "neighbours have no seam"
        out = tmp_path / "group.mp4"
        receipt = export_clip(whole, out, stall_seconds=STALL_SECONDS)
        assert receipt["frame_count"] == 27
        assert shown(out) == [*range(10), *range(20, 37)]
        assert loudest_jump(out, 10 / 25) < 0.02
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(joined_range, "FADE_SECONDS", 0.0001)
            export_clip(whole, tmp_path / "hard.mp4", stall_seconds=STALL_SECONDS)
        assert loudest_jump(tmp_path / "hard.mp4", 10 / 25) > loudest_jump(out, 10 / 25)
    wrong = [
        (FrameRange(0, 10), FrameRange(21, 38)),
        (FrameRange(0, 9), FrameRange(20, 38)),
        (FrameRange(0, 10), FrameRange(40, 57)),
    ]
    for altered in wrong:
        for parts in world.ranges(*altered):
            with pytest.raises(HeatersError, match="is not the clip"):
                prove(joined_range.joined(parts), out)


@pytest.mark.parametrize("audio", [True, False])
def test_parts_of_an_uneven_film_follow_one_another(audio: bool, tmp_path: Path) -> None:
    """Each is shown for as long as in the film: the export's proof compares all times."""
    ticks = [number * 3600 + number % 3 * 1000 for number in range(60)]
    sound = {"audio_codec": "pcm_s16le"} if audio else {"audio": False}
    film = make_numbered_film(tmp_path / "film.mkv", 60, (64, 36), ticks=ticks, **sound)
    made = ingest_film(film, tmp_path)
    parts = [made.range(begin, end) for begin, end in ((0, 10), (20, 30), (31, 32), (40, 50))]
    out = tmp_path / "joined.mp4"
    export_clip(joined_range.joined(parts), out, stall_seconds=STALL_SECONDS)
    assert shown(out) == [number for part in parts for number in range(*part.frames)]


def loudest_jump(path: Path, seconds: float) -> float:
    """The largest change of the curvature of the audio within 3 ms of a time: a click bends it."""
    with av.open(file_url(path)) as container:
        rate = container.streams.audio[0].rate
        samples = np.concatenate(
            [frame.to_ndarray()[0] for frame in container.decode(audio=0)], dtype=np.float64
        )
    at, near = round(seconds * rate), round(0.003 * rate)
    return float(np.abs(np.diff(samples[at - near : at + near], 2)).max())


def test_a_group_is_taken_apart_and_put_together_again(engine: Engine) -> None:
    video, (first, second, third) = ready_video(engine, cuts=[10, 50])
    decide(engine, second, Group())
    decide(engine, third, Group())

    def groups() -> list[int | None]:
        return [clip.grouped_with_clip_id for clip in live(engine, video)]

    assert groups() == [None, first.id, first.id]
    decide(engine, second, Ungroup())
    assert groups() == [None, None, None]
    assert {clip.state for clip in live(engine, video)} == {"review_approved"}
    with pytest.raises(InputError, match="in no group"):
        decide(engine, second, Ungroup())
    undo(engine)
    assert groups() == [None, first.id, first.id]


def test_why_a_group_has_no_file_is_told(app: Flask, engine: Engine) -> None:
    video, (first, second, _) = ready_video(engine, cuts=[10, 50])
    decide(engine, second, Group())
    page = app.test_client()
    assert "failed" not in page.get("/groups").text
    with transaction(engine) as session:
        clip_work.claim(session, video.id, EXPORT, 0)
        clip_work.fail(session, second.id, EXPORT, "The bucket refused.")
    told = page.get(f"/groups/{first.id}").text
    assert "could not be exported, so there is no file of the whole group: The bucket re" in told
    assert "failed" in page.get("/groups").text
    with transaction(engine) as session:
        clip_work.retry(session, second.id)
    assert "failed" not in page.get("/groups").text
    with transaction(engine) as session:
        lacking = Missing(first.id, "delivery", "basis", [first.id, second.id])
        group_exports.fail(session, lacking, "No disk.")
    assert "failed" in page.get("/groups").text
    assert "delivery: No disk." in page.get(f"/groups/{first.id}").text


def test_the_page_of_a_group_names_it_tries_again_and_takes_it_apart(
    app: Flask, world: World, tmp_path: Path
) -> None:
    first, second, third, other = world.clips
    world.set("delivery", Groups.BOTH)
    export_clips(world.work, world.key)
    page = Reviewer(app)

    def told() -> str:
        return page.client.get(f"/groups/{third}").text

    def send(deed: str, clip_id: int = second, **fields: object) -> TestResponse:
        data = {"csrf_token": page.token, **fields}
        return page.client.post(f"/groups/{clip_id}/{deed}", data=data)

    assert f"Group of clip {first}" in told()
    proof = r"Read back: 45 of 45 frames, \d+\.\d dB at worst, audio -?\d ms off</p>"
    assert re.search(proof, told()) and re.search(r"profile \w{12} · ffmpeg \S+ · ", told())
    answer = send("name", name="  The   opening ")
    assert (answer.status_code, answer.location) == (303, f"/groups/{second}")
    assert "The group is called The opening." in told()
    refused = send("name", name="a" * 81)
    assert refused.status_code == 400 and "has 80 characters at most" in refused.text
    assert "<h1>The opening <span" in told()
    send("name", name=" ")
    assert "The group has no name." in told() and f"<h1>Group of clip {first} <span" in told()

    saved = page.client.get(f"/groups/{third}/delivery?download")
    assert (
        saved.headers["Content-Disposition"] == f"attachment; filename=group-{first}-delivery.mp4"
    )
    (tmp_path / "group.mp4").write_bytes(saved.data)
    assert shown(tmp_path / "group.mp4") == list(range(45))
    opened = page.client.get(f"/groups/{first}/delivery").headers["Content-Disposition"]
    assert opened.startswith("inline")
    lacking = page.client.get(f"/groups/{first}/archive")
    assert lacking.status_code == 404 and "has no file of the profile archive" in lacking.text
    alone = page.clip(other)["version"]
    for deed, status in (("name", 404), ("again", 404), ("apart", 400)):
        refused = send(deed, other, name="x", version=alone)
        assert refused.status_code == status and "is in no group" in refused.text

    assert "Try again" not in told()
    with world.work.transaction() as session:
        changed = replace(BUILT_IN["delivery"], groups=Groups.BOTH, quality=14)
        profiles.save(session, "delivery", changed)
        (missing,) = group_exports.missing(session, world.key)
        group_exports.fail(session, missing, "No disk.")
    assert "delivery (the file above is an older one): No disk." in told()
    assert "Try again" in told() and world.marks() == []
    assert send("again").status_code == 303
    assert len(world.marks()) == 1 and "The files that failed are made again." in told()

    version = page.clip(second)["version"]
    assert send("apart", version=version - 1).status_code == 409
    answer = send("apart", version=version)
    assert (answer.status_code, answer.location) == (303, f"/clips/{first}")
    shown_first = page.client.get(answer.location).text
    assert "its 3 clips stay, each by itself" in shown_first
    assert "taken out of its group" in shown_first
    assert page.client.get(f"/groups/{second}").status_code == 404
    page.post("/api/v1/undo", {})
    assert f"Group of clip {first}" in told()
