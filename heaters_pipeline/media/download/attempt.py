"""The attempts to fetch one video: in the primary format, then in the fallback format."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from heaters_pipeline.domain.errors import HeatersError, InputError
from heaters_pipeline.domain.keys import slug, url_name
from heaters_pipeline.media.download.failures import (
    FormatFailed,
    as_sentence,
    fails_in_any_format,
    no_video,
)
from heaters_pipeline.media.download.formats import (
    FALLBACK_FORMAT,
    PRIMARY_FORMAT,
    choice_of,
    chosen_formats,
)
from heaters_pipeline.media.download.limits import check_film
from heaters_pipeline.media.download.look_up import WebVideo, extract
from heaters_pipeline.media.download.merge_check import find_flaw, video_span
from heaters_pipeline.media.download.network_guard import NetworkGuard
from heaters_pipeline.media.download.normalise import normalise
from heaters_pipeline.media.download.options import DownloadOptions
from heaters_pipeline.media.download.parts import Result, clear, parts_folder, take_up
from heaters_pipeline.media.download.quality import best_listed, measured
from heaters_pipeline.media.download.watch import DownloadProgress, Watch
from heaters_pipeline.media.download.ytdlp import Info, downloader


@dataclass(frozen=True)
class Attempt:
    video: WebVideo
    folder: Path
    options: DownloadOptions
    on_progress: DownloadProgress | None

    @property
    def name(self) -> str:
        """Of the result, without its extension."""
        return slug(url_name(self.video.url))

    def fetch_or_fall_back(self, guard: NetworkGuard) -> Result:
        """The video, below the folder. Raises what `fetch.download` raises, or an error of yt-dlp
        that says nothing of the format."""
        try:
            return self._fetch(self.video.info, PRIMARY_FORMAT, guard)
        except FormatFailed as failure:
            guard.check()
            info = self._look_again(guard)
            if info is None or choice_of(info) == choice_of(self.video.info):
                raise failure.error from failure
        clear(self.folder, keep=parts_folder(self.folder, info))
        try:
            return self._fetch(info, FALLBACK_FORMAT, guard)
        except FormatFailed as failure:
            raise failure.error from failure

    def _look_again(self, guard: NetworkGuard) -> Info | None:
        """The facts with the fallback format chosen, if there is one. The addresses of the first
        look-up may have expired."""
        with suppress(Exception):
            return extract(self.video.url, self.options, guard, FALLBACK_FORMAT)
        return None

    def _fetch(self, info: Info, formats: str, guard: NetworkGuard) -> Result:
        """Raises FormatFailed where another format may do."""
        parts = parts_folder(self.folder, info)
        take_up(parts)
        watch = Watch(self.video.url, info, self.options.max_bytes, guard, self.on_progress)
        done = self._run_ytdlp(info, formats, parts, watch, guard)
        files = [Path(each["filepath"]) for each in done.get("requested_downloads") or ()]
        if not files or not files[0].exists():
            raise FormatFailed(no_video(self.video.url))
        path, reason = files[0], None
        if "requested_formats" in done:
            check_film(path, self.options.film_limits)
            path, reason = self._repaired(path, done, formats == PRIMARY_FORMAT, watch)
        watch.finish()
        return Result(
            path,
            {
                "got": measured(path, done),
                "best_listed": best_listed(info),
                "format": "primary" if formats == PRIMARY_FORMAT else "fallback",
                "normalised": reason,
            },
        )

    def _run_ytdlp(
        self, info: Info, formats: str, parts: Path, watch: Watch, guard: NetworkGuard
    ) -> Info:
        """yt-dlp's facts on the files that it put into `parts`."""
        from yt_dlp.utils import YoutubeDLError

        parameters = {
            "format": formats,
            "outtmpl": {"default": str(parts / self.name).replace("%", "%%") + ".%(ext)s"},
            "progress_hooks": [watch],
            "keep_fragments": True,
            "skip_unavailable_fragments": False,
            "keepvideo": True,
            # Also of what an earlier run has fetched.
            "fixup": "force",
        }
        try:
            with downloader(self.options, guard, **parameters) as ytdlp:
                done: Info = ytdlp.process_ie_result(_copy(info), download=True)
        except YoutubeDLError as error:
            guard.check()
            if fails_in_any_format(error):
                raise
            said = as_sentence(self.video.url, error, self.options, looked_up=True)
            raise FormatFailed(said) from error
        guard.check()
        return done

    def _repaired(
        self, path: Path, info: Info, may_encode: bool, watch: Watch
    ) -> tuple[Path, str | None]:
        """The merged file if it is intact, else one encoded again, and why that was needed."""
        audio = any(each.get("acodec") != "none" for each in chosen_formats(info))
        flaw = find_flaw(path, audio=audio)
        if flaw is None:
            return path, None
        video = video_span(path)
        if may_encode and video:
            out = path.with_name(f"{path.stem}.normalised.mp4")
            try:
                normalise(
                    path,
                    out,
                    audio=audio,
                    end_seconds=video.end,
                    on_progress=lambda _: watch.check(),
                    stall_seconds=self.options.stall_seconds,
                )
            except InputError as error:
                # It can't be encoded: the other format may do. Any other end says nothing of it.
                if fails_in_any_format(error):
                    raise HeatersError(str(error)) from error
            watch.check()
            # Encoding makes two streams agree, maybe on a length that neither should have.
            seconds = info.get("duration") or video.seconds
            if out.exists() and not find_flaw(out, audio=audio, expected_seconds=seconds):
                return out.replace(path.with_suffix(".mp4")), flaw
        raise FormatFailed(
            InputError(
                f"{self.video.url} arrives broken, {flaw}: check that it plays on its own page."
            )
        )


def _copy(info: Info) -> dict[str, Any]:
    """One that yt-dlp may write into."""
    copied = dict(info)
    if copied.get("formats"):
        copied["formats"] = [dict(each) for each in copied["formats"]]
    return copied
