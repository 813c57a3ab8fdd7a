"""Key presses from what a detector found to a correct cut list, with and without its suggestions.

The keys are those of the review page, counted on a model of it (`Desk`): a browser test replays a
mending on the real page. The reviewer knows where the cuts are and takes the shortest way there:
nothing is counted but keys.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import click

from benchmarks.cuts import prepare
from benchmarks.report import Result, benchmark
from benchmarks.scoring import FilmTruth, Truth
from benchmarks.scratch import work_folder
from heaters_pipeline.domain.cut_points import (
    FrameRange,
    divide,
    merge,
    move_cut,
    split,
    without_short,
)
from heaters_pipeline.domain.doubt import suggestible
from heaters_pipeline.media.cuts.detectors import open_detector
from heaters_pipeline.media.ffmpeg.probe import probe
from heaters_pipeline.media.products.thumbnails import open_thumbnails
from heaters_pipeline.settings import get_settings

REACTION_SECONDS = 0.25
"""From a cut on the screen to the key that stops the film."""

TAB, BACK_TAB, STOP = "Tab", "Shift+Tab", "Space"
APPROVE, SPLIT, MERGE = "a", "Enter", "Shift+m"
STEPS = {"Shift+ArrowRight": 10, "Shift+ArrowLeft": -10, "ArrowRight": 1, "ArrowLeft": -1}
NUDGES = {"Shift+.": 10, "Shift+,": -10, ".": 1, ",": -1}
"""Of the cut at the end of the clip."""


@dataclass
class Desk:
    """The review page, as far as keys change clips: the clip on the screen and its frame."""

    waiting: list[FrameRange]
    """The clip on the screen, then those after it."""
    suggestions: Sequence[int] = ()
    seen: Sequence[int] = ()
    """The cuts at which somebody who watches stops the film."""
    late: int = 0
    """Frames that they need for that."""
    frame: int = 0

    @property
    def clip(self) -> FrameRange:
        return self.waiting[0]

    def moves(self, frame: int) -> Mapping[str, int]:
        """The frames to which keys lead from a frame of the clip."""
        start, end = self.clip
        moves = {key: min(end - 1, max(start, frame + by)) for key, by in STEPS.items()}
        moves |= {"Home": start, "End": end - 1}
        places = suggestible(self.clip)
        inside = [each for each in self.suggestions if places.start <= each < places.end]
        if inside:
            moves[TAB] = next((each for each in inside if each > frame), inside[0])
            moves[BACK_TAB] = next((each for each in inside[::-1] if each < frame), inside[-1])
        seen = [each for each in self.seen if start + 1 < each < end]
        if seen and frame == start:  # a clip plays when it comes on the screen
            moves[STOP] = min(end - 1, seen[0] + self.late)
        return moves

    def press(self, key: str) -> None:
        moves = self.moves(self.frame)
        if key in moves:
            self.frame = moves[key]
            return
        if key == APPROVE:
            self.waiting.pop(0)
        elif key == SPLIT:
            self.waiting[:1] = split(self.clip, self.frame)
        elif key == MERGE:
            self.waiting[:2] = [merge(*self.waiting[:2])]
        else:
            first, second = self.waiting[:2]
            self.waiting[:2] = move_cut(first, second, first.end + NUDGES[key])
        if self.waiting:
            self.frame = self.clip.start


@benchmark("mending")
@click.argument("film", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.argument("truth", type=click.Path(path_type=Path, exists=True, dir_okay=False))
def main(film: Path, truth: Path) -> Iterable[Result]:
    """Mend the cuts that the detector finds in FILM until they are those of the file TRUTH: merge
    false ones, split at missed ones, approve each clip.

    The peer is the same reviewer without suggestions. Both go to a missed cut by steps of ten
    frames and of one (`stepping`), or may also let the film play and stop it a quarter of a second
    after the cut (`stopping`), whatever takes fewer keys.
    """
    settings, rate = get_settings(), probe(film).rate
    detector = open_detector(settings.detector, settings.detector_threshold)
    with work_folder() as folder:
        thumbnails = prepare(film, folder / "made").thumbnails
        assert thumbnails
        frames = open_thumbnails(thumbnails)
        found, count = detector.detect(frames, rate), len(frames)
    told = FilmTruth.read(truth)
    truths = told.told()
    # Where nobody has judged the film, no cut is right or wrong.
    laid = without_short(found.certainty(), round(settings.min_clip_seconds * rate))
    cuts = [cut for cut in laid if not told.ignores(cut, cut)]
    clips = divide(FrameRange(0, count), cuts)
    suggested = sorted(
        frame
        for each in found.suggestions
        if (frame := each.boundary(count)) and not told.ignores(frame, frame)
    )
    late = round(REACTION_SECONDS * rate)
    for name, wait in (("stepping", None), ("stopping", late)):
        with_them, without = (
            len(list(mending(clips, some, truths, wait))) for some in (suggested, [])
        )
        yield Result(f"{name}/{film.stem}", with_them, "keys", "without suggestions", without)


def mending(
    clips: Sequence[FrameRange],
    suggestions: Sequence[int],
    truths: Sequence[Truth],
    late: int | None = None,
) -> Iterator[str]:
    """The keys that a reviewer presses from the first clip on, until each begins and ends at a
    truth. `late`: by so many frames they stop the film after a cut, where that takes fewer keys;
    None for a reviewer who never waits for one."""
    seen = [] if late is None else [_middle(each) for each in truths]
    desk = Desk([*clips], suggestions, seen, late or 0)
    film_end = clips[-1].end
    while desk.waiting:
        for key in _decision(desk, truths, film_end):
            desk.press(key)
            yield key


def _decision(desk: Desk, truths: Sequence[Truth], film_end: int) -> Sequence[str]:
    """The next decision on the clip on the screen, with the way to it."""
    start, end = desk.clip
    ahead = [each for each in truths if _middle(each) > start and not each.met_by(start)]
    ends_well = end == film_end or any(each.met_by(end) for each in ahead)
    missed = [each for each in ahead if _middle(each) < end and not each.met_by(end)]
    if missed:
        splitting = [*_way(desk, missed[0]), SPLIT]
        if ends_well or len(missed) > 1:
            return splitting
        # The part after the split would have to be merged with the next clip.
        nudges = _nudges(desk, missed[0])
        return nudges if len(nudges) <= len([*splitting, MERGE]) else splitting
    if ends_well:
        return [APPROVE]
    following = desk.waiting[1]
    if ahead and _middle(ahead[0]) < following.end:
        merged = replace(desk, waiting=[merge(desk.clip, following)], frame=start)
        nudges = _nudges(desk, ahead[0])
        if len(nudges) <= len([MERGE, *_way(merged, ahead[0]), SPLIT]):
            return nudges
    return [MERGE]


def _way(desk: Desk, truth: Truth) -> Sequence[str]:
    """The fewest keys from the frame on the screen to one at which a split meets the truth."""

    def is_there(frame: int) -> bool:
        return frame > desk.clip.start and truth.met_by(frame)

    return _shortest(desk.frame, desk.moves, is_there)


def _nudges(desk: Desk, truth: Truth) -> Sequence[str]:
    """The fewest keys that move the end of the clip on the screen to the truth."""
    first, following = desk.waiting[:2]

    def moves(end: int) -> Mapping[str, int]:
        moved = {key: end + by for key, by in NUDGES.items()}
        return {key: to for key, to in moved.items() if first.start < to < following.end}

    return _shortest(first.end, moves, truth.met_by)


def _shortest(
    begin: int, moves: Callable[[int], Mapping[str, int]], is_there: Callable[[int], bool]
) -> Sequence[str]:
    """The fewest keys from one frame to another, found breadth first."""
    ways: dict[int, list[str]] = {begin: []}
    open_frames = deque([begin])
    while not is_there(frame := open_frames.popleft()):
        for key, to in moves(frame).items():
            if to not in ways:
                ways[to] = [*ways[frame], key]
                open_frames.append(to)
    return ways[frame]


def _middle(truth: Truth) -> int:
    """Where a cut should be."""
    return (truth.start + truth.end + 1) // 2


if __name__ == "__main__":
    main()
