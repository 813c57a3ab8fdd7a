"""Long answers: how many are in progress, and parts of files behind some bytes."""

from __future__ import annotations

from io import SEEK_END, BytesIO

import pytest
from werkzeug.exceptions import ServiceUnavailable

from review_app.downloads import AT_ONCE, FOR_EACH, Downloads
from review_app.headed_file import HeadedFile


def test_a_client_has_its_share_of_downloads_until_they_are_closed() -> None:
    downloads = Downloads()
    held = [downloads.hold("10.0.0.1", [b"film"]) for _ in range(FOR_EACH)]
    with pytest.raises(ServiceUnavailable) as refused:
        downloads.hold("10.0.0.1", [])
    assert "Retry-After" in dict(refused.value.get_headers())
    assert list(held[0]) == [b"film"]
    held[0].close()
    downloads.hold("10.0.0.1", [])


def test_all_clients_together_leave_threads_for_others() -> None:
    downloads = Downloads()
    held = [downloads.hold(f"10.0.0.{number}", []) for number in range(AT_ONCE)]
    with pytest.raises(ServiceUnavailable):
        downloads.hold("10.0.1.1", [])
    held[3].close()  # never read
    downloads.hold("10.0.1.1", [])


@pytest.mark.parametrize("head", [b"", b"head"])
def test_a_part_of_a_file_reads_as_a_file(head: bytes) -> None:
    content = head + b"3456"
    file = HeadedFile(head, BytesIO(b"0123456789"), 3, 4)
    assert file.seek(0, SEEK_END) == len(content)
    assert file.read(1) == b""
    for start in range(len(content)):
        for size in range(-1, len(content) + 2):
            file.seek(start)
            expected = content[start:] if size < 0 else content[start : start + size]
            assert file.read(size) == expected
            assert file.tell() == start + len(expected)
