"""Our detector for PySceneDetect (https://www.scenedetect.com/docs/): on any file, without the
pipeline.

    from scenedetect import detect
    from heaters_pipeline.media.cuts.scene_detector import TransitionDetector

    scenes = detect("film.mp4", TransitionDetector())
"""

from __future__ import annotations

from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import cv2  # noqa: TID253 - nothing else imports this module
import numpy as np
from scenedetect import FrameTimecode, SceneDetector  # noqa: TID253

from heaters_pipeline.domain.cut_points import without_short
from heaters_pipeline.media.cuts.transition_search import TransitionSearch
from heaters_pipeline.media.products.thumbnails import HEIGHT, WIDTH, open_thumbnails

METRIC = "transition_score"


class TransitionDetector(SceneDetector):  # type: ignore[misc]
    """Finds hard cuts, dissolves, fades and wipes. A scene begins at a hard cut, or in the middle
    of a longer transition.

    A transition is known only when all frames around it are, so frames are kept as thumbnails in a
    temporary file, 4 KB each, and all cuts come at the end. `min_scene_len` is in frames (an int)
    or in seconds (a float, or a time such as "0.6s"). Statistics hold the score of each frame.
    """

    def __init__(self, threshold: float = 0.5, min_scene_len: int | float | str = 0.6) -> None:
        super().__init__()
        self._threshold = threshold
        self._min_scene_len = min_scene_len
        self._begin()

    def _begin(self) -> None:
        self._thumbnails: Any = None
        self._times: list[FrameTimecode] = []

    def process_frame(self, timecode: FrameTimecode, frame_img: Any) -> list[FrameTimecode]:
        if self._thumbnails is None:
            self._thumbnails = NamedTemporaryFile(prefix="heaters-", suffix=".rgb")  # noqa: SIM115
        self._thumbnails.write(thumbnail_of(frame_img))
        self._times.append(timecode)
        return []

    def post_process(self, timecode: FrameTimecode) -> list[FrameTimecode]:
        """All cuts. The next frame begins another video."""
        thumbnails, times = self._thumbnails, self._times
        self._begin()
        if thumbnails is None:
            return []
        shown, first, last = timecode.frame_rate, times[0].frame_num, times[-1].frame_num
        # PySceneDetect may have skipped frames.
        rate = shown / max(1, round((last - first) / max(1, len(times) - 1)))
        least = FrameTimecode(self._min_scene_len, shown).seconds
        with thumbnails:
            thumbnails.flush()
            search = TransitionSearch(self._threshold)
            detection = search.detect(open_thumbnails(Path(thumbnails.name)), rate)
        if self.stats_manager is not None:
            for time, score in zip(times, detection.curve.tolist(), strict=True):
                self.stats_manager.set_metrics(time, {METRIC: score})
        return [times[cut] for cut in without_short(detection.certainty(), round(least * rate))]

    def get_metrics(self) -> list[str]:
        return [METRIC]


def thumbnail_of(bgr: Any) -> Any:
    """As the transcode's scaler makes it: the mean of each area, its colours half as fine across as
    its light."""
    reduced = cv2.resize(bgr, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    image = cv2.cvtColor(reduced, cv2.COLOR_BGR2YCrCb)
    halved = cv2.resize(image, (WIDTH // 2, HEIGHT), interpolation=cv2.INTER_AREA)
    image[..., 1:] = np.repeat(halved[..., 1:], 2, axis=1)
    return cv2.cvtColor(image, cv2.COLOR_YCrCb2RGB)
