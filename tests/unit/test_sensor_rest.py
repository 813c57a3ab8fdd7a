"""How long a sensor rests."""

from __future__ import annotations

from heaters_pipeline.orchestration.sensor_rest import Look


def test_a_look_is_enough_for_fifty_times_as_long_as_it_took() -> None:
    look = Look(at=1000.0, took=3.0, sought="a")
    assert look.is_enough(1149.0, "a")
    assert not look.is_enough(1151.0, "a")
    assert Look.of_cursor(look.cursor) == look
    assert Look.of_cursor(None) is None


def test_what_is_looked_for_or_a_clock_that_is_set_back_ends_the_rest() -> None:
    look = Look(at=1000.0, took=3.0, sought="a")
    assert not look.is_enough(1001.0, "b")
    assert not look.is_enough(999.0, "a")
