"""Makes the file of a schema: `python -m tests.schemas.make 0030`.

Run it once, with the code of the release, and keep the file: from then on it shows what that
version left. Each list below is added at its schema; the file of a later one has what the
migrations make of it.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import Connection

from heaters_pipeline.db import migrate
from heaters_pipeline.db.urls import APP_DRIVER, for_psycopg
from heaters_pipeline.platform.embedded_postgres import EmbeddedPostgres, packaged_programs

FOLDER = Path(__file__).parent

ROWS = {
    "0007": """
INSERT INTO source_videos (key, title, url, origin, state, source_sha256, width, height, rate_num,
    rate_den, rotation, sample_aspect_num, sample_aspect_den, frame_count, duration_seconds,
    has_audio, download_quality, source_filepath, gold_master_filepath, frame_checksums_filepath,
    frame_scores_filepath, proxy_filepath, proxy_audio_filepath, proxy_id, proxy_codec,
    proxy_description, proxy_width, proxy_height, keyframe_offsets, scene_cut_points, damage,
    products_sha256, sprites, sprites_filepath)
VALUES
    ('harbour-1', 'Harbour', 'https://films.example/harbour', 'web', 'ready', repeat('a', 64), 320,
    180, 30000, 1001, 90, 1, 1, 90, 3.003, true, '{"got": {"height": 180}, "best_listed": null}',
    'videos/harbour-1/source-aaaaaaaaaa.mp4', 'videos/harbour-1/gold_master-aaaaaaaaaa.mkv',
    'videos/harbour-1/frame_checksums-aaaaaaaaaa.txt',
    'videos/harbour-1/frame_scores-aaaaaaaaaa.rgb', 'videos/harbour-1/proxy-0123456789abcdef.mp4',
    'videos/harbour-1/proxy-0123456789abcdef.wav', '0123456789abcdef', 'avc1.42C01F', '\\x0142c01f',
    320, 180, decode(repeat('00', 1800), 'hex'),
    '{"detector": "transition", "threshold": 0.5, "cuts": [30, 60], "transitions": []}',
    '{"frames": [[80, 82]], "errors": ["a frame is damaged"], "missing_seconds": 0}',
    repeat('a', 64), '{"sheets": 1}', 'videos/harbour-1/sprites-0123456789abcdef.mov');
INSERT INTO source_videos (key, title, url, origin, state, error, attempt)
VALUES ('lost-1', 'Lost', 'https://films.example/lost', 'web', 'download_failed', 'Not there.', 2);
INSERT INTO source_videos (key, title, url, origin)
VALUES ('waiting-1', 'Waiting', '/films/waiting.mp4', 'upload');
INSERT INTO source_videos (key, title, url, origin, state, duplicate_of_id)
VALUES ('twin-1', 'Twin', '/films/twin.mp4', 'upload', 'duplicate', 1);

INSERT INTO clips (source_video_id, state, made_by, cut_points, version, labels, rating, note)
VALUES (1, 'pending_review', 'replan', '{"start_frame": 0, "end_frame": 30,
    "start_time_seconds": 0, "end_time_seconds": 1.001}', 3, '{night,rain}', 4, 'Fine light.');
INSERT INTO clips (source_video_id, state, made_by, is_virtual, cut_points, trim, clip_filepath,
    exported_frames, version, decided_at, last_event_id)
VALUES (1, 'embedded', 'replan', false, '{"start_frame": 30, "end_frame": 60,
    "start_time_seconds": 1.001, "end_time_seconds": 2.002}',
    '{"start_frame": 31, "end_frame": 60}', 'clips/2/clip.mp4',
    '{"start_frame": 31, "end_frame": 60}', 2, '2026-11-20 12:00+00', 1);
INSERT INTO clips (source_video_id, state, made_by, cut_points, version, decided_at, last_event_id)
VALUES (1, 'superseded', 'replan', '{"start_frame": 60, "end_frame": 90,
    "start_time_seconds": 2.002, "end_time_seconds": 3.003}', 2, '2026-11-20 12:01+00', 2);
INSERT INTO clips (source_video_id, state, made_by, cut_points, version, grouped_with_clip_id,
    decided_at, last_event_id)
VALUES (1, 'review_approved', 'split', '{"start_frame": 60, "end_frame": 75,
    "start_time_seconds": 2.002, "end_time_seconds": 2.5025}', 2, 2, '2026-11-20 12:02+00', 3);
INSERT INTO clips (source_video_id, state, made_by, cut_points, attempt, error)
VALUES (1, 'export_failed', 'split', '{"start_frame": 75, "end_frame": 90,
    "start_time_seconds": 2.5025, "end_time_seconds": 3.003}', 2, 'No answer.');

INSERT INTO review_events (source_video_id, actor, action, clip_ids, before, after)
VALUES
    (1, 'ann', 'approve', '{2}', '[{"id": 2, "state": "pending_review"}]',
    '[{"id": 2, "state": "review_approved"}]'),
    (1, 'ann', 'split', '{3,4,5}', '[{"id": 3, "state": "pending_review"}]',
    '[{"id": 4, "state": "pending_review"}, {"id": 5, "state": "pending_review"}]'),
    (1, 'bob', 'group', '{2,4}', '[{"id": 4, "state": "pending_review"}]',
    '[{"id": 4, "state": "review_approved"}]');
INSERT INTO review_events (source_video_id, actor, action, clip_ids, before, after, batch_id,
    undoes_event_id)
VALUES
    (1, 'bob', 'skip', '{1}', '[{"id": 1, "state": "pending_review"}]',
    '[{"id": 1, "state": "review_skipped"}]', 4, NULL),
    (1, 'bob', 'undo', '{1}', '[{"id": 1, "state": "review_skipped"}]',
    '[{"id": 1, "state": "pending_review"}]', NULL, 4);

INSERT INTO clip_artifacts (clip_id, kind, frame, filepath, width, height)
VALUES (2, 'keyframe', 45, 'clips/2/keyframe-45.jpg', 320, 180);
INSERT INTO clip_embeddings (clip_id, model, strategy, embedding)
VALUES (2, 'layout-v1', 'keyframe_mean', '[0.6,0.8]'), (2, 'layout-v1', 'preview', '[1,0]');
CREATE INDEX hnsw_0123456789abcdef ON clip_embeddings
    USING hnsw ((embedding::vector(2)) vector_cosine_ops)
    WHERE model = 'layout-v1' AND vector_dims(embedding) = 2 AND strategy <> 'preview';
INSERT INTO stored_objects (path, source_video_id, kind, bytes)
VALUES ('videos/harbour-1/source-aaaaaaaaaa.mp4', 1, 'source', 123456789012),
    ('clips/2/clip.mp4', 1, 'clip', 4321), ('clips/2/keyframe-45.jpg', 1, 'keyframe', 321);
""",
    "0018": """
UPDATE source_videos SET mirrored = true, cut_evidence_filepath =
    'videos/harbour-1/cut_evidence-aaaaaaaaaa-bbbbbbbbbb.npz', pending_source =
    '{"path": "videos/harbour-1/source-cccccccccc.mp4", "sha256": "c", "quality": null}'
    WHERE id = 1;
UPDATE clips SET doubt = 0.25, leased_by = 'ann', leased_page = 'page', leased_until = now()
    WHERE id = 1;
UPDATE clips SET receipt = '{"frame_count": 29, "duration_seconds": 0.967, "size": 4321,
    "sha256": "d", "psnr_least": 40, "psnr_mean": 45, "audio_lag": null, "ffmpeg": "8.0"}'
    WHERE id = 2;
INSERT INTO labels (name, former_names, colour, key, place)
VALUES ('night', '{dark}', 'blue', 1, 1), ('rain', '{}', 'grey', NULL, 2);
INSERT INTO saved_views (name, arguments, saved_by) VALUES ('Nights', '{"label": "night"}', 'ann');
""",
    "0030": """
UPDATE source_videos SET archived = 'cold', archived_at = '2026-11-25 12:00+00', source_timecode =
    '{"start": "10:00:00:00"}', repeats_sought_in = frame_scores_filepath WHERE id = 1;
UPDATE clips SET chosen_frames = '{3,7}', tries = 2, retry_at = '2026-11-29 12:00+00' WHERE id = 1;
UPDATE clips SET group_name = 'Boats', keyframes_basis = 'midpoint' WHERE id = 2;
INSERT INTO profile_uses (profile_id, label) SELECT id, 'night' FROM export_profiles
    WHERE name = 'web';
INSERT INTO export_failures (clip_id, profile, profile_hash, error, tries)
VALUES (2, 'web', 'def', 'No answer.', 20);
INSERT INTO group_exports (first_clip_id, profile, basis, error)
VALUES (2, 'archive', 'ghi', 'One clip has no file.');
INSERT INTO collections (name, made_by) VALUES ('Sea', 'ann');
INSERT INTO collection_clips (collection_id, clip_id, place, put_by) VALUES (1, 2, 1, 'ann');
INSERT INTO handovers (actor, profile, selection, destination)
VALUES ('ann', 'delivery', '{"collection": "1"}', '/out');
INSERT INTO handover_clips (handover_id, clip_id, sha256) VALUES (1, 2, 'd');
INSERT INTO keyframe_rules (label_id, spec) VALUES (1, '{"strategy": "sharpest"}');
INSERT INTO frame_signatures (source_video_id, frame, bits) SELECT 1, 5, (SELECT
    repeat('10', atttypmod / 2)::varbit FROM pg_attribute WHERE attname = 'bits'
    AND attrelid = 'frame_signatures'::regclass);
INSERT INTO repeats (source_video_id, start_frame, end_frame, other_video_id, other_start_frame,
    other_end_frame, is_mirrored, score) VALUES (1, 0, 30, 1, 60, 90, false, 0.75);
INSERT INTO repeats_apart (source_video_id, start_frame, end_frame, other_video_id,
    other_start_frame, other_end_frame, actor) VALUES (1, 0, 30, 1, 60, 75, 'ann');
INSERT INTO theme_surveys (model, clips) VALUES ('layout-v1', 1);
INSERT INTO themes (name, centre, examples) VALUES ('boats', '[0.6,0.8]', '{2}');
INSERT INTO clip_themes (clip_id, theme_id, distance, novelty, surveyed)
VALUES (2, 1, 0.125, 0.5, true);
INSERT INTO search_pictures (digest, model, embedding, thumbnail)
VALUES ('e', 'layout-v1', '[1,0]', '\\x01');
INSERT INTO vector_failures (model, clip_id, error, retry_at)
VALUES ('layout-v1', 4, 'It has no keyframe.', '2026-11-29 12:00+00');
INSERT INTO webhooks (url, secret) VALUES ('https://hooks.example/', 'secret');
INSERT INTO webhook_deliveries (webhook_id, event_id, body)
VALUES (1, 'clip-2', '{"kind": "exported"}');
INSERT INTO objects_to_delete (path, tries, error) VALUES ('clips/9/clip.mp4', 1, 'No answer.');
INSERT INTO outages (thing, reason) VALUES ('storage', 'No answer.');
""",
}


def fill(connection: Connection, schema: str) -> None:
    """Migrates an empty database to a schema, and on the way adds the rows of each version."""
    for version, statements in ROWS.items():
        if version <= schema:
            migrate.upgrade_to(connection, version)
            connection.exec_driver_sql(statements)


def written(url: str) -> str:
    """A database as SQL, without what only psql understands."""
    command = [packaged_programs() / "pg_dump", "--inserts", "--no-owner", "--no-privileges"]
    dump = subprocess.run(
        [*command, "--no-comments", f"--dbname={for_psycopg(url)}"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    kept = [line for line in dump.splitlines() if line and not line.startswith(("--", "\\"))]
    return "\n".join(kept) + "\n"


def main(schema: str) -> None:
    home = Path(tempfile.mkdtemp(prefix="heaters-schema-"))
    server = EmbeddedPostgres(home)
    server.start()
    try:
        url = server.url("postgres", APP_DRIVER)
        engine = sa.create_engine(url)
        with engine.begin() as connection:
            fill(connection, schema)
        engine.dispose()
        (FOLDER / f"{schema}.sql").write_text(written(url))
    finally:
        server.stop()
        shutil.rmtree(home)


if __name__ == "__main__":
    main(*sys.argv[1:])
