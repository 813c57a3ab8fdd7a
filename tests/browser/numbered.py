"""The film that most tests of the review page have: numbered frames in six clips."""

from __future__ import annotations

from fractions import Fraction

from sqlalchemy import Engine

from heaters_pipeline.db import clips
from heaters_pipeline.db.engine import transaction
from heaters_pipeline.db.models import Clip
from tests.browser.review_world import Film
from tests.footage import NumberedFilm

FRAMES = 420
CUTS = (70, 131, 200, 204, 300)
NUMBERED = NumberedFilm(FRAMES, CUTS, rate=Fraction(30))
CLIPS = [(0, 70), (70, 131), (131, 200), (200, 204), (204, 300), (300, 420)]


def live(engine: Engine, film: Film) -> list[Clip]:
    """The film's clips as they are now, in film order."""
    with transaction(engine) as session:
        return list(clips.of_video(session, film.clips[0].source_video_id))


def states(engine: Engine, film: Film) -> list[str]:
    return [str(clip.state) for clip in live(engine, film)]


def ranges(engine: Engine, film: Film) -> list[tuple[int, int]]:
    return [(clip.frames.start, clip.frames.end) for clip in live(engine, film)]
