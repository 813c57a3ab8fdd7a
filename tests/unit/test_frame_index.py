"""The packed frame index."""

from __future__ import annotations

import pytest

from heaters_pipeline.domain.frame_index import RECORD_BYTES, FrameRecord, pack, seconds, unpack


def test_records_survive_packing() -> None:
    records = [FrameRecord(48, 20_000, 0), FrameRecord(2**40, 2**31, 2**50)]
    assert unpack(pack(records)) == records


def test_a_slice_of_the_bytes_is_a_slice_of_the_frames() -> None:
    records = [FrameRecord(n * 7, 7, n * 3600) for n in range(50)]
    packed = pack(records)
    assert unpack(packed[10 * RECORD_BYTES : 20 * RECORD_BYTES]) == records[10:20]


def test_half_a_record_is_refused() -> None:
    with pytest.raises(ValueError):
        unpack(b"\0" * (RECORD_BYTES + 1))


def test_ticks_are_ninety_thousandths_of_a_second() -> None:
    assert seconds(45_000) == 0.5
