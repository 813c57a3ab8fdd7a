"""Cuts from the lists of other programs, to the very frame."""

from __future__ import annotations

import io
import itertools
import json
from fractions import Fraction

import pytest

from heaters_pipeline.domain.errors import InputError
from heaters_pipeline.domain.timeline import takes
from heaters_pipeline.editors.cut_list import Reading, Unit, cuts_in
from heaters_pipeline.editors.edl import write_edls
from heaters_pipeline.editors.read_cuts import read_cuts
from tests.timelines import FILMS, NTSC, clip, film, listed, shots

CUTS = [30, 61, 100, 1800, 17982, 39999]


def read(name: str, text: str, of, **told) -> list[int]:
    return cuts_in(read_cuts(name, text.encode(), of, Reading(**told)), of)


@pytest.mark.parametrize(("rate", "timecode"), FILMS)
def test_pyscenedetects_own_list_is_read_to_the_frame(rate: Fraction, timecode: str) -> None:
    pytest.importorskip("scenedetect")
    from scenedetect import FrameTimecode
    from scenedetect.output import write_scene_list

    of = listed(film(rate, timecode))
    edges = [0, *CUTS, of.frame_count]
    scenes = [
        (FrameTimecode(start, rate), FrameTimecode(end, rate))
        for start, end in itertools.pairwise(edges)
    ]
    out = io.StringIO()
    write_scene_list(out, scenes)
    assert read("film-Scenes.csv", out.getvalue(), of) == CUTS
    bare = io.StringIO()
    write_scene_list(bare, scenes, include_cut_list=False)
    assert read("film-Scenes.csv", bare.getvalue(), of) == CUTS


SCENES = (
    "Scene Number,Start Frame,Start Timecode,Start Time (seconds),End Frame,End Timecode,"
    "End Time (seconds),Length (frames),Length (timecode),Length (seconds)\n"
)


def scene(number: int, start: int, begin: float, end: int, stop: float, length: int) -> str:
    return f"{number},{start},-,{begin:.3f},{end},-,{stop:.3f},{length},-,{stop - begin:.3f}\n"


def test_lists_of_old_pyscenedetects_count_from_0() -> None:
    of = listed(film(length=100))
    old = SCENES + scene(1, 0, 0, 40, 1.6, 40) + scene(2, 40, 1.6, 100, 4, 60)
    new = SCENES + scene(1, 1, 0, 40, 1.6, 40) + scene(2, 41, 1.6, 100, 4, 60)
    assert read("a.csv", old, of) == read("a.csv", new, of) == [40]


def test_a_varying_rate_is_read_by_times_where_frame_numbers_are_times() -> None:
    # Half of the film at 30 frames a second, half at 10: 20 on the average.
    ticks = [3000 * n for n in range(100)] + [300_000 + 9000 * n for n in range(50)]
    of = listed(film(Fraction(30), length=150), ticks)
    # 0.7 and later: true times, and numbers that are times at the mean rate.
    assert of.ticks[120] == 480_000
    timed = (
        SCENES
        + scene(1, 1, 0, 31, 1.567, 31)
        + scene(2, 32, 1.567, 107, 480_000 / 90_000, 76)
        + scene(3, 108, 480_000 / 90_000, 166, 8.3, 59)
    )
    found = read_cuts("a.csv", timed.encode(), of, Reading())
    assert cuts_in(found, of) == [47, 120]
    assert found.remarks == ["The rate varies, so the cuts were found by their times."]
    # Before: true frame numbers, and times that are numbers over one rate.
    numbered = (
        SCENES
        + scene(1, 1, 0, 47, 47 / 30, 47)
        + scene(2, 48, 47 / 30, 120, 4, 73)
        + scene(3, 121, 4, 150, 5, 30)
    )
    assert read("a.csv", numbered, of) == [47, 120]


def test_pyscenedetects_edl_is_refused_because_it_rounds_down() -> None:
    text = "* CREATED WITH PYSCENEDETECT 0.7\nTITLE: x\n"
    with pytest.raises(InputError, match=r"-Scenes\.csv"):
        read("a.edl", text, listed(film()))


@pytest.mark.parametrize(("rate", "timecode"), FILMS)
def test_losslesscuts_seconds_are_the_nearest_frames(rate: Fraction, timecode: str) -> None:
    of = listed(film(rate, timecode))
    # Its player gives times to five or six digits, now below the frame's own and now above.
    times = [round(float(cut / rate), 5) for cut in CUTS]
    end = float(of.end) + 0.3  # its end is the sound's
    segments = [
        {"start": start, "end": stop, "name": "it's"}
        for start, stop in zip([0, *times], [*times, end], strict=True)
    ]
    quoted = ",\n".join(
        f"    {{ start: {each['start']}, end: {each['end']}, name: 'it\\'s', }}"
        for each in segments
    )
    project = f"{{\n  version: 1,\n  mediaFileName: 'film 1.mov',\n  cutSegments: [\n{quoted}\n]}}"
    assert read("film-proj.llc", project, of) == CUTS
    rows = [f"{each['start']},{each['end']},name" for each in segments]
    assert read("film.csv", "\n".join(rows), of) == CUTS
    clock = "00:00:00.000\t00:10:00.000\tx\n00:10:00.000\t\ty\n"
    assert read("film.tsv", clock, of) == [n for n in [round(600 * rate)] if n < of.frame_count]


def test_losslesscut_leaves_out_the_ends_of_the_film_and_its_marks_have_no_end() -> None:
    of = listed(film(length=100))
    assert read("a.csv", ",1.2,first\n2.4,,last\n", of) == [30, 60]
    project = json.dumps({"version": 2, "cutSegments": [{"start": 1.2}, {"start": 2.4, "end": 3}]})
    assert read("a.llc", project, of) == [30, 60, 75]
    with pytest.raises(InputError, match="seconds or frames: say which with --unit"):
        read("a.csv", "0,2,x\n2,3,y\n", of)
    assert read("a.csv", "0,2,x\n2,3,y\n", of, unit=Unit.FRAMES) == [2, 3]
    assert read("a.csv", "0,2,x\n2,3,y\n", of, unit=Unit.SECONDS) == [50, 75]
    other = read_cuts("a.llc", b"{mediaFileName: 'b.mp4', cutSegments: []}", of, Reading())
    assert other.remarks == ["The project is for b.mp4; this film is film 1.mov."]


@pytest.mark.parametrize(("rate", "timecode"), FILMS)
def test_our_own_columns_say_frames_seconds_or_timecode(rate: Fraction, timecode: str) -> None:
    of = listed(film(rate, timecode))
    edges = list(zip([0, *CUTS], [*CUTS, of.frame_count], strict=True))
    frames = "start_frame,end_frame\n" + "\n".join(f"{a},{b}" for a, b in edges)
    seconds = "seconds\n" + "\n".join(f"{float(cut / rate):.3f}" for cut in CUTS)
    label = of.start.label
    timecodes = "name,start_timecode,end_timecode\n" + "\n".join(
        f"x,{label(a)},{label(b)}" for a, b in edges
    )
    for text in (frames, seconds, timecodes, frames.replace(",", "\t")):
        assert read("cuts.csv", text, of) == CUTS


def test_an_edl_of_an_edited_film_is_read_by_what_it_makes() -> None:
    of = film(Fraction(25), "01:00:00:00", length=100)
    text = (
        "TITLE: Edit\nFCM: NON-DROP FRAME\n"
        "001  TAPE1    V     C        05:00:00:00 05:00:01:05 01:00:00:00 01:00:01:05\n"
        "002  TAPE2    V     C        06:00:00:00 06:00:00:00 01:00:01:05 01:00:01:05\n"
        "002  TAPE2    V     D    010 07:00:00:00 07:00:02:20 01:00:01:05 01:00:04:00\n"
        "002  TAPE2    A     C        07:00:00:00 07:00:02:21 01:00:01:05 01:00:03:01\n"
    )
    assert read("a.edl", text, listed(of), record=True, start="01:00:00:00") == [30]
    with pytest.raises(InputError, match=r"several films.*--reel \(TAPE1, TAPE2\)"):
        read("a.edl", text, listed(of))
    with pytest.raises(InputError, match=r"not one of The film: it names 05:00:01:05, and the film "
                       r"runs from 01:00:00:00 to 01:00:04:00; --start"):  # fmt: skip
        read("a.edl", text, listed(of), reel="TAPE1")
    assert read("a.edl", text, listed(of), reel="TAPE1", start="04:59:59:00") == [25, 55]


def test_a_list_of_several_films_gives_those_of_this_one() -> None:
    one, other = film(key="one"), film(key="other", length=500)
    cut = [clip(1, one, 100, 200), clip(2, other, 10, 20), clip(3, one, 300, 400)]
    [edl] = write_edls("Reel", takes(cut))
    assert read("reel.edl", edl.text, listed(one)) == [100, 200, 300, 400]
    assert read("reel.edl", edl.text, listed(other)) == [10, 20]


def test_timecode_goes_on_after_midnight() -> None:
    of = film(Fraction(25), "23:59:59:00", length=200)
    [edl] = write_edls("Night", takes([clip(1, of, 0, 25), clip(2, of, 25, 120)]))
    assert "00:00:00:00 00:00:03:20" in edl.text
    assert read("night.edl", edl.text, listed(of)) == [25, 120]


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("a.csv", "frame\n101\n", "frame 101, and the film has frames 0 to 99"),
        ("a.csv", "seconds\n5.1\n", "names 5.100 s, and the film runs from 0 to 4.000 s"),
        ("a.csv", "frame\n1.5\n", "whole numbers"),
        ("a.csv", "frame\nx\n", "'x' where frames should be"),
        ("a.csv", "timecode\n7\n", "'7' for a timecode"),
        ("a.csv", "a,b\n1,2\n", "no column that is known"),
        ("a.csv", "frame\n", "names no shot"),
        ("a.csv", "frame\n1/0\n", "'1/0' where frames should be"),
        ("a.csv", SCENES, "names no shot"),
        ("a.edl", "TITLE: nothing\n", "names no shot"),
        ("a.edl", "FCM: DROP FRAME\n001 A V C 00:00:00:00 00:00:01:00 00:00:00:00 00:00:01:00\n",
         "counts drop frame"),
        ("a.edl", "001 A V C 00:00:00:00 00:00:01:29 00:00:00:00 00:00:01:29\n",
         "another frame rate"),
        ("a.llc", "{cutSegments: 1", "no LosslessCut project"),
        ("a.llc", "[]", "no LosslessCut project"),
        ("a.otio", "{}", "no OTIO timeline|give a timeline"),
        ("a.otio", "[" * 200_000, "no OTIO timeline that OpenTimelineIO can read"),
        ("a.otio", '{"OTIO_SCHEMA": "Timeline.1", "metadata": {}, "name": "", "tracks": null}',
         "no OTIO timeline that OpenTimelineIO can read"),
        ("a.xml", "<a/>", "no list of cuts that is known"),
    ],
)  # fmt: skip
def test_a_list_that_is_none_of_this_film_is_refused_in_one_sentence(
    name: str, text: str, sentence: str
) -> None:
    with pytest.raises(InputError, match=sentence) as refused:
        read(name, text, listed(film(length=100)))
    assert "\n" not in str(refused.value)


def test_an_otio_timeline_of_another_rate_is_refused() -> None:
    pytest.importorskip("opentimelineio")
    from heaters_pipeline.editors.otio import write_otio

    text = write_otio("Reel", takes(shots(film(NTSC[24]))))
    with pytest.raises(InputError, match=r"counts 23\.976 frames a second, and the film has 25"):
        read("a.otio", text, listed(film()))
