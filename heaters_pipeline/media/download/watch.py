"""yt-dlp's progress hook: reports progress, enforces limits, keeps what the server sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from heaters_pipeline.media.download.formats import chosen_formats
from heaters_pipeline.media.download.limits import check_size, refuse_text
from heaters_pipeline.media.download.network_guard import NetworkGuard
from heaters_pipeline.media.download.parts import keep_as_served
from heaters_pipeline.media.download.ytdlp import Info

DownloadProgress = Callable[[int, int | None], None]
"""Called with the bytes done and the bytes in all, where they are known."""


class Watch:
    def __init__(
        self,
        url: str,
        info: Info,
        max_bytes: int | None,
        guard: NetworkGuard,
        on_progress: DownloadProgress | None,
    ) -> None:
        self._url = url
        self._max_bytes = max_bytes
        self._guard = guard
        self._on_progress = on_progress
        formats = chosen_formats(info)
        sizes = [each.get("filesize") or each.get("filesize_approx") for each in formats]
        self._listed = sum(filter(None, sizes)) if all(sizes) else None
        self._pieces = len(formats)
        self._done: dict[str, int] = {}
        """Bytes of each file so far."""
        self._whole: dict[str, int] = {}
        """Bytes of each file in all, where they are known."""

    def __call__(self, status: Mapping[str, Any]) -> None:
        self.check()
        name = str(status["filename"])
        if status["status"] == "finished":
            path = Path(name)
            self._done[name] = self._whole[name] = path.stat().st_size
            refuse_text(self._url, path)
            keep_as_served(path)
        else:
            self._done[name] = int(status.get("downloaded_bytes") or 0)
            announced = int(status.get("total_bytes") or 0)
            if whole := announced or status.get("total_bytes_estimate"):
                self._whole[name] = int(whole)
            self._check_size(self._all_done() - self._done[name] + announced)
        self._check_size(self._all_done())
        self._report(self._all_done(), self._expected())

    def check(self) -> None:
        """Raises what the guard has refused, or what has cut it."""
        self._guard.check()

    def finish(self) -> None:
        self._report(self._all_done(), self._all_done())

    def _all_done(self) -> int:
        return sum(self._done.values())

    def _expected(self) -> int | None:
        known = sum(self._whole.values())
        if len(self._whole) == self._pieces:
            return known
        return max(self._listed, known) if self._listed else None

    def _report(self, done: int, whole: int | None) -> None:
        if self._on_progress is not None:
            with self._guard.lifted():
                self._on_progress(done, whole)

    def _check_size(self, size: int) -> None:
        check_size(self._url, size, self._max_bytes)
