"""Peaks of memory in the benchmarks."""

from benchmarks.footprint import Footprint


def test_peak_is_of_all_at_one_moment() -> None:
    found = Footprint()
    found.add("transcode", {"Python": 50, "ffmpeg": 80})
    found.add("transcode", {"Python": 60, "ffmpeg": 60})
    found.add("cut points", {"Python": 100})
    assert (found.peak, found.peak_step) == (130, "transcode")
    assert found.by_program == {"Python": 100, "ffmpeg": 80}
    assert found.by_step == {"transcode": 130, "cut points": 100}
