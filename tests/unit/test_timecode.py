"""Timecode at every rate of editors, against its own definition and OpenTimelineIO's counting."""

from __future__ import annotations

from fractions import Fraction

import pytest

from heaters_pipeline.domain.errors import InputError
from heaters_pipeline.domain.timecode import (
    Counting,
    StartTimecode,
    can_drop,
    editing_rate,
    is_drop,
    spoken_rate,
)

NTSC = {nominal: Fraction(nominal * 1000, 1001) for nominal in (24, 30, 60)}
COUNTINGS = [
    pytest.param(NTSC[24], False, id="23.976"),
    pytest.param(Fraction(24), False, id="24"),
    pytest.param(Fraction(25), False, id="25"),
    pytest.param(NTSC[30], False, id="29.97-ndf"),
    pytest.param(NTSC[30], True, id="29.97-df"),
    pytest.param(Fraction(50), False, id="50"),
    pytest.param(NTSC[60], False, id="59.94-ndf"),
    pytest.param(NTSC[60], True, id="59.94-df"),
]


@pytest.mark.parametrize(("rate", "drop"), COUNTINGS)
def test_every_label_of_a_stretch_is_its_frame_and_follows_the_last(
    rate: Fraction, drop: bool
) -> None:
    counting = Counting.of(rate, drop=drop)
    minute = 60 * counting.nominal
    for begin in (0, 9 * minute, 10 * minute, 60 * minute, counting.day - 2 * minute):
        frames = range(begin, begin + minute + 100)
        labels = [counting.label(frame) for frame in frames]
        assert [counting.frame(label) for label in labels] == [
            frame % counting.day for frame in frames
        ]
        assert len(set(labels)) == len(labels)
        assert {is_drop(label) for label in labels} == {drop}


@pytest.mark.parametrize(("rate", "drop"), COUNTINGS)
def test_opentimelineio_counts_the_same(rate: Fraction, drop: bool) -> None:
    opentime = pytest.importorskip("opentimelineio").opentime
    counting = Counting.of(rate, drop=drop)
    # Not the last minutes of a day: at 29.97 and 59.94 it begins again 86 seconds too early.
    late = counting.frame("23:58:00:10")
    for frame in [*range(0, 4000, 7), *range(17000, 18200, 3), 107892, late]:
        label = counting.label(frame)
        assert opentime.from_timecode(label, float(rate)).to_frames() == frame
        time = opentime.RationalTime(frame, float(rate))
        assert opentime.to_timecode(time, float(rate), drop) == label


def test_drop_frame_leaves_out_labels_at_each_minute_but_the_tenth() -> None:
    thirty, sixty = (Counting.of(NTSC[nominal], drop=True) for nominal in (30, 60))
    assert [thirty.label(n) for n in (1799, 1800, 17982)] == [
        "00:00:59;29",
        "00:01:00;02",
        "00:10:00;00",
    ]
    assert [sixty.label(n) for n in (3599, 3600, 35964)] == [
        "00:00:59;59",
        "00:01:00;04",
        "00:10:00;00",
    ]
    assert thirty.label(107892) == "01:00:00;00"
    with pytest.raises(InputError, match="counts without dropping"):
        thirty.frame("00:01:00;01")


@pytest.mark.parametrize("label", ["01:00:00:25", "24:00:00:00", "00:60:00:00", "00:00:61:00"])
def test_a_label_that_no_frame_has_is_refused(label: str) -> None:
    with pytest.raises(InputError, match="another frame rate"):
        Counting.of(Fraction(25)).frame(label)


def test_only_ntsc_rates_drop() -> None:
    assert can_drop(Fraction(2997, 100))
    assert can_drop(Fraction("59.94006"))
    assert not any(map(can_drop, (Fraction(30), Fraction(60), NTSC[24], Fraction(25))))
    with pytest.raises(InputError, match=r"not for 25"):
        Counting.of(Fraction(25), drop=True)


def test_a_film_counts_from_its_own_timecode() -> None:
    assert StartTimecode.of(Fraction(25), "10:00:00:00").label(26) == "10:00:01:01"
    assert StartTimecode.of(NTSC[30], "00:00:59;29").label(1) == "00:01:00;02"
    assert StartTimecode.of(NTSC[30], None).label(1800) == "00:01:00:00"
    assert StartTimecode.of(Fraction(25), "23:59:59:24").label(1) == "00:00:00:00"
    # A tag that can't be this film's.
    assert str(StartTimecode.of(Fraction(25), "01:00:00:29")) == "00:00:00:00"


def test_editors_run_a_film_at_the_rate_that_is_meant() -> None:
    meant = {
        Fraction(2997, 100): NTSC[30],
        Fraction(19001, 634): NTSC[30],
        Fraction("59.94006"): NTSC[60],
        Fraction(25): Fraction(25),
        Fraction(15000, 1001): Fraction(15000, 1001),
    }
    assert {rate: editing_rate(rate, rate) for rate in meant} == meant
    # A clock, and a mean of a rate that varies.
    assert editing_rate(Fraction(90000), Fraction("29.2")) == 30
    assert editing_rate(Fraction(3628800, 502589), Fraction("8.665")) == 24
    assert editing_rate(Fraction(1000), Fraction(500)) == 240


def test_rates_are_named_as_editors_do() -> None:
    rates = [NTSC[24], Fraction(25), NTSC[30], NTSC[60], Fraction(25, 2)]
    assert [spoken_rate(rate) for rate in rates] == ["23.976", "25", "29.97", "59.94", "12.5"]
