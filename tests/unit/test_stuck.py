"""When silent work is taken for stuck."""

from datetime import timedelta

from heaters_pipeline.domain.stuck import longest_silence


def test_a_step_may_meet_what_stalls_before_it_is_taken_for_stuck() -> None:
    assert longest_silence(1800, 120) == timedelta(seconds=1800)
    assert longest_silence(100, 120) == timedelta(seconds=360)
