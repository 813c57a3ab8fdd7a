SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET transaction_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;
CREATE EXTENSION IF NOT EXISTS vector WITH SCHEMA public;
CREATE FUNCTION public.refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$;
SET default_tablespace = '';
SET default_table_access_method = heap;
CREATE TABLE public.alembic_version (
    version_num character varying(32) NOT NULL
);
CREATE TABLE public.clip_artifacts (
    id bigint NOT NULL,
    clip_id bigint NOT NULL,
    kind text NOT NULL,
    frame integer NOT NULL,
    filepath text NOT NULL,
    width integer NOT NULL,
    height integer NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_clip_artifacts_kind CHECK ((kind = 'keyframe'::text))
);
ALTER TABLE public.clip_artifacts ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.clip_artifacts_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.clip_embeddings (
    id bigint NOT NULL,
    clip_id bigint NOT NULL,
    model text NOT NULL,
    strategy text NOT NULL,
    embedding public.vector NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);
ALTER TABLE public.clip_embeddings ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.clip_embeddings_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.clips (
    id bigint NOT NULL,
    source_video_id bigint NOT NULL,
    state text DEFAULT 'pending_review'::text NOT NULL,
    made_by text NOT NULL,
    is_virtual boolean DEFAULT true NOT NULL,
    cut_points jsonb NOT NULL,
    start_frame integer GENERATED ALWAYS AS (((cut_points ->> 'start_frame'::text))::integer) STORED NOT NULL,
    end_frame integer GENERATED ALWAYS AS (((cut_points ->> 'end_frame'::text))::integer) STORED NOT NULL,
    clip_filepath text,
    grouped_with_clip_id bigint,
    version integer DEFAULT 1 NOT NULL,
    leased_by text,
    leased_until timestamp with time zone,
    decided_at timestamp with time zone,
    last_event_id bigint,
    attempt integer DEFAULT 0 NOT NULL,
    error text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    "trim" jsonb,
    exported_frames jsonb,
    labels text[] DEFAULT '{}'::text[] NOT NULL,
    rating smallint,
    note text,
    CONSTRAINT ck_clips_made_by CHECK ((made_by = ANY (ARRAY['replan'::text, 'merge'::text, 'split'::text, 'nudge'::text]))),
    CONSTRAINT ck_clips_physical CHECK ((is_virtual OR ((clip_filepath IS NOT NULL) AND (exported_frames IS NOT NULL)))),
    CONSTRAINT ck_clips_range CHECK (((0 <= start_frame) AND (start_frame < end_frame))),
    CONSTRAINT ck_clips_rating CHECK (((rating >= 1) AND (rating <= 5))),
    CONSTRAINT ck_clips_state CHECK ((state = ANY (ARRAY['pending_review'::text, 'review_approved'::text, 'review_skipped'::text, 'review_archived'::text, 'exporting'::text, 'exported'::text, 'export_failed'::text, 'keyframing'::text, 'keyframed'::text, 'keyframe_failed'::text, 'embedding'::text, 'embedded'::text, 'embedding_failed'::text, 'archived'::text, 'superseded'::text])))
);
ALTER TABLE public.clips ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.clips_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.review_events (
    id bigint NOT NULL,
    source_video_id bigint NOT NULL,
    actor text NOT NULL,
    action text NOT NULL,
    clip_ids bigint[] NOT NULL,
    before jsonb NOT NULL,
    after jsonb NOT NULL,
    undoes_event_id bigint,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    batch_id bigint,
    CONSTRAINT ck_review_events_action CHECK ((action = ANY (ARRAY['approve'::text, 'skip'::text, 'archive'::text, 'group'::text, 'merge'::text, 'split'::text, 'nudge'::text, 'annotate'::text, 'undo'::text, 'replan'::text, 'remove'::text])))
);
ALTER TABLE public.review_events ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.review_events_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.source_videos (
    id bigint NOT NULL,
    key text NOT NULL,
    title text NOT NULL,
    url text NOT NULL,
    origin text NOT NULL,
    needs_splicing boolean DEFAULT true NOT NULL,
    state text DEFAULT 'new'::text NOT NULL,
    attempt integer DEFAULT 0 NOT NULL,
    progress real,
    error text,
    source_sha256 text,
    width integer,
    height integer,
    rate_num integer,
    rate_den integer,
    rotation integer,
    sample_aspect_num integer,
    sample_aspect_den integer,
    frame_count integer,
    duration_seconds double precision,
    has_audio boolean,
    download_quality jsonb,
    source_filepath text,
    gold_master_filepath text,
    frame_checksums_filepath text,
    frame_scores_filepath text,
    proxy_filepath text,
    proxy_audio_filepath text,
    proxy_id text,
    proxy_codec text,
    proxy_description bytea,
    proxy_width integer,
    proxy_height integer,
    keyframe_offsets bytea,
    scene_cut_points jsonb,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    step_began_at timestamp with time zone,
    cancel_requested boolean DEFAULT false NOT NULL,
    refetch_requested boolean DEFAULT false NOT NULL,
    site_id text,
    duplicate_of_id bigint,
    playlist_id bigint,
    damage jsonb,
    products_sha256 text,
    sprites jsonb,
    sprites_filepath text,
    CONSTRAINT ck_source_videos_frame_count CHECK ((frame_count > 0)),
    CONSTRAINT ck_source_videos_key CHECK ((key ~ '^[a-z0-9][a-z0-9-]{0,62}$'::text)),
    CONSTRAINT ck_source_videos_keyframe_offsets CHECK ((octet_length(keyframe_offsets) = (frame_count * 20))),
    CONSTRAINT ck_source_videos_origin CHECK ((origin = ANY (ARRAY['web'::text, 'upload'::text]))),
    CONSTRAINT ck_source_videos_progress CHECK (((progress >= (0)::double precision) AND (progress <= (1)::double precision))),
    CONSTRAINT ck_source_videos_rate CHECK (((rate_num > 0) AND (rate_den > 0))),
    CONSTRAINT ck_source_videos_ready CHECK (((state <> 'ready'::text) OR ((frame_count IS NOT NULL) AND (keyframe_offsets IS NOT NULL) AND (gold_master_filepath IS NOT NULL) AND (proxy_filepath IS NOT NULL)))),
    CONSTRAINT ck_source_videos_rotation CHECK ((rotation = ANY (ARRAY[0, 90, 180, 270]))),
    CONSTRAINT ck_source_videos_sample_aspect CHECK (((sample_aspect_num > 0) AND (sample_aspect_den > 0))),
    CONSTRAINT ck_source_videos_state CHECK ((state = ANY (ARRAY['new'::text, 'downloading'::text, 'downloaded'::text, 'download_failed'::text, 'preprocessing'::text, 'preprocessed'::text, 'preprocess_failed'::text, 'detecting_scenes'::text, 'detect_scenes_failed'::text, 'ready'::text, 'duplicate'::text, 'expanded'::text, 'removed'::text])))
);
ALTER TABLE ONLY public.source_videos ALTER COLUMN keyframe_offsets SET STORAGE EXTERNAL;
ALTER TABLE public.source_videos ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.source_videos_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.stored_objects (
    path text NOT NULL,
    source_video_id bigint NOT NULL,
    kind text NOT NULL,
    bytes bigint NOT NULL,
    CONSTRAINT ck_stored_objects_bytes CHECK ((bytes >= 0)),
    CONSTRAINT ck_stored_objects_kind CHECK ((kind = ANY (ARRAY['source'::text, 'gold_master'::text, 'frame_checksums'::text, 'frame_scores'::text, 'review_proxy'::text, 'proxy_audio'::text, 'sprites'::text, 'clip'::text, 'keyframe'::text])))
);
INSERT INTO public.alembic_version VALUES ('0007');
INSERT INTO public.clip_artifacts OVERRIDING SYSTEM VALUE VALUES (1, 2, 'keyframe', 45, 'clips/2/keyframe-45.jpg', 320, 180, '2026-11-29 09:48:12.858716+00');
INSERT INTO public.clip_embeddings OVERRIDING SYSTEM VALUE VALUES (1, 2, 'layout-v1', 'keyframe_mean', '[0.6,0.8]', '2026-11-29 09:48:12.858716+00');
INSERT INTO public.clip_embeddings OVERRIDING SYSTEM VALUE VALUES (2, 2, 'layout-v1', 'preview', '[1,0]', '2026-11-29 09:48:12.858716+00');
INSERT INTO public.clips OVERRIDING SYSTEM VALUE VALUES (1, 1, 'pending_review', 'replan', true, '{"end_frame": 30, "start_frame": 0, "end_time_seconds": 1.001, "start_time_seconds": 0}', DEFAULT, DEFAULT, NULL, NULL, 3, NULL, NULL, NULL, NULL, 0, NULL, '2026-11-29 09:48:12.858716+00', '2026-11-29 09:48:12.858716+00', NULL, NULL, '{night,rain}', 4, 'Fine light.');
INSERT INTO public.clips OVERRIDING SYSTEM VALUE VALUES (2, 1, 'embedded', 'replan', false, '{"end_frame": 60, "start_frame": 30, "end_time_seconds": 2.002, "start_time_seconds": 1.001}', DEFAULT, DEFAULT, 'clips/2/clip.mp4', NULL, 2, NULL, NULL, '2026-11-20 12:00:00+00', 1, 0, NULL, '2026-11-29 09:48:12.858716+00', '2026-11-29 09:48:12.858716+00', '{"end_frame": 60, "start_frame": 31}', '{"end_frame": 60, "start_frame": 31}', '{}', NULL, NULL);
INSERT INTO public.clips OVERRIDING SYSTEM VALUE VALUES (3, 1, 'superseded', 'replan', true, '{"end_frame": 90, "start_frame": 60, "end_time_seconds": 3.003, "start_time_seconds": 2.002}', DEFAULT, DEFAULT, NULL, NULL, 2, NULL, NULL, '2026-11-20 12:01:00+00', 2, 0, NULL, '2026-11-29 09:48:12.858716+00', '2026-11-29 09:48:12.858716+00', NULL, NULL, '{}', NULL, NULL);
INSERT INTO public.clips OVERRIDING SYSTEM VALUE VALUES (4, 1, 'review_approved', 'split', true, '{"end_frame": 75, "start_frame": 60, "end_time_seconds": 2.5025, "start_time_seconds": 2.002}', DEFAULT, DEFAULT, NULL, 2, 2, NULL, NULL, '2026-11-20 12:02:00+00', 3, 0, NULL, '2026-11-29 09:48:12.858716+00', '2026-11-29 09:48:12.858716+00', NULL, NULL, '{}', NULL, NULL);
INSERT INTO public.clips OVERRIDING SYSTEM VALUE VALUES (5, 1, 'export_failed', 'split', true, '{"end_frame": 90, "start_frame": 75, "end_time_seconds": 3.003, "start_time_seconds": 2.5025}', DEFAULT, DEFAULT, NULL, NULL, 1, NULL, NULL, NULL, NULL, 2, 'No answer.', '2026-11-29 09:48:12.858716+00', '2026-11-29 09:48:12.858716+00', NULL, NULL, '{}', NULL, NULL);
INSERT INTO public.review_events OVERRIDING SYSTEM VALUE VALUES (1, 1, 'ann', 'approve', '{2}', '[{"id": 2, "state": "pending_review"}]', '[{"id": 2, "state": "review_approved"}]', NULL, '2026-11-29 09:48:12.858716+00', NULL);
INSERT INTO public.review_events OVERRIDING SYSTEM VALUE VALUES (2, 1, 'ann', 'split', '{3,4,5}', '[{"id": 3, "state": "pending_review"}]', '[{"id": 4, "state": "pending_review"}, {"id": 5, "state": "pending_review"}]', NULL, '2026-11-29 09:48:12.858716+00', NULL);
INSERT INTO public.review_events OVERRIDING SYSTEM VALUE VALUES (3, 1, 'bob', 'group', '{2,4}', '[{"id": 4, "state": "pending_review"}]', '[{"id": 4, "state": "review_approved"}]', NULL, '2026-11-29 09:48:12.858716+00', NULL);
INSERT INTO public.review_events OVERRIDING SYSTEM VALUE VALUES (4, 1, 'bob', 'skip', '{1}', '[{"id": 1, "state": "pending_review"}]', '[{"id": 1, "state": "review_skipped"}]', NULL, '2026-11-29 09:48:12.858716+00', 4);
INSERT INTO public.review_events OVERRIDING SYSTEM VALUE VALUES (5, 1, 'bob', 'undo', '{1}', '[{"id": 1, "state": "review_skipped"}]', '[{"id": 1, "state": "pending_review"}]', 4, '2026-11-29 09:48:12.858716+00', NULL);
INSERT INTO public.source_videos OVERRIDING SYSTEM VALUE VALUES (1, 'harbour-1', 'Harbour', 'https://films.example/harbour', 'web', true, 'ready', 0, NULL, NULL, 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 320, 180, 30000, 1001, 90, 1, 1, 90, 3.003, true, '{"got": {"height": 180}, "best_listed": null}', 'videos/harbour-1/source-aaaaaaaaaa.mp4', 'videos/harbour-1/gold_master-aaaaaaaaaa.mkv', 'videos/harbour-1/frame_checksums-aaaaaaaaaa.txt', 'videos/harbour-1/frame_scores-aaaaaaaaaa.rgb', 'videos/harbour-1/proxy-0123456789abcdef.mp4', 'videos/harbour-1/proxy-0123456789abcdef.wav', '0123456789abcdef', 'avc1.42C01F', '\x0142c01f', 320, 180, '\x000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000', '{"cuts": [30, 60], "detector": "transition", "threshold": 0.5, "transitions": []}', '2026-11-29 09:48:12.858716+00', '2026-11-29 09:48:12.858716+00', NULL, false, false, NULL, NULL, NULL, '{"errors": ["a frame is damaged"], "frames": [[80, 82]], "missing_seconds": 0}', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', '{"sheets": 1}', 'videos/harbour-1/sprites-0123456789abcdef.mov');
INSERT INTO public.source_videos OVERRIDING SYSTEM VALUE VALUES (2, 'lost-1', 'Lost', 'https://films.example/lost', 'web', true, 'download_failed', 2, NULL, 'Not there.', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '2026-11-29 09:48:12.858716+00', '2026-11-29 09:48:12.858716+00', NULL, false, false, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.source_videos OVERRIDING SYSTEM VALUE VALUES (3, 'waiting-1', 'Waiting', '/films/waiting.mp4', 'upload', true, 'new', 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '2026-11-29 09:48:12.858716+00', '2026-11-29 09:48:12.858716+00', NULL, false, false, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.source_videos OVERRIDING SYSTEM VALUE VALUES (4, 'twin-1', 'Twin', '/films/twin.mp4', 'upload', true, 'duplicate', 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '2026-11-29 09:48:12.858716+00', '2026-11-29 09:48:12.858716+00', NULL, false, false, NULL, 1, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.stored_objects VALUES ('videos/harbour-1/source-aaaaaaaaaa.mp4', 1, 'source', 123456789012);
INSERT INTO public.stored_objects VALUES ('clips/2/clip.mp4', 1, 'clip', 4321);
INSERT INTO public.stored_objects VALUES ('clips/2/keyframe-45.jpg', 1, 'keyframe', 321);
SELECT pg_catalog.setval('public.clip_artifacts_id_seq', 1, true);
SELECT pg_catalog.setval('public.clip_embeddings_id_seq', 2, true);
SELECT pg_catalog.setval('public.clips_id_seq', 5, true);
SELECT pg_catalog.setval('public.review_events_id_seq', 5, true);
SELECT pg_catalog.setval('public.source_videos_id_seq', 4, true);
ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);
ALTER TABLE ONLY public.clips
    ADD CONSTRAINT ex_clips_overlap EXCLUDE USING gist (int8range(source_video_id, source_video_id, '[]'::text) WITH &&, int4range(start_frame, end_frame) WITH &&) WHERE ((state <> 'superseded'::text));
ALTER TABLE ONLY public.clip_artifacts
    ADD CONSTRAINT pk_clip_artifacts PRIMARY KEY (id);
ALTER TABLE ONLY public.clip_embeddings
    ADD CONSTRAINT pk_clip_embeddings PRIMARY KEY (id);
ALTER TABLE ONLY public.clips
    ADD CONSTRAINT pk_clips PRIMARY KEY (id);
ALTER TABLE ONLY public.review_events
    ADD CONSTRAINT pk_review_events PRIMARY KEY (id);
ALTER TABLE ONLY public.source_videos
    ADD CONSTRAINT pk_source_videos PRIMARY KEY (id);
ALTER TABLE ONLY public.stored_objects
    ADD CONSTRAINT pk_stored_objects PRIMARY KEY (path);
ALTER TABLE ONLY public.clip_artifacts
    ADD CONSTRAINT uq_clip_artifacts_clip_id_kind_frame UNIQUE (clip_id, kind, frame);
ALTER TABLE ONLY public.clip_embeddings
    ADD CONSTRAINT uq_clip_embeddings_clip_id_model_strategy UNIQUE (clip_id, model, strategy);
ALTER TABLE ONLY public.review_events
    ADD CONSTRAINT uq_review_events_undoes_event_id UNIQUE (undoes_event_id);
ALTER TABLE ONLY public.source_videos
    ADD CONSTRAINT uq_source_videos_key UNIQUE (key);
ALTER TABLE ONLY public.source_videos
    ADD CONSTRAINT uq_source_videos_proxy_id UNIQUE (proxy_id);
CREATE INDEX hnsw_0123456789abcdef ON public.clip_embeddings USING hnsw (((embedding)::public.vector(2)) public.vector_cosine_ops) WHERE ((model = 'layout-v1'::text) AND (public.vector_dims(embedding) = 2) AND (strategy <> 'preview'::text));
CREATE INDEX ix_clips_grouped_with_clip_id ON public.clips USING btree (grouped_with_clip_id);
CREATE INDEX ix_clips_labels ON public.clips USING gin (labels) WHERE (labels <> '{}'::text[]);
CREATE INDEX ix_clips_pending ON public.clips USING btree (source_video_id, start_frame) WHERE (state = 'pending_review'::text);
CREATE INDEX ix_clips_source_video_id_start_frame ON public.clips USING btree (source_video_id, start_frame);
CREATE INDEX ix_clips_state_decided_at ON public.clips USING btree (state, decided_at);
CREATE INDEX ix_review_events_actor_id ON public.review_events USING btree (actor, id);
CREATE INDEX ix_review_events_batch_id ON public.review_events USING btree (batch_id) WHERE (batch_id IS NOT NULL);
CREATE INDEX ix_review_events_clip_ids ON public.review_events USING gin (clip_ids);
CREATE INDEX ix_review_events_created_at ON public.review_events USING btree (created_at);
CREATE INDEX ix_review_events_mended ON public.review_events USING btree (source_video_id) WHERE (action = ANY (ARRAY['merge'::text, 'split'::text, 'nudge'::text]));
CREATE INDEX ix_review_events_removed ON public.review_events USING btree (source_video_id) WHERE (action = 'remove'::text);
CREATE INDEX ix_source_videos_playlist_id ON public.source_videos USING btree (playlist_id);
CREATE INDEX ix_source_videos_site_id ON public.source_videos USING btree (site_id);
CREATE INDEX ix_source_videos_source_sha256 ON public.source_videos USING btree (source_sha256);
CREATE INDEX ix_source_videos_state ON public.source_videos USING btree (state);
CREATE INDEX ix_stored_objects_source_video_id_kind ON public.stored_objects USING btree (source_video_id, kind);
CREATE TRIGGER review_events_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.review_events FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
ALTER TABLE ONLY public.clip_artifacts
    ADD CONSTRAINT fk_clip_artifacts_clip_id FOREIGN KEY (clip_id) REFERENCES public.clips(id);
ALTER TABLE ONLY public.clip_embeddings
    ADD CONSTRAINT fk_clip_embeddings_clip_id FOREIGN KEY (clip_id) REFERENCES public.clips(id);
ALTER TABLE ONLY public.clips
    ADD CONSTRAINT fk_clips_grouped_with_clip_id FOREIGN KEY (grouped_with_clip_id) REFERENCES public.clips(id);
ALTER TABLE ONLY public.clips
    ADD CONSTRAINT fk_clips_source_video_id FOREIGN KEY (source_video_id) REFERENCES public.source_videos(id);
ALTER TABLE ONLY public.review_events
    ADD CONSTRAINT fk_review_events_batch_id FOREIGN KEY (batch_id) REFERENCES public.review_events(id);
ALTER TABLE ONLY public.review_events
    ADD CONSTRAINT fk_review_events_source_video_id FOREIGN KEY (source_video_id) REFERENCES public.source_videos(id);
ALTER TABLE ONLY public.review_events
    ADD CONSTRAINT fk_review_events_undoes_event_id FOREIGN KEY (undoes_event_id) REFERENCES public.review_events(id);
ALTER TABLE ONLY public.source_videos
    ADD CONSTRAINT fk_source_videos_duplicate_of_id FOREIGN KEY (duplicate_of_id) REFERENCES public.source_videos(id);
ALTER TABLE ONLY public.source_videos
    ADD CONSTRAINT fk_source_videos_playlist_id FOREIGN KEY (playlist_id) REFERENCES public.source_videos(id);
ALTER TABLE ONLY public.stored_objects
    ADD CONSTRAINT fk_stored_objects_source_video_id FOREIGN KEY (source_video_id) REFERENCES public.source_videos(id);
