"""Vectors as a CLIP model would give them, and a library of clips that have them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import psycopg

from heaters_pipeline.db.urls import for_psycopg

Rows = npt.NDArray[np.float32]

DIMENSIONS = 512
MODEL, STRATEGY = "clip-ViT-B-32", "mean"
CLIPS_OF_A_FILM, FRAMES = 1000, 10
"""Frames of a clip."""
LABEL = "one-in-a-hundred"


class Clusters:
    """A distribution of unit vectors like that of CLIP's pictures, which are far from uniform.

    Clusters (subjects) of very unequal sizes lie in a space of few dimensions, whose axes matter
    less and less; each spreads in it by its own measure. A random smooth map (a hidden layer of
    tanh) bends that space into all dimensions, a common direction makes it a narrow cone, and a
    little noise leaves it.
    """

    def __init__(self, seed: int, *, clusters: int = 2000, latent: int = 64) -> None:
        draw = np.random.default_rng(seed)
        axes = ((1 + np.arange(latent)) ** -0.4).astype(np.float32)
        self._centres = draw.normal(size=(clusters, latent)).astype(np.float32) * axes
        self._spread = draw.uniform(0.25, 0.75, size=(clusters, 1)).astype(np.float32) * axes
        sizes = 1 / (1 + np.arange(clusters))
        self._shares = sizes / sizes.sum()
        self._bend = draw.normal(size=(latent, 256)).astype(np.float32)
        self._lift = draw.normal(size=(256, DIMENSIONS)).astype(np.float32) / 16
        self._common = draw.normal(size=DIMENSIONS).astype(np.float32)

    def draw(self, number: int, seed: int) -> Rows:
        """float32 (number, 512), each of length 1."""
        draw = np.random.default_rng((7, seed))
        which = draw.choice(len(self._shares), size=number, p=self._shares)
        inside = draw.standard_normal((number, self._centres.shape[1]), dtype=np.float32)
        latent = self._centres[which] + self._spread[which] * inside
        rows: Any = np.tanh(latent @ self._bend / 2) @ self._lift
        rows += 0.6 * self._common
        rows += 0.1 * draw.standard_normal(rows.shape, dtype=np.float32)
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


class Nearest:
    """Of vectors that come in blocks, the ids of the nearest to each question, by their cosine."""

    def __init__(self, questions: Rows, wanted: int) -> None:
        self._questions = questions
        self._wanted = wanted
        self._best = np.full((len(questions), wanted), -2, np.float32)
        self.ids = np.zeros((len(questions), wanted), np.int64)
        """(questions, wanted), in no order; 0 where there are fewer."""

    def take(self, ids: npt.NDArray[np.int64], vectors: Rows) -> None:
        scores = np.hstack([self._best, self._questions @ vectors.T])
        every = np.hstack([self.ids, np.broadcast_to(ids, (len(self.ids), len(ids)))])
        best = np.argpartition(-scores, self._wanted - 1, axis=1)[:, : self._wanted]
        self._best = np.take_along_axis(scores, best, axis=1)
        self.ids = np.take_along_axis(every, best, axis=1)


def true_nearest(
    clusters: Clusters, rows: int, questions: Rows, wanted: int, some: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Of the clips that `fill` makes, and of `some` of them: ids (questions, wanted)."""
    of_all, of_some = Nearest(questions, wanted), Nearest(questions, wanted)
    for ids, vectors in _blocks(clusters, rows):
        of_all.take(ids, vectors)
        chosen = np.isin(ids, some)
        of_some.take(ids[chosen], vectors[chosen])
    return of_all.ids, of_some.ids


def _blocks(clusters: Clusters, rows: int) -> Iterator[tuple[npt.NDArray[np.int64], Rows]]:
    """Ids of clips with their vectors."""
    for first in range(0, rows, 10_000):
        number = min(10_000, rows - first)
        yield first + 1 + np.arange(number), clusters.draw(number, first)


def fill(url: str, rows: int, clusters: Clusters) -> None:
    """Puts `rows` clips with a vector each into an empty database: 1,000 a film, all in the
    library, one of a hundred with the label `LABEL`. Without an index over the vectors."""
    films = -(-rows // CLIPS_OF_A_FILM)
    with psycopg.connect(for_psycopg(url), autocommit=True) as connection:
        # These clips do not overlap, and to have that proven takes most of the time.
        connection.execute("ALTER TABLE clips DROP CONSTRAINT ex_clips_overlap")
        connection.execute(_FILMS, {"films": films, "frames": FRAMES * CLIPS_OF_A_FILM})
        connection.execute(
            _CLIPS, {"rows": rows, "of_a_film": CLIPS_OF_A_FILM, "frames": FRAMES, "label": LABEL}
        )
        with (
            connection.cursor() as cursor,
            cursor.copy(
                "COPY clip_embeddings (clip_id, model, strategy, embedding) FROM STDIN BINARY"
            ) as copy,
        ):
            copy.write(b"PGCOPY\n\xff\r\n\0" + bytes(8))
            for ids, vectors in _blocks(clusters, rows):
                copy.write(_copied(ids, vectors))
            copy.write(b"\xff\xff")
        connection.execute("ANALYZE")


_FILMS = """
    INSERT INTO source_videos (key, title, url, origin, state, frame_count, rate_num, rate_den,
        gold_master_filepath, proxy_filepath, keyframe_offsets)
    SELECT 'film-' || n, 'Film ' || n, 'https://example.org/' || n, 'web', 'ready', %(frames)s, 25,
        1, 'gold', 'proxies/' || md5(n::text) || '.mp4',
        decode(repeat('00', %(frames)s * 20), 'hex')
    FROM generate_series(1, %(films)s) AS n
"""

_CLIPS = """
    INSERT INTO clips (source_video_id, state, made_by, is_virtual, clip_filepath, exported_frames,
        labels, decided_at, cut_points)
    SELECT 1 + n / %(of_a_film)s, 'embedded', 'replan', false, 'clips/' || n || '/clip.mp4', frames,
        CASE WHEN hashint4(n) %% 100 = 0 THEN ARRAY[%(label)s] ELSE '{}' END,
        now() - n * interval '1 second', frames || jsonb_build_object(
            'start_time_seconds', (n %% %(of_a_film)s) * %(frames)s / 25.0,
            'end_time_seconds', (n %% %(of_a_film)s + 1) * %(frames)s / 25.0)
    FROM generate_series(0, %(rows)s - 1) AS n, jsonb_build_object(
        'start_frame', (n %% %(of_a_film)s) * %(frames)s,
        'end_frame', (n %% %(of_a_film)s + 1) * %(frames)s
    ) AS frames
    ORDER BY n
"""


def _copied(ids: npt.NDArray[np.int64], vectors: Rows) -> bytes:
    """As rows of Postgres' binary COPY; a vector is its length, two bytes of nothing, and its
    numbers."""
    dimensions = vectors.shape[1]

    fields: list[tuple[Any, ...]] = [("fields", ">i2")]
    model, strategy = MODEL.encode(), STRATEGY.encode()
    fields += [("clip_size", ">i4"), ("clip", ">i8")]
    fields += [("model_size", ">i4"), ("model", f"S{len(model)}")]
    fields += [("strategy_size", ">i4"), ("strategy", f"S{len(strategy)}")]
    fields += [("size", ">i4"), ("dimensions", ">i2"), ("unused", ">i2")]
    fields += [("numbers", ">f4", (dimensions,))]
    rows = np.zeros(len(vectors), np.dtype(fields))
    rows["fields"] = 4
    rows["clip_size"], rows["clip"] = 8, ids
    rows["model_size"], rows["model"] = len(model), model
    rows["strategy_size"], rows["strategy"] = len(strategy), strategy
    rows["size"], rows["dimensions"] = 4 + 4 * dimensions, dimensions
    rows["numbers"] = vectors
    return rows.tobytes()
