"""Timelines for editors: what is written is read back to the very frame."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from xml.etree import ElementTree

import pytest

from heaters_pipeline.domain.cut_points import FrameRange
from heaters_pipeline.domain.edit_clip import counted
from heaters_pipeline.domain.errors import InputError
from heaters_pipeline.domain.timeline import Medium, reel_names, takes
from heaters_pipeline.editors.cut_list import Reading, cuts_in
from heaters_pipeline.editors.edl import write_edls
from heaters_pipeline.editors.fcpxml import write_fcpxml
from heaters_pipeline.editors.otio import write_otio
from heaters_pipeline.editors.read_cuts import read_cuts
from heaters_pipeline.editors.urls import media_url
from tests.timelines import FILMS, NTSC, clip, exported, film, listed, shots

otio = pytest.importorskip("opentimelineio")


@pytest.mark.parametrize(("rate", "timecode"), FILMS)
def test_an_edl_is_read_to_the_frame_by_us_and_by_opentimelineio(
    rate: Fraction, timecode: str | None
) -> None:
    of = film(rate, timecode)
    cut = shots(of)
    [edl] = write_edls("Reel", takes(cut))
    found = read_cuts("reel.edl", edl.text.encode(), listed(of), Reading())
    assert cuts_in(found, listed(of)) == [each.place.start for each in cut[1:]]
    theirs = otio.adapters.read_from_string(edl.text, "cmx_3600", rate=float(rate))
    [track] = theirs.video_tracks()
    ranges = [each.source_range for each in track.find_clips()]
    first = of.start.first
    assert [
        (each.start_time.to_frames() - first, each.end_time_exclusive().to_frames() - first)
        for each in ranges
    ] == [each.place for each in cut]
    record = [each.range_in_parent().start_time.to_frames() for each in track.find_clips()]
    assert record == [each.place.start for each in cut]


@pytest.mark.parametrize(("rate", "timecode"), FILMS)
def test_an_otio_timeline_is_read_to_the_frame_by_us_and_by_opentimelineio(
    rate: Fraction, timecode: str | None
) -> None:
    of = film(rate, timecode)
    cut = shots(of)
    text = write_otio("Reel", takes(cut))
    found = read_cuts("reel.otio", text.encode(), listed(of), Reading())
    assert cuts_in(found, listed(of)) == [each.place.start for each in cut[1:]]
    theirs = otio.adapters.read_from_string(text, "otio_json")
    [track] = theirs.video_tracks()
    for each, one in zip(track.find_clips(), cut, strict=True):
        begins = each.source_range.start_time - each.media_reference.available_range.start_time
        assert (begins.to_frames(), each.duration().to_frames()) == (
            one.place.start,
            one.place.length,
        )
        label = otio.opentime.to_timecode(
            each.source_range.start_time, float(rate), of.start.counting.drop
        )
        assert label == of.start.label(one.place.start)


@pytest.mark.parametrize(("rate", "timecode"), FILMS)
def test_fcpxml_names_every_frame_as_a_fraction(rate: Fraction, timecode: str | None) -> None:
    of = film(rate, timecode)
    cut = shots(of)
    root = ElementTree.fromstring(write_fcpxml("Reel", takes(cut)))
    asset = root.find("resources/asset")
    begins = _seconds(asset.get("start"))
    assert _seconds(asset.get("duration")) * rate == of.length
    position = None
    for element, one in zip(root.iter("asset-clip"), cut, strict=True):
        assert (_seconds(element.get("start")) - begins) * rate == one.place.start
        assert _seconds(element.get("duration")) * rate == one.place.length
        assert position in (None, _seconds(element.get("offset")))
        position = _seconds(element.get("offset")) + _seconds(element.get("duration"))
        assert element.find("conform-rate") is None
    drops = "DF" if of.start.counting.drop else "NDF"
    assert element.get("tcFormat") == drops


def _seconds(text: str) -> Fraction:
    return Fraction(text.removesuffix("s"))


def test_films_of_several_rates_keep_their_own() -> None:
    talk, game = film(Fraction(25), "10:00:00:00", key="talk"), film(NTSC[60], key="game")
    cut = [clip(1, talk, 0, 51), clip(2, game, 600, 700), clip(3, talk, 100, 125)]
    laid = takes(cut)
    slow, fast = write_edls("Reel", laid)
    assert (slow.rate, fast.rate) == ("25", "59.94")
    assert slow.text.count("* FROM CLIP NAME: talk 1.mov") == 2
    assert "10:00:00:00 10:00:02:01 01:00:00:00 01:00:02:01" in slow.text
    assert "00:00:10:00 00:00:11:40 01:00:00:00 01:00:01:40" in fast.text
    tracks = otio.adapters.read_from_string(write_otio("Reel", laid), "otio_json").tracks
    rates = [each.source_range.start_time.rate for each in tracks[0].find_clips()]
    assert rates == [25, float(NTSC[60]), 25]
    root = ElementTree.fromstring(write_fcpxml("Reel", laid))
    _, second, third = root.iter("asset-clip")
    assert second.find("conform-rate").get("srcFrameRate") == "59.94"
    assert _seconds(second.get("start")) == 600 / NTSC[60]
    # 100 frames last 1.668 seconds: 41 whole frames of 25, and not a 42nd with the next shot in it.
    assert _seconds(second.get("duration")) == Fraction(41, 25)
    assert _seconds(third.get("offset")) - _seconds(second.get("offset")) == Fraction(41, 25)


def test_29_97_with_and_without_dropping_are_two_lists() -> None:
    drop, straight = film(NTSC[30], "01:00:00;00", key="a"), film(NTSC[30], "01:00:00:00", key="b")
    lists = write_edls("Reel", takes([clip(1, drop, 0, 1801), clip(2, straight, 0, 1801)]))
    assert [each.rate for each in lists] == ["29.97-df", "29.97"]
    assert "FCM: DROP FRAME" in lists[0].text and "01:01:00;03" in lists[0].text
    assert "FCM: NON-DROP FRAME" in lists[1].text and "01:01:00:01" in lists[1].text


def test_handles_end_with_the_film() -> None:
    of = film(length=100)
    laid = takes([clip(1, of, 5, 20), clip(2, of, 40, 50), clip(3, of, 90, 98)], handles=10)
    assert [take.frames for take in laid] == [(0, 30), (30, 60), (80, 100)]


def test_exported_files_are_played_from_their_own_beginning() -> None:
    of = film(timecode="10:00:00:00")
    one = clip(7, of, 100, 150)
    with pytest.raises(InputError, match="Clip 7 has no exported file"):
        takes([one], Medium.EXPORTS)
    one = clip(7, of, 100, 150, file=exported(one))
    [take] = takes([one], Medium.EXPORTS, folder="/media/reel")
    assert (take.frames, take.media.path) == (FrameRange(0, 50), "/media/reel/clip-7.mp4")
    [edl] = write_edls("Reel", [take])
    assert "00:00:00:00 00:00:02:00 01:00:00:00 01:00:02:00" in edl.text
    with pytest.raises(InputError, match="handles need the sources"):
        takes([one], Medium.EXPORTS, handles=5)


@pytest.mark.parametrize(
    ("path", "address"),
    [
        ("reel/a b.mp4", "reel/a%20b.mp4"),
        ("/media/reel/a.mp4", "file:///media/reel/a.mp4"),
        ("D:\\reel/a.mp4", "file:///D:/reel/a.mp4"),
        ("D:/my reel/a.mp4", "file:///D:/my%20reel/a.mp4"),
        ("\\\\nas\\reel/a.mp4", "file://nas/reel/a.mp4"),
        ("s3://bucket/a.mp4", "s3://bucket/a.mp4"),
    ],
)
def test_media_are_found_where_the_editor_is(path: str, address: str) -> None:
    assert media_url(path) == address


def test_reels_have_eight_characters_and_one_film_each() -> None:
    names = {"a": "A001_C002_0815.mov", "b": "A001_C002_0816.mov", "c": "ax.mp4", "d": "映画.mkv"}
    assert reel_names(names) == {"a": "A001C002", "b": "A001C003", "c": "AX2", "d": "REEL"}


def test_what_reviewers_said_goes_along() -> None:
    of = film(has_audio=True)
    one = clip(1, of, 0, 25, labels=("goal", "crowd"), rating=4, note="two\nlines <b>")
    said = "goal, crowd; rating 4; two lines <b>"
    [edl] = write_edls("Reel\none", takes([one]))
    assert f"* COMMENT: CLIP 1; {said}\n" in edl.text
    assert edl.text.startswith("TITLE: Reel one\n") and " AA/V " in edl.text
    root = ElementTree.fromstring(write_fcpxml("Reel", takes([one])))
    assert root.find(".//asset-clip/note").text == said
    assert [each.get("value") for each in root.iter("keyword")] == ["goal", "crowd"]
    timeline = otio.adapters.read_from_string(write_otio("Reel", takes([one])), "otio_json")
    [shown], [heard] = timeline.video_tracks(), timeline.audio_tracks()
    assert list(shown[0].metadata["heaters"]["labels"]) == ["goal", "crowd"]
    assert heard[0].media_reference.target_url == "file:///films/film%201.mov"


def test_an_empty_selection_is_refused() -> None:
    with pytest.raises(InputError, match="selection is empty"):
        takes([])


def test_frames_of_a_varying_rate_are_counted_by_their_time() -> None:
    assert [counted(ticks, NTSC[30]) for ticks in (0, 3003, 90090)] == [0, 1, 30]
    assert counted(90_000, Fraction(25)) == 25


def test_fcpxml_has_no_character_that_xml_refuses() -> None:
    one = clip(1, film(), 0, 10, note="a\x08b\ufffe")
    root = ElementTree.fromstring(write_fcpxml("Re\x1bel", takes([one])))
    assert root.find("library/event").get("name") == "Re el"
    assert root.find(".//note").text == "a b "


def test_a_file_without_sound_has_none_on_the_timeline() -> None:
    one = clip(1, film(has_audio=True), 0, 10)
    silent = replace(one, file=replace(exported(one), has_audio=False))
    [edl] = write_edls("Reel", takes([silent], Medium.EXPORTS))
    assert " V     C " in edl.text and "AA/V" not in edl.text
