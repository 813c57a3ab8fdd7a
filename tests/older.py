"""An older system: the pipeline that cut files of clips before anybody had decided on them."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import cycle, pairwise
from pathlib import Path

import psycopg

from heaters_pipeline.db.urls import for_psycopg
from heaters_pipeline.domain.cut_points import FrameRange
from tests.footage import make_numbered_film, numbered_picture, remake

SIZE = (96, 54)
SHORTEST, LONGEST = 10, 18

SCHEMA = """
CREATE TABLE source_videos (
    id serial PRIMARY KEY, filepath text, title text NOT NULL, fps double precision,
    duration_seconds double precision, ingest_state text NOT NULL, original_url text,
    created_at timestamp DEFAULT now()
);
CREATE TABLE clips (
    id serial PRIMARY KEY, source_video_id integer NOT NULL REFERENCES source_videos,
    clip_filepath text, clip_identifier text NOT NULL, start_frame integer, end_frame integer,
    start_time_seconds double precision, end_time_seconds double precision,
    ingest_state text NOT NULL, grouped_with_clip_id integer REFERENCES clips,
    reviewed_at timestamp, action_committed_at timestamp, created_at timestamp DEFAULT now()
);
CREATE TABLE clip_artifacts (
    id serial PRIMARY KEY, clip_id integer NOT NULL REFERENCES clips, artifact_type text NOT NULL,
    s3_key text NOT NULL, metadata jsonb, tag text, frame integer
);
CREATE EXTENSION IF NOT EXISTS vector;
CREATE TABLE embeddings (
    id serial PRIMARY KEY, clip_id integer NOT NULL REFERENCES clips, embedding vector NOT NULL,
    model_name text NOT NULL, generation_strategy text NOT NULL
);
CREATE TABLE clip_events (
    id serial PRIMARY KEY, clip_id integer NOT NULL REFERENCES clips, action text NOT NULL,
    reviewer_id text, event_data jsonb, created_at timestamp NOT NULL
);
"""

WITHOUT_FILE = frozenset({"new", "downloading", "splicing", "splicing_failed"})
REPLACED = frozenset({"merged", "split"})
APPROVED = frozenset(
    {
        *("review_approved", "keyframing", "keyframed", "keyframe_failed"),
        *("embedding", "embedded", "embedding_failed"),
    }
)
STATES = (
    *("pending_review", "embedded", "review_skipped", "review_archived", "keyframed"),
    *("review_approved", "embedded", "merged", "split", "embedding_failed", "spliced"),
    *("sprite_generated", "generating_sprite", "keyframing", "keyframe_failed", "embedding"),
    *("new", "splicing_failed", "sprite_failed", "downloading", "splicing"),
)
"""All that clips have there."""

GROUPED = ("keyframed", "review_approved")
"""Of two neighbours in these states, the second is in the first one's group."""

BEGAN = datetime(2024, 3, 1, 9, tzinfo=UTC)


@dataclass(frozen=True)
class OlderClipRow:
    id: int
    film: str
    frames: FrameRange
    state: str
    path: str | None
    reviewer: str | None
    """Who decided last."""
    decided_at: datetime | None
    still: int | None
    """The frame of the film that its keyframe shows."""

    @property
    def is_takeable(self) -> bool:
        return self.path is not None or self.state in REPLACED


@dataclass(eq=False)
class OlderSystem:
    url: str
    folder: Path
    """Of its files."""
    films: Mapping[str, Path]
    """By their titles: where they lie outside of the system."""
    rates: Mapping[str, Fraction]
    clips: list[OlderClipRow] = field(default_factory=list)
    groups: dict[int, int] = field(default_factory=dict)
    """The first clip of the group, by clip."""

    def with_files(self, film: str) -> list[OlderClipRow]:
        return [clip for clip in self.clips if clip.film == film and clip.path]


def make_files(folder: Path, clips: int) -> dict[str, tuple[Path, Fraction, list[FrameRange]]]:
    """Two films of numbered frames at different rates, outside of `clips/`, and a file of each of
    their shots, cut and encoded anew by ffmpeg. By title: film, rate, ranges of the shots."""
    chance = random.Random(18)
    made = {}
    (folder / "clips").mkdir(parents=True)
    for title, rate in (("Harbour", Fraction(25)), ("Market", Fraction(30000, 1001))):
        cuts = [0]
        while len(cuts) <= clips // 2:
            cuts.append(cuts[-1] + chance.randint(SHORTEST, LONGEST))
        film = make_numbered_film(
            folder / f"{title}.mp4", cuts[-1], SIZE, rate, scenes=cuts[1:-1], audio=False
        )
        times = ",".join(f"{float((cut - Fraction(1, 2)) / rate):.6f}" for cut in cuts[1:-1])
        remake(
            film,
            folder / "clips" / f"{title}-%04d.mp4",
            **{"f": "segment", "segment_frames": ",".join(map(str, cuts[1:-1]))},
            **{"force_key_frames": times, "reset_timestamps": 1},
            **{"c:v": "libx264", "crf": 24, "preset": "veryfast", "pix_fmt": "yuv420p"},
        )
        made[title] = (film, rate, [FrameRange(*pair) for pair in pairwise(cuts)])
    return made


def fill(
    url: str,
    folder: Path,
    made: Mapping[str, tuple[Path, Fraction, list[FrameRange]]],
    *,
    at_hand: tuple[str, ...] = (),
) -> OlderSystem:
    """An older system's database at `url`, of these films and clips. Of films `at_hand` it knows
    the file; of the others the path is one of another machine."""
    system = OlderSystem(
        url,
        folder,
        {title: film for title, (film, _, _) in made.items()},
        {title: rate for title, (_, rate, _) in made.items()},
    )
    states, chance = cycle(STATES), random.Random(3)
    with psycopg.connect(for_psycopg(url), autocommit=False) as database:
        database.execute(SCHEMA)  # type: ignore[call-overload, unused-ignore]
        number = 0
        for film_id, (title, (film, rate, shots)) in enumerate(made.items(), start=1):
            path = str(film) if title in at_hand else f"/srv/older/{title}.mp4"
            database.execute(
                "INSERT INTO source_videos (filepath, title, fps, ingest_state)"
                " VALUES (%s, %s, %s, 'spliced')",
                (path, title, float(rate)),
            )
            for shot, frames in enumerate(shots):
                number += 1
                row = _row(title, number, shot, frames, next(states))
                _write(database, film_id, row, rate, chance, folder)
                system.clips.append(row)
        for first, second in pairwise(system.clips):
            if first.film == second.film and (first.state, second.state) == GROUPED:
                system.groups[second.id] = first.id
                database.execute(
                    "UPDATE clips SET grouped_with_clip_id = %s WHERE id = %s",
                    (first.id, second.id),
                )
    return system


def _row(title: str, number: int, shot: int, frames: FrameRange, state: str) -> OlderClipRow:
    gone = state in WITHOUT_FILE | REPLACED
    decided = state in APPROVED | REPLACED or state.startswith("review_")
    has_still = state in {"keyframed", "embedding", "embedding_failed", "embedded"}
    return OlderClipRow(
        number,
        title,
        frames,
        state,
        None if gone else f"clips/{title}-{shot:04}.mp4",
        ("ann", "ben")[number % 2] if decided else None,
        BEGAN + timedelta(minutes=number) if decided else None,
        (frames.start + frames.end) // 2 if has_still else None,
    )


def _write(
    database: psycopg.Connection,
    film_id: int,
    row: OlderClipRow,
    rate: Fraction,
    chance: random.Random,
    folder: Path,
) -> None:
    naive = row.decided_at.replace(tzinfo=None) if row.decided_at else None
    database.execute(
        "INSERT INTO clips (source_video_id, clip_filepath, clip_identifier, start_frame,"
        " end_frame, start_time_seconds, end_time_seconds, ingest_state, reviewed_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (
            *(film_id, row.path, f"{row.film}_{row.id:04}"),
            *_said_range(row, rate),
            *(row.state, naive),
        ),
    )
    for action, who, at in _events(row):
        database.execute(
            "INSERT INTO clip_events (clip_id, action, reviewer_id, created_at)"
            " VALUES (%s, %s, %s, %s)",
            (row.id, action, who, at.replace(tzinfo=None)),
        )
    if row.still is not None:
        import cv2

        key = f"keyframes/{row.id}.jpg"
        (folder / "keyframes").mkdir(exist_ok=True)
        picture = numbered_picture(row.still, *SIZE)
        cv2.imwrite(str(folder / key), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
        database.execute(
            "INSERT INTO clip_artifacts (clip_id, artifact_type, s3_key, tag, frame)"
            " VALUES (%s, 'keyframe', %s, 'mid', %s), (%s, 'sprite_sheet', 's.jpg', NULL, NULL)",
            (row.id, key, row.still - row.frames.start + 1, row.id),
        )
    if row.state == "embedded":
        vector = json.dumps([round(chance.gauss(0, 1), 4) for _ in range(8)])
        database.execute(
            "INSERT INTO embeddings (clip_id, embedding, model_name, generation_strategy)"
            " VALUES (%s, %s, 'openai/clip-vit-base-patch32', 'keyframe_midpoint')",
            (row.id, vector),
        )


def _said_range(row: OlderClipRow, rate: Fraction) -> tuple[int | None, int | None, float, float]:
    """Most are right, some a little wrong, some have seconds alone."""
    shift = {3: 2, 5: -1}.get(row.id % 8, 0)
    start, end = max(0, row.frames.start + shift), row.frames.end + shift
    seconds = (float(start / rate), float(end / rate))
    return (None, None, *seconds) if row.id % 8 == 1 else (start, end, *seconds)


def _events(row: OlderClipRow) -> Iterator[tuple[str, str, datetime]]:
    if row.decided_at is None or row.reviewer is None:
        return
    verdict = {
        "review_skipped": "selected_skip",
        "review_archived": "selected_archive",
        "merged": "selected_merge_source",
        "split": "selected_split",
    }.get(row.state, "selected_approve")
    if row.id % 3 == 0:
        yield "selected_skip", "cem", row.decided_at - timedelta(seconds=20)
        yield "selected_undo", "cem", row.decided_at - timedelta(seconds=10)
    if row.id % 7:  # of the others only the state is known
        yield verdict, row.reviewer, row.decided_at
