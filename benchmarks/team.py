"""Many reviewers at once, and what became of their decisions."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple

import psycopg

from benchmarks.review_client import Reviewer
from heaters_pipeline.domain.errors import HeatersError

AT_A_TIME = 6
"""Clips that a page asks for (`static/review/queue.js`)."""


class Decided(NamedTuple):
    """What the server has answered."""

    clip_id: int
    actor: str
    action: str
    milliseconds: float


class Team:
    """`reviewers` of one app, each on the queue's next clips."""

    def __init__(self, url: str, reviewers: int, *, patient: bool = False) -> None:
        self._url = url
        self._reviewers = reviewers
        self._patient = patient
        self._answered: list[Decided] = []
        self._left = threading.Semaphore(0)
        self._names = f"{random.randrange(1 << 32):x}"

    def decide(self, number: int, halfway: Callable[[], object] | None = None) -> list[Decided]:
        """Makes so many decisions, all that were answered. Calls `halfway` when half of them were.
        Raises HeatersError for one that was refused."""
        self._answered.clear()
        self._left = threading.Semaphore(number)
        with ThreadPoolExecutor(self._reviewers + 1) as pool:
            at_work = [pool.submit(self._work, each) for each in range(self._reviewers)]
            if halfway is not None:
                pool.submit(self._when_halfway, number, halfway, at_work).result()
            for each in at_work:
                each.result()
        return list(self._answered)

    def _when_halfway(
        self, number: int, halfway: Callable[[], object], at_work: list[Future[None]]
    ) -> None:
        while len(self._answered) < number / 2 and not all(each.done() for each in at_work):
            time.sleep(0.01)
        halfway()

    def _work(self, number: int) -> None:
        name = f"{self._names}-{number}"
        reviewer, chance = Reviewer(self._url, name, patient=self._patient), random.Random(number)
        while clips := reviewer.queue(AT_A_TIME):
            for clip in clips:
                if not self._left.acquire(blocking=False):
                    return
                action = chance.choice(("approve", "skip", "archive"))
                began = time.perf_counter()
                reviewer.decide(clip, action)
                took = 1000 * (time.perf_counter() - began)
                self._answered.append(Decided(clip["id"], name, action, took))
        raise HeatersError("The queue is empty: give the library more clips.")


def recorded_once(database: psycopg.Connection, answered: list[Decided], since: int) -> int:
    """How many of the decisions are in the log exactly once, with no other decision on their clip
    after event `since`, and in the clip's row."""
    with database.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE answered (clip_id bigint, actor text, action text)")
        with cursor.copy("COPY answered FROM STDIN") as copy:
            for each in answered:
                copy.write_row((each.clip_id, each.actor, each.action))
        found = cursor.execute(_RECORDED, {"since": since}).fetchone()
        cursor.execute("DROP TABLE answered")
    return int(found[0]) if found else 0


_RECORDED = """
    WITH made AS (
        SELECT clip_ids[1] AS clip_id, min(id) AS id, min(actor) AS actor, min(action) AS action
        FROM review_events WHERE id > %(since)s
        GROUP BY clip_ids HAVING count(*) = 1 AND cardinality(clip_ids) = 1
    ), wanted AS (
        SELECT clip_id, min(actor) AS actor, min(action) AS action
        FROM answered GROUP BY clip_id HAVING count(*) = 1
    )
    SELECT count(*) FROM wanted JOIN made USING (clip_id, actor, action)
        JOIN clips ON clips.id = clip_id AND last_event_id = made.id AND version = 2
            AND state = CASE action WHEN 'approve' THEN 'review_approved'
                WHEN 'skip' THEN 'review_skipped' ELSE 'review_archived' END
"""
