"""Working on several things at once, each in a thread, while ffmpeg does the work."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import TypeVar

from heaters_pipeline.db.models import SourceVideo
from heaters_pipeline.domain.side_by_side import Room, room_for
from heaters_pipeline.files.spans import going_on, here
from heaters_pipeline.media.ffmpeg.process import stopped_by

Item = TypeVar("Item")
Made = TypeVar("Made")


def room_here(due: int, video: SourceVideo) -> Room:
    """For so many clips of the video, on this machine."""
    cores = len(os.sched_getaffinity(0))
    return room_for(due, cores, (video.width or 0) * (video.height or 0))


def side_by_side(
    do: Callable[[Item], Made],
    items: Iterable[Item],
    workers: int,
    on_done: Callable[[Item], None] | None = None,
) -> list[Made]:
    """Calls `do` for each item in order, for `workers` of them at a time, and `on_done`, in the
    caller's thread, after each. What `do` returned, in the order of the items.

    An exception, of one of them or one that interrupts the caller, stops the others within seconds:
    their runs of ffmpeg are gone and no other item is begun when it is raised.
    """
    over, place = threading.Event(), here()

    def one(item: Item) -> Made:
        with stopped_by(over), going_on(place):
            return do(item)

    with ThreadPoolExecutor(workers, thread_name_prefix="clip") as pool:
        try:
            under_way = {pool.submit(one, item): item for item in items}
            for done in as_completed(under_way):
                done.result()
                if on_done:
                    on_done(under_way[done])
        except BaseException:
            over.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return [done.result() for done in under_way]
