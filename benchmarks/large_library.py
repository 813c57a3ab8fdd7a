"""A library as large as asked for, of rows alone: half of its clips were decided, half wait."""

from __future__ import annotations

import psycopg

from heaters_pipeline.db.urls import for_psycopg

CLIPS_OF_FILM = 500
CLIP_FRAMES = 4
REVIEWERS = 50
LABELS = 20


def fill(
    url: str,
    clips: int,
    clips_of_film: int = CLIPS_OF_FILM,
    *,
    history: int = 0,
    have_files: bool = False,
) -> None:
    """Writes films into a database without rows, with a decision for each clip of the first half of
    them, over the last year, and a still for each of the library, and a vector for each clip.
    `history` is how many decisions were made in the year before, which others replaced. With
    `have_files` the library lacks no file of its profiles."""
    numbers = {
        "clips": clips,
        "films": -(-clips // clips_of_film),
        "decided": clips // 2,
        "clips_of_film": clips_of_film,
        "history": history,
        "frames": CLIP_FRAMES,
        "reviewers": REVIEWERS,
        "labels": LABELS,
    }
    with psycopg.connect(for_psycopg(url), autocommit=True) as connection:
        with connection.transaction():
            connection.execute("SET LOCAL maintenance_work_mem = '512MB'")
            # No trigger runs, and no reference is looked up, a million times.
            connection.execute("SET LOCAL session_replication_role = replica")
            # An index is built at once in a part of the time that its rows take one by one.
            indexes = connection.execute(_INDEXES).fetchall()
            for name, _ in indexes:
                connection.execute(f"DROP INDEX {name}")
            connection.execute("ALTER TABLE clips DROP CONSTRAINT ex_clips_overlap")
            for statement in (_FILMS, _CLIPS, _COUNTS, _SKIPPED):
                connection.execute(statement, numbers)
            for before in range(0, history, max(numbers["decided"], 1)):
                connection.execute(_HISTORY, {**numbers, "before": before})
            for statement in (
                _EVENTS,
                *([_FILES, _COSTS] if have_files else []),
                _STILLS,
                _VECTORS,
                _LABELS,
            ):
                connection.execute(statement, numbers)
            for _, made in indexes:
                connection.execute(made)
            connection.execute(_OVERLAP)
            for table in ("source_videos", "clips", "review_events"):
                connection.execute(
                    f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table}"
                )
        connection.execute("VACUUM ANALYZE")


_INDEXES = """
    SELECT indexname, indexdef FROM pg_indexes
    WHERE schemaname = 'public' AND indexname LIKE 'ix_%'
        AND tablename IN ('clips', 'review_events', 'clip_artifacts', 'clip_embeddings')
"""

_COUNTS = """
    INSERT INTO clip_counts (kind, name, number)
    SELECT kind, name, count(*) FROM clips, counted_as(state, labels) GROUP BY kind, name
"""

_FILMS = """
    INSERT INTO source_videos (id, key, title, url, origin, state, rate_num, rate_den, frame_count,
        gold_master_filepath, proxy_filepath, proxy_id, keyframe_offsets, scene_cut_points,
        updated_at)
    OVERRIDING SYSTEM VALUE
    SELECT film, 'film-' || film, 'Film ' || film, '/films/' || film || '.mp4', 'upload', 'ready',
        25, 1, shape.length, 'g', 'p', 'id-' || film,
        decode(repeat('00', shape.length * 20), 'hex'), shape.found, now() - interval '365 days'
    FROM generate_series(1, %(films)s) AS film,
        (SELECT %(clips_of_film)s::int * %(frames)s AS length, jsonb_build_object(
            'detector', 'transition', 'suggestions', '[]'::jsonb, 'flashes', '[]'::jsonb,
            'transitions', jsonb_agg(jsonb_build_object('kind', 'cut',
                'first', clip * %(frames)s - 1, 'last', clip * %(frames)s, 'score', 0.9))) AS found
        FROM generate_series(1, %(clips_of_film)s - 1) AS clip) AS shape
"""

_CLIPS = """
    INSERT INTO clips (id, source_video_id, made_by, cut_points, state, is_virtual, clip_filepath,
        exported_frames, labels, rating, doubt, version, decided_at, last_event_id, updated_at)
    OVERRIDING SYSTEM VALUE
    SELECT id, film, 'replan', frames || jsonb_build_object(
            'start_time_seconds', first / 25.0, 'end_time_seconds', (first + %(frames)s) / 25.0),
        state, state <> 'embedded',
        CASE state WHEN 'embedded' THEN 'clips/' || id || '.mp4' END,
        CASE state WHEN 'embedded' THEN frames END,
        CASE WHEN state <> 'pending_review' AND id %% 5 = 0
            THEN ARRAY['label ' || id / 5 %% %(labels)s] ELSE '{}' END,
        CASE WHEN state <> 'pending_review' AND id %% 3 = 0 THEN 1 + id %% 5 END,
        id %% 100 / 100.0,
        CASE state WHEN 'pending_review' THEN 1 ELSE 2 END,
        CASE WHEN state <> 'pending_review'
            THEN now() - (%(decided)s - id) * interval '365 days' / %(decided)s END,
        CASE WHEN state <> 'pending_review' THEN %(history)s + id END,
        now() - interval '365 days'
    FROM (
        SELECT id, (id - 1) / %(clips_of_film)s + 1 AS film, first, CASE
                WHEN id > %(decided)s THEN 'pending_review' WHEN id %% 10 < 6 THEN 'embedded'
                WHEN id %% 10 < 9 THEN 'review_skipped' ELSE 'archived' END AS state,
            jsonb_build_object('start_frame', first, 'end_frame', first + %(frames)s) AS frames
        FROM (SELECT id, (id - 1) %% %(clips_of_film)s * %(frames)s AS first
            FROM generate_series(1, %(clips)s) AS id) AS clip
    ) AS clip
"""

_EVENTS = """
    INSERT INTO review_events (id, source_video_id, actor, action, clip_ids, before, after,
        created_at)
    OVERRIDING SYSTEM VALUE
    SELECT %(history)s + id, source_video_id, 'reviewer-' || id / 100 %% %(reviewers)s,
        CASE state WHEN 'embedded' THEN 'approve' WHEN 'archived' THEN 'archive' ELSE 'skip' END,
        ARRAY[id],
        jsonb_build_array(said || '{"state": "pending_review", "version": 1}'),
        jsonb_build_array(said || jsonb_build_object('version', 2, 'state',
            CASE state WHEN 'embedded' THEN 'review_approved' WHEN 'archived'
                THEN 'review_archived' ELSE state END)),
        decided_at
    FROM clips, LATERAL (SELECT jsonb_build_object('id', id, 'start_frame', start_frame,
        'end_frame', end_frame, 'made_by', made_by, 'grouped_with_clip_id', null, 'labels', labels,
        'rating', rating, 'note', note, 'chosen_frames', chosen_frames) AS said) AS clip
    WHERE state <> 'pending_review' ORDER BY id
"""

_SKIPPED = """
    CREATE TEMPORARY TABLE skipped ON COMMIT DROP AS
    SELECT id, source_video_id,
        jsonb_build_array(said || '{"state": "pending_review", "version": 1}') AS before,
        jsonb_build_array(said || '{"state": "review_skipped", "version": 2}') AS after
    FROM clips, LATERAL (SELECT jsonb_build_object('id', id, 'start_frame', start_frame,
        'end_frame', end_frame, 'made_by', made_by, 'grouped_with_clip_id', null, 'labels',
        ARRAY[]::text[], 'rating', null, 'note', null, 'chosen_frames', ARRAY[]::int[]) AS said
    ) AS clip
    WHERE id <= %(decided)s ORDER BY id
"""

_HISTORY = """
    INSERT INTO review_events (id, source_video_id, actor, action, clip_ids, before, after,
        created_at)
    OVERRIDING SYSTEM VALUE
    SELECT event, source_video_id, 'reviewer-' || event / 100 %% %(reviewers)s, 'skip', ARRAY[id],
        before, after,
        now() - interval '365 days' - (%(history)s - event) * interval '365 days' / %(history)s
    FROM skipped, LATERAL (SELECT %(before)s + id AS event) AS number WHERE event <= %(history)s
"""
"""Of each clip once, in the order of time; `before` are the events of earlier rounds."""

_FILES = """
    INSERT INTO clip_exports (clip_id, profile, profile_hash, filepath, exported_frames, bytes,
        sha256, receipt)
    SELECT clips.id, name, hash, clip_filepath, exported_frames, 1000 + clips.id,
        encode(sha256(clips.id::text::bytea), 'hex'),
        jsonb_build_object('size', 1000 + clips.id, 'sha256',
            encode(sha256(clips.id::text::bytea), 'hex'), 'frame_count', %(frames)s,
            'held_frames', 0, 'lossless', false, 'duration_seconds', %(frames)s / 25.0,
            'psnr_least', 41.5, 'psnr_mean', 45.0, 'audio_tracks', 0, 'audio_lag', null,
            'ffmpeg', '8.0', 'encode_seconds', 0.5)
    FROM clips, export_profiles WHERE state = 'embedded' AND name = 'delivery'
"""

_COSTS = """
    INSERT INTO export_costs (profile, profile_hash, files, bytes, seconds, timed_seconds,
        encode_seconds)
    SELECT profile, profile_hash, count(*), sum(cost.bytes), sum(cost.seconds),
        sum(cost.timed_seconds), sum(cost.encode_seconds)
    FROM clip_exports, cost_of_export(clip_exports.bytes, clip_exports.receipt) AS cost
    GROUP BY profile, profile_hash
"""

_STILLS = """
    INSERT INTO clip_artifacts (clip_id, kind, frame, filepath, width, height)
    SELECT id, 'keyframe', start_frame, 'keyframes/' || id || '.jpg', 640, 360
    FROM clips WHERE state = 'embedded'
"""

_VECTORS = """
    INSERT INTO clip_embeddings (clip_id, model, strategy, embedding)
    SELECT id, 'layout-v1', 'preview',
        (array_fill(cos(id), ARRAY[64]) || array_fill(sin(id), ARRAY[64]))::vector
    FROM clips
"""
"""How long it takes to find the nearest is asked elsewhere (`benchmarks.search`)."""

_LABELS = """
    INSERT INTO labels (name, colour, place)
    SELECT 'label ' || label, 'grey', label + 1 FROM generate_series(0, %(labels)s - 1) AS label
"""

_OVERLAP = """
    ALTER TABLE clips ADD CONSTRAINT ex_clips_overlap EXCLUDE USING gist (
        int8range(source_video_id, source_video_id, '[]') WITH &&,
        int4range(start_frame, end_frame) WITH &&
    ) WHERE (state <> 'superseded')
"""
