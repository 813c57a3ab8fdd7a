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
CREATE FUNCTION public.search_folded(said text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN (octet_length(said) = length(said)) THEN translate(lower(said), '!"#$%&''()*+,-./:;<=>?@[\]^_`{|}~'::text, repeat(' '::text, 32)) ELSE replace(replace(replace(translate(lower(regexp_replace(regexp_replace(NORMALIZE(COALESCE(said, ''::text), NFKD), '[\u0300-\u036f]'::text, ''::text, 'g'::text), '[\u0001-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u00bf\u2000-\u206f]+'::text, ' '::text, 'g'::text)), 'øđłħı'::text, 'odlhi'::text), 'ß'::text, 'ss'::text), 'æ'::text, 'ae'::text), 'œ'::text, 'oe'::text) END;
CREATE FUNCTION public.search_words_of(said text) RETURNS tsvector
    LANGUAGE sql IMMUTABLE COST 1500 PARALLEL SAFE
    RETURN (to_tsvector('simple'::regconfig, public.search_folded(said)) || to_tsvector('english'::regconfig, public.search_folded(said)));
CREATE FUNCTION public.search_clip_words(labels text[], note text, group_name text) RETURNS tsvector
    LANGUAGE sql IMMUTABLE COST 1500 PARALLEL SAFE
    RETURN public.search_words_of(((((array_to_string(labels, ' '::text) || ' '::text) || COALESCE(note, ''::text)) || ' '::text) || COALESCE(group_name, ''::text)));
CREATE FUNCTION public.search_file_name(url text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN regexp_replace(CASE WHEN (url ~~ '%://%'::text) THEN regexp_replace(url, '[?#].*$'::text, ''::text) ELSE url END, '^.*[/\\]'::text, ''::text);
CREATE FUNCTION public.search_learn(said text) RETURNS void
    LANGUAGE sql
    AS $_$
    INSERT INTO search_words (word, trigrams)
    SELECT word, search_trigrams(word)
    FROM unnest(tsvector_to_array(
        to_tsvector('pg_catalog.simple'::regconfig, search_folded(said)))) AS heard (word)
    WHERE length(word) BETWEEN 3 AND 40 AND word !~ '^[0-9]+$'
        AND NOT EXISTS (SELECT FROM search_words AS known WHERE known.word = heard.word)
$_$;
CREATE FUNCTION public.search_learn_clip() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    PERFORM search_learn(concat_ws(
        ' ', array_to_string(NEW.labels, ' '), NEW.note, NEW.group_name));
    RETURN NULL;
END $$;
CREATE FUNCTION public.search_learn_collection() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    PERFORM search_learn(NEW.name);
    RETURN NULL;
END $$;
CREATE FUNCTION public.search_learn_video() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    PERFORM search_learn(NEW.title || ' ' || search_file_name(NEW.url));
    RETURN NULL;
END $$;
CREATE FUNCTION public.search_query(word text, begins boolean) RETURNS tsquery
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ((plainto_tsquery('simple'::regconfig, word) || plainto_tsquery('english'::regconfig, word)) || CASE WHEN begins THEN ((quote_literal(word) || ':*'::text))::tsquery ELSE ''::tsquery END);
CREATE FUNCTION public.search_trigrams(word text) RETURNS text[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ARRAY(SELECT DISTINCT substr((('  '::text || search_trigrams.word) || ' '::text), at.at, 3) AS substr FROM generate_series(1, (length(search_trigrams.word) + 1)) at(at));
CREATE FUNCTION public.search_video_words(title text, url text) RETURNS tsvector
    LANGUAGE sql IMMUTABLE COST 1500 PARALLEL SAFE
    RETURN public.search_words_of(((title || ' '::text) || public.search_file_name(url)));
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
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    frame integer
)
WITH (toast_tuple_target='8160');
ALTER TABLE public.clip_embeddings ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.clip_embeddings_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.clip_exports (
    id bigint NOT NULL,
    clip_id bigint NOT NULL,
    profile text NOT NULL,
    profile_hash text NOT NULL,
    filepath text NOT NULL,
    exported_frames jsonb NOT NULL,
    bytes bigint,
    sha256 text,
    receipt jsonb,
    made_at timestamp with time zone DEFAULT now() NOT NULL
);
ALTER TABLE public.clip_exports ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.clip_exports_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.clip_themes (
    clip_id bigint NOT NULL,
    theme_id bigint,
    distance real,
    novelty real,
    surveyed boolean DEFAULT false NOT NULL
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
    leased_page text,
    doubt real,
    receipt jsonb,
    chosen_frames integer[] DEFAULT '{}'::integer[] NOT NULL,
    keyframes_basis text,
    keyframes_asked_at timestamp with time zone,
    group_name text,
    tries smallint DEFAULT '0'::smallint NOT NULL,
    retry_at timestamp with time zone,
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
CREATE TABLE public.collection_clips (
    collection_id bigint NOT NULL,
    clip_id bigint NOT NULL,
    place integer NOT NULL,
    put_by text NOT NULL,
    put_at timestamp with time zone DEFAULT now() NOT NULL,
    taken_out_at timestamp with time zone
);
CREATE TABLE public.collections (
    id bigint NOT NULL,
    name text NOT NULL,
    made_by text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    removed_at timestamp with time zone
);
ALTER TABLE public.collections ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.collections_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.export_failures (
    id bigint NOT NULL,
    clip_id bigint NOT NULL,
    profile text NOT NULL,
    profile_hash text NOT NULL,
    error text NOT NULL,
    failed_at timestamp with time zone DEFAULT now() NOT NULL,
    tries smallint DEFAULT '0'::smallint NOT NULL,
    retry_at timestamp with time zone
);
ALTER TABLE public.export_failures ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.export_failures_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.export_profiles (
    id bigint NOT NULL,
    name text NOT NULL,
    spec jsonb NOT NULL,
    hash text NOT NULL,
    retired boolean DEFAULT false NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_export_profiles_name CHECK ((name ~ '^[a-z0-9][a-z0-9-]{0,31}$'::text))
);
ALTER TABLE public.export_profiles ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.export_profiles_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.frame_signatures (
    id bigint NOT NULL,
    source_video_id bigint NOT NULL,
    frame integer NOT NULL,
    bits bit(172) NOT NULL
);
ALTER TABLE public.frame_signatures ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.frame_signatures_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.group_exports (
    id bigint NOT NULL,
    first_clip_id bigint NOT NULL,
    profile text NOT NULL,
    basis text NOT NULL,
    filepath text,
    frames jsonb,
    receipt jsonb,
    error text,
    made_at timestamp with time zone DEFAULT now() NOT NULL,
    tries smallint DEFAULT '0'::smallint NOT NULL,
    retry_at timestamp with time zone,
    CONSTRAINT ck_group_exports_made CHECK (((num_nonnulls(filepath, frames, receipt) =
CASE
    WHEN (filepath IS NULL) THEN 0
    ELSE 3
END) AND ((filepath IS NOT NULL) OR (error IS NOT NULL))))
);
ALTER TABLE public.group_exports ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.group_exports_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.handover_clips (
    handover_id bigint NOT NULL,
    clip_id bigint NOT NULL,
    sha256 text
);
CREATE TABLE public.handovers (
    id bigint NOT NULL,
    actor text NOT NULL,
    profile text NOT NULL,
    selection jsonb NOT NULL,
    destination text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);
ALTER TABLE public.handovers ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.handovers_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.keyframe_rules (
    id bigint NOT NULL,
    source_video_id bigint,
    label_id bigint,
    spec jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_keyframe_rules_scope CHECK (((source_video_id IS NULL) OR (label_id IS NULL)))
);
ALTER TABLE public.keyframe_rules ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.keyframe_rules_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.labels (
    id bigint NOT NULL,
    name text NOT NULL,
    former_names text[] DEFAULT '{}'::text[] NOT NULL,
    colour text NOT NULL,
    key smallint,
    place integer NOT NULL,
    retired boolean DEFAULT false NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_labels_colour CHECK ((colour = ANY (ARRAY['blue'::text, 'green'::text, 'yellow'::text, 'red'::text, 'purple'::text, 'teal'::text, 'orange'::text, 'pink'::text, 'brown'::text, 'grey'::text]))),
    CONSTRAINT ck_labels_key CHECK (((key >= 1) AND (key <= 9)))
);
ALTER TABLE public.labels ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.labels_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.objects_to_delete (
    path text NOT NULL,
    tries integer DEFAULT 0 NOT NULL,
    error text,
    next_try_at timestamp with time zone DEFAULT now() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE public.outages (
    thing text NOT NULL,
    reason text NOT NULL,
    since timestamp with time zone DEFAULT now() NOT NULL,
    probes smallint DEFAULT '0'::smallint NOT NULL,
    probe_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE public.profile_uses (
    id bigint NOT NULL,
    profile_id bigint NOT NULL,
    source_video_id bigint,
    label text
);
ALTER TABLE public.profile_uses ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.profile_uses_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.repeats (
    id bigint NOT NULL,
    source_video_id bigint NOT NULL,
    start_frame integer NOT NULL,
    end_frame integer NOT NULL,
    other_video_id bigint NOT NULL,
    other_start_frame integer NOT NULL,
    other_end_frame integer NOT NULL,
    is_mirrored boolean DEFAULT false NOT NULL,
    score real NOT NULL,
    CONSTRAINT ck_repeats_ranges CHECK (((start_frame < end_frame) AND (other_start_frame < other_end_frame)))
);
CREATE TABLE public.repeats_apart (
    id bigint NOT NULL,
    source_video_id bigint NOT NULL,
    start_frame integer NOT NULL,
    end_frame integer NOT NULL,
    other_video_id bigint NOT NULL,
    other_start_frame integer NOT NULL,
    other_end_frame integer NOT NULL,
    actor text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);
ALTER TABLE public.repeats_apart ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.repeats_apart_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
ALTER TABLE public.repeats ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.repeats_id_seq
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
    CONSTRAINT ck_review_events_action CHECK ((action = ANY (ARRAY['approve'::text, 'skip'::text, 'archive'::text, 'group'::text, 'ungroup'::text, 'merge'::text, 'split'::text, 'nudge'::text, 'annotate'::text, 'undo'::text, 'replan'::text, 'remove'::text])))
);
ALTER TABLE public.review_events ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.review_events_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.saved_views (
    id bigint NOT NULL,
    name text NOT NULL,
    arguments jsonb NOT NULL,
    saved_by text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);
ALTER TABLE public.saved_views ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.saved_views_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.search_pictures (
    digest text NOT NULL,
    model text NOT NULL,
    embedding public.vector NOT NULL,
    thumbnail bytea NOT NULL,
    made_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE public.search_words (
    id bigint NOT NULL,
    word text NOT NULL,
    trigrams text[] NOT NULL
);
ALTER TABLE public.search_words ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.search_words_id_seq
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
    mirrored boolean,
    pending_source jsonb,
    cut_evidence_filepath text,
    archived text,
    archived_at timestamp with time zone,
    source_timecode jsonb,
    repeats_sought_in text,
    tries smallint DEFAULT '0'::smallint NOT NULL,
    retry_at timestamp with time zone,
    CONSTRAINT ck_source_videos_archived CHECK (((archived = ANY (ARRAY['cold'::text, 'away'::text])) AND ((archived IS NULL) = (archived_at IS NULL)))),
    CONSTRAINT ck_source_videos_frame_count CHECK ((frame_count > 0)),
    CONSTRAINT ck_source_videos_key CHECK ((key ~ '^[a-z0-9][a-z0-9-]{0,62}$'::text)),
    CONSTRAINT ck_source_videos_keyframe_offsets CHECK ((octet_length(keyframe_offsets) = (frame_count * 20))),
    CONSTRAINT ck_source_videos_origin CHECK ((origin = ANY (ARRAY['web'::text, 'upload'::text]))),
    CONSTRAINT ck_source_videos_progress CHECK (((progress >= (0)::double precision) AND (progress <= (1)::double precision))),
    CONSTRAINT ck_source_videos_rate CHECK (((rate_num > 0) AND (rate_den > 0))),
    CONSTRAINT ck_source_videos_ready CHECK (((state <> 'ready'::text) OR ((frame_count IS NOT NULL) AND (keyframe_offsets IS NOT NULL) AND ((gold_master_filepath IS NOT NULL) OR (archived IS NOT NULL)) AND (proxy_filepath IS NOT NULL)))),
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
    CONSTRAINT ck_stored_objects_kind CHECK ((kind = ANY (ARRAY['source'::text, 'gold_master'::text, 'frame_checksums'::text, 'frame_scores'::text, 'cut_evidence'::text, 'review_proxy'::text, 'proxy_audio'::text, 'sprites'::text, 'clip'::text, 'keyframe'::text])))
);
CREATE TABLE public.theme_surveys (
    id bigint NOT NULL,
    model text NOT NULL,
    clips integer NOT NULL,
    made_at timestamp with time zone DEFAULT now() NOT NULL
);
ALTER TABLE public.theme_surveys ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.theme_surveys_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.themes (
    id bigint NOT NULL,
    parent_id bigint,
    name text,
    named_by text,
    centre public.vector NOT NULL,
    examples bigint[] NOT NULL
);
ALTER TABLE public.themes ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.themes_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.vector_failures (
    id bigint NOT NULL,
    model text NOT NULL,
    clip_id bigint,
    error text NOT NULL,
    retry_at timestamp with time zone NOT NULL
);
ALTER TABLE public.vector_failures ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.vector_failures_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.webhook_deliveries (
    id bigint NOT NULL,
    webhook_id bigint NOT NULL,
    event_id text NOT NULL,
    body jsonb NOT NULL,
    state text DEFAULT 'waiting'::text NOT NULL,
    tries integer DEFAULT 0 NOT NULL,
    error text,
    next_try_at timestamp with time zone DEFAULT now() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    ended_at timestamp with time zone,
    CONSTRAINT ck_webhook_deliveries_state CHECK ((state = ANY (ARRAY['waiting'::text, 'delivered'::text, 'given_up'::text])))
);
ALTER TABLE public.webhook_deliveries ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.webhook_deliveries_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.webhooks (
    id bigint NOT NULL,
    url text NOT NULL,
    secret text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);
ALTER TABLE public.webhooks ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.webhooks_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
INSERT INTO public.alembic_version VALUES ('0030');
INSERT INTO public.clip_artifacts OVERRIDING SYSTEM VALUE VALUES (1, 2, 'keyframe', 45, 'clips/2/keyframe-45.jpg', 320, 180, '2026-11-29 09:48:16.512673+00');
INSERT INTO public.clip_embeddings OVERRIDING SYSTEM VALUE VALUES (2, 2, 'layout-v1', 'preview', '[1,0]', '2026-11-29 09:48:16.512673+00', NULL);
INSERT INTO public.clip_embeddings OVERRIDING SYSTEM VALUE VALUES (1, 2, 'layout-v1', 'mean', '[0.6,0.8]', '2026-11-29 09:48:16.512673+00', NULL);
INSERT INTO public.clip_exports OVERRIDING SYSTEM VALUE VALUES (1, 2, 'delivery', '6d4c647a7294', 'clips/2/clip.mp4', '{"end_frame": 60, "start_frame": 31}', 4321, 'd', '{"size": 4321, "ffmpeg": "8.0", "sha256": "d", "audio_lag": null, "psnr_mean": 45, "psnr_least": 40, "frame_count": 29, "duration_seconds": 0.967}', '2026-11-29 09:48:16.512673+00');
INSERT INTO public.clip_themes VALUES (2, 1, 0.125, 0.5, true);
INSERT INTO public.clips OVERRIDING SYSTEM VALUE VALUES (3, 1, 'superseded', 'replan', true, '{"end_frame": 90, "start_frame": 60, "end_time_seconds": 3.003, "start_time_seconds": 2.002}', DEFAULT, DEFAULT, NULL, NULL, 2, NULL, NULL, '2026-11-20 12:01:00+00', 2, 0, NULL, '2026-11-29 09:48:16.512673+00', '2026-11-29 09:48:16.512673+00', NULL, NULL, '{}', NULL, NULL, NULL, NULL, NULL, '{}', NULL, NULL, NULL, 0, NULL);
INSERT INTO public.clips OVERRIDING SYSTEM VALUE VALUES (4, 1, 'review_approved', 'split', true, '{"end_frame": 75, "start_frame": 60, "end_time_seconds": 2.5025, "start_time_seconds": 2.002}', DEFAULT, DEFAULT, NULL, 2, 2, NULL, NULL, '2026-11-20 12:02:00+00', 3, 0, NULL, '2026-11-29 09:48:16.512673+00', '2026-11-29 09:48:16.512673+00', NULL, NULL, '{}', NULL, NULL, NULL, NULL, NULL, '{}', NULL, NULL, NULL, 0, NULL);
INSERT INTO public.clips OVERRIDING SYSTEM VALUE VALUES (5, 1, 'export_failed', 'split', true, '{"end_frame": 90, "start_frame": 75, "end_time_seconds": 3.003, "start_time_seconds": 2.5025}', DEFAULT, DEFAULT, NULL, NULL, 1, NULL, NULL, NULL, NULL, 2, 'No answer.', '2026-11-29 09:48:16.512673+00', '2026-11-29 09:48:16.512673+00', NULL, NULL, '{}', NULL, NULL, NULL, NULL, NULL, '{}', NULL, NULL, NULL, 0, NULL);
INSERT INTO public.clips OVERRIDING SYSTEM VALUE VALUES (1, 1, 'pending_review', 'replan', true, '{"end_frame": 30, "start_frame": 0, "end_time_seconds": 1.001, "start_time_seconds": 0}', DEFAULT, DEFAULT, NULL, NULL, 3, 'ann', '2026-11-29 09:48:16.512673+00', NULL, NULL, 0, NULL, '2026-11-29 09:48:16.512673+00', '2026-11-29 09:48:16.512673+00', NULL, NULL, '{night,rain}', 4, 'Fine light.', 'page', 0.25, NULL, '{3,7}', NULL, NULL, NULL, 2, '2026-11-29 12:00:00+00');
INSERT INTO public.clips OVERRIDING SYSTEM VALUE VALUES (2, 1, 'embedded', 'replan', false, '{"end_frame": 60, "start_frame": 30, "end_time_seconds": 2.002, "start_time_seconds": 1.001}', DEFAULT, DEFAULT, 'clips/2/clip.mp4', NULL, 2, NULL, NULL, '2026-11-20 12:00:00+00', 1, 0, NULL, '2026-11-29 09:48:16.512673+00', '2026-11-29 09:48:16.512673+00', '{"end_frame": 60, "start_frame": 31}', '{"end_frame": 60, "start_frame": 31}', '{}', NULL, NULL, NULL, NULL, '{"size": 4321, "ffmpeg": "8.0", "sha256": "d", "audio_lag": null, "psnr_mean": 45, "psnr_least": 40, "frame_count": 29, "duration_seconds": 0.967}', '{}', 'midpoint', NULL, 'Boats', 0, NULL);
INSERT INTO public.collection_clips VALUES (1, 2, 1, 'ann', '2026-11-29 09:48:16.512673+00', NULL);
INSERT INTO public.collections OVERRIDING SYSTEM VALUE VALUES (1, 'Sea', 'ann', '2026-11-29 09:48:16.512673+00', NULL);
INSERT INTO public.export_failures OVERRIDING SYSTEM VALUE VALUES (1, 2, 'web', 'def', 'No answer.', '2026-11-29 09:48:16.512673+00', 20, NULL);
INSERT INTO public.export_profiles OVERRIDING SYSTEM VALUE VALUES (1, 'delivery', '{"codec": "h264", "quality": 16, "container": "mp4"}', '6d4c647a7294', false, '2026-11-29 09:48:16.512673+00', '2026-11-29 09:48:16.512673+00');
INSERT INTO public.export_profiles OVERRIDING SYSTEM VALUE VALUES (2, 'web', '{"codec": "h264", "width": 1920, "height": 1920, "picture": "web", "quality": 20, "container": "mp4"}', 'd3d33e3c767a', false, '2026-11-29 09:48:16.512673+00', '2026-11-29 09:48:16.512673+00');
INSERT INTO public.export_profiles OVERRIDING SYSTEM VALUE VALUES (3, 'archive', '{"audio": "all", "codec": "ffv1", "container": "mkv", "audio_codec": "flac"}', '4d9eb0359eee', false, '2026-11-29 09:48:16.512673+00', '2026-11-29 09:48:16.512673+00');
INSERT INTO public.export_profiles OVERRIDING SYSTEM VALUE VALUES (4, 'hevc', '{"codec": "hevc", "quality": 20, "container": "mp4"}', '19d3c88f8b0f', false, '2026-11-29 09:48:16.512673+00', '2026-11-29 09:48:16.512673+00');
INSERT INTO public.export_profiles OVERRIDING SYSTEM VALUE VALUES (5, 'av1', '{"codec": "av1", "quality": 28, "container": "mp4"}', 'a2493e34bf0b', false, '2026-11-29 09:48:16.512673+00', '2026-11-29 09:48:16.512673+00');
INSERT INTO public.export_profiles OVERRIDING SYSTEM VALUE VALUES (6, 'prores', '{"audio": "all", "codec": "prores", "quality": 3, "container": "mov", "audio_codec": "pcm"}', '50ae71c8a0b7', false, '2026-11-29 09:48:16.512673+00', '2026-11-29 09:48:16.512673+00');
INSERT INTO public.export_profiles OVERRIDING SYSTEM VALUE VALUES (7, 'dataset', '{"fit": "fill", "rate": "10", "audio": [], "codec": "h264", "width": 256, "height": 256, "picture": "web", "quality": 18, "seconds": 4.0, "container": "mp4"}', '62d926fda493', false, '2026-11-29 09:48:16.512673+00', '2026-11-29 09:48:16.512673+00');
INSERT INTO public.frame_signatures OVERRIDING SYSTEM VALUE VALUES (1, 1, 5, B'1010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101010');
INSERT INTO public.group_exports OVERRIDING SYSTEM VALUE VALUES (1, 2, 'archive', 'ghi', NULL, NULL, NULL, 'One clip has no file.', '2026-11-29 09:48:16.512673+00', 0, NULL);
INSERT INTO public.handover_clips VALUES (1, 2, 'd');
INSERT INTO public.handovers OVERRIDING SYSTEM VALUE VALUES (1, 'ann', 'delivery', '{"collection": "1"}', '/out', '2026-11-29 09:48:16.512673+00');
INSERT INTO public.keyframe_rules OVERRIDING SYSTEM VALUE VALUES (1, NULL, 1, '{"strategy": "sharpest"}', '2026-11-29 09:48:16.512673+00');
INSERT INTO public.labels OVERRIDING SYSTEM VALUE VALUES (1, 'night', '{dark}', 'blue', 1, 1, false, '2026-11-29 09:48:16.512673+00');
INSERT INTO public.labels OVERRIDING SYSTEM VALUE VALUES (2, 'rain', '{}', 'grey', NULL, 2, false, '2026-11-29 09:48:16.512673+00');
INSERT INTO public.objects_to_delete VALUES ('clips/9/clip.mp4', 1, 'No answer.', '2026-11-29 09:48:16.512673+00', '2026-11-29 09:48:16.512673+00');
INSERT INTO public.outages VALUES ('storage', 'No answer.', '2026-11-29 09:48:16.512673+00', 0, '2026-11-29 09:48:16.512673+00');
INSERT INTO public.profile_uses OVERRIDING SYSTEM VALUE VALUES (1, 1, NULL, NULL);
INSERT INTO public.profile_uses OVERRIDING SYSTEM VALUE VALUES (2, 2, NULL, 'night');
INSERT INTO public.repeats OVERRIDING SYSTEM VALUE VALUES (1, 1, 0, 30, 1, 60, 90, false, 0.75);
INSERT INTO public.repeats_apart OVERRIDING SYSTEM VALUE VALUES (1, 1, 0, 30, 1, 60, 75, 'ann', '2026-11-29 09:48:16.512673+00');
INSERT INTO public.review_events OVERRIDING SYSTEM VALUE VALUES (1, 1, 'ann', 'approve', '{2}', '[{"id": 2, "state": "pending_review"}]', '[{"id": 2, "state": "review_approved"}]', NULL, '2026-11-29 09:48:16.512673+00', NULL);
INSERT INTO public.review_events OVERRIDING SYSTEM VALUE VALUES (2, 1, 'ann', 'split', '{3,4,5}', '[{"id": 3, "state": "pending_review"}]', '[{"id": 4, "state": "pending_review"}, {"id": 5, "state": "pending_review"}]', NULL, '2026-11-29 09:48:16.512673+00', NULL);
INSERT INTO public.review_events OVERRIDING SYSTEM VALUE VALUES (3, 1, 'bob', 'group', '{2,4}', '[{"id": 4, "state": "pending_review"}]', '[{"id": 4, "state": "review_approved"}]', NULL, '2026-11-29 09:48:16.512673+00', NULL);
INSERT INTO public.review_events OVERRIDING SYSTEM VALUE VALUES (4, 1, 'bob', 'skip', '{1}', '[{"id": 1, "state": "pending_review"}]', '[{"id": 1, "state": "review_skipped"}]', NULL, '2026-11-29 09:48:16.512673+00', 4);
INSERT INTO public.review_events OVERRIDING SYSTEM VALUE VALUES (5, 1, 'bob', 'undo', '{1}', '[{"id": 1, "state": "review_skipped"}]', '[{"id": 1, "state": "pending_review"}]', 4, '2026-11-29 09:48:16.512673+00', NULL);
INSERT INTO public.saved_views OVERRIDING SYSTEM VALUE VALUES (1, 'Nights', '{"label": "night"}', 'ann', '2026-11-29 09:48:16.512673+00');
INSERT INTO public.search_pictures VALUES ('e', 'layout-v1', '[1,0]', '\x01', '2026-11-29 09:48:16.512673+00');
INSERT INTO public.search_words OVERRIDING SYSTEM VALUE VALUES (1, 'night', '{ght,"ht ","  n",igh,nig," ni"}');
INSERT INTO public.search_words OVERRIDING SYSTEM VALUE VALUES (2, 'harbour', '{rbo,bou,har,our,"  h",arb," ha","ur "}');
INSERT INTO public.search_words OVERRIDING SYSTEM VALUE VALUES (3, 'mp4', '{"p4 ","  m"," mp",mp4}');
INSERT INTO public.search_words OVERRIDING SYSTEM VALUE VALUES (4, 'waiting', '{wai,iti,"  w",ait," wa",tin,ing,"ng "}');
INSERT INTO public.search_words OVERRIDING SYSTEM VALUE VALUES (5, 'lost', '{ost,"st ",los," lo","  l"}');
INSERT INTO public.search_words OVERRIDING SYSTEM VALUE VALUES (6, 'rain', '{"  r","in ",rai," ra",ain}');
INSERT INTO public.search_words OVERRIDING SYSTEM VALUE VALUES (7, 'fine', '{" fi",ine,"  f","ne ",fin}');
INSERT INTO public.search_words OVERRIDING SYSTEM VALUE VALUES (8, 'light', '{ght," li","ht ",igh,lig,"  l"}');
INSERT INTO public.search_words OVERRIDING SYSTEM VALUE VALUES (9, 'twin', '{twi,"in ","  t",win," tw"}');
INSERT INTO public.search_words OVERRIDING SYSTEM VALUE VALUES (10, 'boats', '{"  b","ts ",oat,boa,ats," bo"}');
INSERT INTO public.search_words OVERRIDING SYSTEM VALUE VALUES (11, 'sea', '{" se","ea ",sea,"  s"}');
INSERT INTO public.source_videos OVERRIDING SYSTEM VALUE VALUES (2, 'lost-1', 'Lost', 'https://films.example/lost', 'web', true, 'download_failed', 2, NULL, 'Not there.', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '2026-11-29 09:48:16.512673+00', '2026-11-29 09:48:16.512673+00', NULL, false, false, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL);
INSERT INTO public.source_videos OVERRIDING SYSTEM VALUE VALUES (3, 'waiting-1', 'Waiting', '/films/waiting.mp4', 'upload', true, 'new', 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '2026-11-29 09:48:16.512673+00', '2026-11-29 09:48:16.512673+00', NULL, false, false, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL);
INSERT INTO public.source_videos OVERRIDING SYSTEM VALUE VALUES (4, 'twin-1', 'Twin', '/films/twin.mp4', 'upload', true, 'duplicate', 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '2026-11-29 09:48:16.512673+00', '2026-11-29 09:48:16.512673+00', NULL, false, false, NULL, 1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL);
INSERT INTO public.source_videos OVERRIDING SYSTEM VALUE VALUES (1, 'harbour-1', 'Harbour', 'https://films.example/harbour', 'web', true, 'ready', 0, NULL, NULL, 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 320, 180, 30000, 1001, 90, 1, 1, 90, 3.003, true, '{"got": {"height": 180}, "best_listed": null}', 'videos/harbour-1/source-aaaaaaaaaa.mp4', 'videos/harbour-1/gold_master-aaaaaaaaaa.mkv', 'videos/harbour-1/frame_checksums-aaaaaaaaaa.txt', 'videos/harbour-1/frame_scores-aaaaaaaaaa.rgb', 'videos/harbour-1/proxy-0123456789abcdef.mp4', 'videos/harbour-1/proxy-0123456789abcdef.wav', '0123456789abcdef', 'avc1.42C01F', '\x0142c01f', 320, 180, '\x000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000', '{"cuts": [30, 60], "detector": "transition", "threshold": 0.5, "transitions": []}', '2026-11-29 09:48:16.512673+00', '2026-11-29 09:48:16.512673+00', NULL, false, false, NULL, NULL, NULL, '{"errors": ["a frame is damaged"], "frames": [[80, 82]], "missing_seconds": 0}', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', '{"sheets": 1}', 'videos/harbour-1/sprites-0123456789abcdef.mov', true, '{"path": "videos/harbour-1/source-cccccccccc.mp4", "sha256": "c", "quality": null}', 'videos/harbour-1/cut_evidence-aaaaaaaaaa-bbbbbbbbbb.npz', 'cold', '2026-11-25 12:00:00+00', '{"start": "10:00:00:00"}', 'videos/harbour-1/frame_scores-aaaaaaaaaa.rgb', 0, NULL);
INSERT INTO public.stored_objects VALUES ('videos/harbour-1/source-aaaaaaaaaa.mp4', 1, 'source', 123456789012);
INSERT INTO public.stored_objects VALUES ('clips/2/clip.mp4', 1, 'clip', 4321);
INSERT INTO public.stored_objects VALUES ('clips/2/keyframe-45.jpg', 1, 'keyframe', 321);
INSERT INTO public.theme_surveys OVERRIDING SYSTEM VALUE VALUES (1, 'layout-v1', 1, '2026-11-29 09:48:16.512673+00');
INSERT INTO public.themes OVERRIDING SYSTEM VALUE VALUES (1, NULL, 'boats', NULL, '[0.6,0.8]', '{2}');
INSERT INTO public.vector_failures OVERRIDING SYSTEM VALUE VALUES (1, 'layout-v1', 4, 'It has no keyframe.', '2026-11-29 12:00:00+00');
INSERT INTO public.webhook_deliveries OVERRIDING SYSTEM VALUE VALUES (1, 1, 'clip-2', '{"kind": "exported"}', 'waiting', 0, NULL, '2026-11-29 09:48:16.512673+00', '2026-11-29 09:48:16.512673+00', NULL);
INSERT INTO public.webhooks OVERRIDING SYSTEM VALUE VALUES (1, 'https://hooks.example/', 'secret', '2026-11-29 09:48:16.512673+00');
SELECT pg_catalog.setval('public.clip_artifacts_id_seq', 1, true);
SELECT pg_catalog.setval('public.clip_embeddings_id_seq', 2, true);
SELECT pg_catalog.setval('public.clip_exports_id_seq', 1, true);
SELECT pg_catalog.setval('public.clips_id_seq', 5, true);
SELECT pg_catalog.setval('public.collections_id_seq', 1, true);
SELECT pg_catalog.setval('public.export_failures_id_seq', 1, true);
SELECT pg_catalog.setval('public.export_profiles_id_seq', 7, true);
SELECT pg_catalog.setval('public.frame_signatures_id_seq', 1, true);
SELECT pg_catalog.setval('public.group_exports_id_seq', 1, true);
SELECT pg_catalog.setval('public.handovers_id_seq', 1, true);
SELECT pg_catalog.setval('public.keyframe_rules_id_seq', 1, true);
SELECT pg_catalog.setval('public.labels_id_seq', 2, true);
SELECT pg_catalog.setval('public.profile_uses_id_seq', 2, true);
SELECT pg_catalog.setval('public.repeats_apart_id_seq', 1, true);
SELECT pg_catalog.setval('public.repeats_id_seq', 1, true);
SELECT pg_catalog.setval('public.review_events_id_seq', 5, true);
SELECT pg_catalog.setval('public.saved_views_id_seq', 1, true);
SELECT pg_catalog.setval('public.search_words_id_seq', 11, true);
SELECT pg_catalog.setval('public.source_videos_id_seq', 4, true);
SELECT pg_catalog.setval('public.theme_surveys_id_seq', 1, true);
SELECT pg_catalog.setval('public.themes_id_seq', 1, true);
SELECT pg_catalog.setval('public.vector_failures_id_seq', 1, true);
SELECT pg_catalog.setval('public.webhook_deliveries_id_seq', 1, true);
SELECT pg_catalog.setval('public.webhooks_id_seq', 1, true);
ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);
ALTER TABLE ONLY public.clips
    ADD CONSTRAINT ex_clips_overlap EXCLUDE USING gist (int8range(source_video_id, source_video_id, '[]'::text) WITH &&, int4range(start_frame, end_frame) WITH &&) WHERE ((state <> 'superseded'::text));
ALTER TABLE ONLY public.clip_artifacts
    ADD CONSTRAINT pk_clip_artifacts PRIMARY KEY (id);
ALTER TABLE ONLY public.clip_embeddings
    ADD CONSTRAINT pk_clip_embeddings PRIMARY KEY (id);
ALTER TABLE ONLY public.clip_exports
    ADD CONSTRAINT pk_clip_exports PRIMARY KEY (id);
ALTER TABLE ONLY public.clip_themes
    ADD CONSTRAINT pk_clip_themes PRIMARY KEY (clip_id);
ALTER TABLE ONLY public.clips
    ADD CONSTRAINT pk_clips PRIMARY KEY (id);
ALTER TABLE ONLY public.collection_clips
    ADD CONSTRAINT pk_collection_clips PRIMARY KEY (collection_id, clip_id);
ALTER TABLE ONLY public.collections
    ADD CONSTRAINT pk_collections PRIMARY KEY (id);
ALTER TABLE ONLY public.export_failures
    ADD CONSTRAINT pk_export_failures PRIMARY KEY (id);
ALTER TABLE ONLY public.export_profiles
    ADD CONSTRAINT pk_export_profiles PRIMARY KEY (id);
ALTER TABLE ONLY public.frame_signatures
    ADD CONSTRAINT pk_frame_signatures PRIMARY KEY (id);
ALTER TABLE ONLY public.group_exports
    ADD CONSTRAINT pk_group_exports PRIMARY KEY (id);
ALTER TABLE ONLY public.handover_clips
    ADD CONSTRAINT pk_handover_clips PRIMARY KEY (handover_id, clip_id);
ALTER TABLE ONLY public.handovers
    ADD CONSTRAINT pk_handovers PRIMARY KEY (id);
ALTER TABLE ONLY public.keyframe_rules
    ADD CONSTRAINT pk_keyframe_rules PRIMARY KEY (id);
ALTER TABLE ONLY public.labels
    ADD CONSTRAINT pk_labels PRIMARY KEY (id);
ALTER TABLE ONLY public.objects_to_delete
    ADD CONSTRAINT pk_objects_to_delete PRIMARY KEY (path);
ALTER TABLE ONLY public.outages
    ADD CONSTRAINT pk_outages PRIMARY KEY (thing);
ALTER TABLE ONLY public.profile_uses
    ADD CONSTRAINT pk_profile_uses PRIMARY KEY (id);
ALTER TABLE ONLY public.repeats
    ADD CONSTRAINT pk_repeats PRIMARY KEY (id);
ALTER TABLE ONLY public.repeats_apart
    ADD CONSTRAINT pk_repeats_apart PRIMARY KEY (id);
ALTER TABLE ONLY public.review_events
    ADD CONSTRAINT pk_review_events PRIMARY KEY (id);
ALTER TABLE ONLY public.saved_views
    ADD CONSTRAINT pk_saved_views PRIMARY KEY (id);
ALTER TABLE ONLY public.search_pictures
    ADD CONSTRAINT pk_search_pictures PRIMARY KEY (digest, model);
ALTER TABLE ONLY public.search_words
    ADD CONSTRAINT pk_search_words PRIMARY KEY (id);
ALTER TABLE ONLY public.source_videos
    ADD CONSTRAINT pk_source_videos PRIMARY KEY (id);
ALTER TABLE ONLY public.stored_objects
    ADD CONSTRAINT pk_stored_objects PRIMARY KEY (path);
ALTER TABLE ONLY public.theme_surveys
    ADD CONSTRAINT pk_theme_surveys PRIMARY KEY (id);
ALTER TABLE ONLY public.themes
    ADD CONSTRAINT pk_themes PRIMARY KEY (id);
ALTER TABLE ONLY public.vector_failures
    ADD CONSTRAINT pk_vector_failures PRIMARY KEY (id);
ALTER TABLE ONLY public.webhook_deliveries
    ADD CONSTRAINT pk_webhook_deliveries PRIMARY KEY (id);
ALTER TABLE ONLY public.webhooks
    ADD CONSTRAINT pk_webhooks PRIMARY KEY (id);
ALTER TABLE ONLY public.clip_artifacts
    ADD CONSTRAINT uq_clip_artifacts_clip_id_kind_frame UNIQUE (clip_id, kind, frame);
ALTER TABLE ONLY public.clip_embeddings
    ADD CONSTRAINT uq_clip_embeddings_clip_id_model_strategy_frame UNIQUE NULLS NOT DISTINCT (clip_id, model, strategy, frame);
ALTER TABLE ONLY public.clip_exports
    ADD CONSTRAINT uq_clip_exports_clip_id_profile UNIQUE (clip_id, profile);
ALTER TABLE ONLY public.export_failures
    ADD CONSTRAINT uq_export_failures_clip_id_profile UNIQUE (clip_id, profile);
ALTER TABLE ONLY public.export_profiles
    ADD CONSTRAINT uq_export_profiles_name UNIQUE (name);
ALTER TABLE ONLY public.frame_signatures
    ADD CONSTRAINT uq_frame_signatures_source_video_id_frame UNIQUE (source_video_id, frame);
ALTER TABLE ONLY public.group_exports
    ADD CONSTRAINT uq_group_exports_first_clip_id_profile UNIQUE (first_clip_id, profile);
ALTER TABLE ONLY public.keyframe_rules
    ADD CONSTRAINT uq_keyframe_rules_source_video_id_label_id UNIQUE NULLS NOT DISTINCT (source_video_id, label_id);
ALTER TABLE ONLY public.labels
    ADD CONSTRAINT uq_labels_key UNIQUE (key);
ALTER TABLE ONLY public.labels
    ADD CONSTRAINT uq_labels_name UNIQUE (name);
ALTER TABLE ONLY public.profile_uses
    ADD CONSTRAINT uq_profile_uses_profile_id_source_video_id_label UNIQUE NULLS NOT DISTINCT (profile_id, source_video_id, label);
ALTER TABLE ONLY public.repeats
    ADD CONSTRAINT uq_repeats_starts UNIQUE (source_video_id, start_frame, other_video_id, other_start_frame);
ALTER TABLE ONLY public.review_events
    ADD CONSTRAINT uq_review_events_undoes_event_id UNIQUE (undoes_event_id);
ALTER TABLE ONLY public.saved_views
    ADD CONSTRAINT uq_saved_views_name UNIQUE (name);
ALTER TABLE ONLY public.source_videos
    ADD CONSTRAINT uq_source_videos_key UNIQUE (key);
ALTER TABLE ONLY public.source_videos
    ADD CONSTRAINT uq_source_videos_proxy_id UNIQUE (proxy_id);
ALTER TABLE ONLY public.vector_failures
    ADD CONSTRAINT uq_vector_failures_clip_id_model UNIQUE NULLS NOT DISTINCT (clip_id, model);
ALTER TABLE ONLY public.webhook_deliveries
    ADD CONSTRAINT uq_webhook_deliveries_webhook_id_event_id UNIQUE (webhook_id, event_id);
ALTER TABLE ONLY public.webhooks
    ADD CONSTRAINT uq_webhooks_url UNIQUE (url);
CREATE INDEX hnsw_befd73d670b6e60c ON public.clip_embeddings USING hnsw (((embedding)::public.vector(2)) public.vector_cosine_ops) WHERE ((model = 'layout-v1'::text) AND (strategy = 'mean'::text) AND (public.vector_dims(embedding) = 2));
CREATE INDEX ix_clip_embeddings_model_strategy ON public.clip_embeddings USING btree (model, strategy);
CREATE INDEX ix_clip_exports_profile ON public.clip_exports USING btree (profile);
CREATE INDEX ix_clip_themes_novelty ON public.clip_themes USING btree (novelty DESC NULLS LAST);
CREATE INDEX ix_clip_themes_theme_id_distance ON public.clip_themes USING btree (theme_id, distance);
CREATE INDEX ix_clips_grouped_with_clip_id ON public.clips USING btree (grouped_with_clip_id);
CREATE INDEX ix_clips_keyframes_asked_at ON public.clips USING btree (keyframes_asked_at) WHERE (keyframes_asked_at IS NOT NULL);
CREATE INDEX ix_clips_labels ON public.clips USING gin (labels) WHERE (labels <> '{}'::text[]);
CREATE INDEX ix_clips_leased_by ON public.clips USING btree (leased_by) WHERE (leased_by IS NOT NULL);
CREATE INDEX ix_clips_leased_page ON public.clips USING btree (leased_page) WHERE (leased_page IS NOT NULL);
CREATE INDEX ix_clips_pending ON public.clips USING btree (source_video_id, start_frame) WHERE (state = 'pending_review'::text);
CREATE INDEX ix_clips_source_video_id_start_frame ON public.clips USING btree (source_video_id, start_frame);
CREATE INDEX ix_clips_state_decided_at ON public.clips USING btree (state, decided_at);
CREATE INDEX ix_clips_words ON public.clips USING gin (public.search_clip_words(labels, note, group_name)) WHERE ((labels <> '{}'::text[]) OR (note IS NOT NULL) OR (group_name IS NOT NULL));
CREATE INDEX ix_collection_clips_clip_id ON public.collection_clips USING btree (clip_id);
CREATE UNIQUE INDEX ix_collections_name ON public.collections USING btree (name) WHERE (removed_at IS NULL);
CREATE INDEX ix_collections_words ON public.collections USING gin (public.search_words_of(name));
CREATE INDEX ix_frame_signatures_bits ON public.frame_signatures USING hnsw (bits public.bit_hamming_ops);
CREATE INDEX ix_handover_clips_clip_id ON public.handover_clips USING btree (clip_id);
CREATE INDEX ix_objects_to_delete_next_try_at ON public.objects_to_delete USING btree (next_try_at);
CREATE INDEX ix_repeats_apart_other_video_id ON public.repeats_apart USING btree (other_video_id);
CREATE INDEX ix_repeats_apart_source_video_id ON public.repeats_apart USING btree (source_video_id);
CREATE INDEX ix_repeats_other_video_id ON public.repeats USING btree (other_video_id, other_start_frame);
CREATE INDEX ix_review_events_actor_id ON public.review_events USING btree (actor, id);
CREATE INDEX ix_review_events_batch_id ON public.review_events USING btree (batch_id) WHERE (batch_id IS NOT NULL);
CREATE INDEX ix_review_events_clip_ids ON public.review_events USING gin (clip_ids);
CREATE INDEX ix_review_events_created_at ON public.review_events USING btree (created_at);
CREATE INDEX ix_review_events_mended ON public.review_events USING btree (source_video_id) WHERE (action = ANY (ARRAY['merge'::text, 'split'::text, 'nudge'::text]));
CREATE INDEX ix_review_events_removed ON public.review_events USING btree (source_video_id) WHERE (action = 'remove'::text);
CREATE INDEX ix_search_pictures_made_at ON public.search_pictures USING btree (made_at);
CREATE INDEX ix_search_words_trigrams ON public.search_words USING gin (trigrams);
CREATE INDEX ix_search_words_word ON public.search_words USING btree (word);
CREATE INDEX ix_source_videos_playlist_id ON public.source_videos USING btree (playlist_id);
CREATE INDEX ix_source_videos_site_id ON public.source_videos USING btree (site_id);
CREATE INDEX ix_source_videos_source_sha256 ON public.source_videos USING btree (source_sha256);
CREATE INDEX ix_source_videos_state ON public.source_videos USING btree (state);
CREATE INDEX ix_source_videos_words ON public.source_videos USING gin (public.search_video_words(title, url));
CREATE INDEX ix_stored_objects_source_video_id_kind ON public.stored_objects USING btree (source_video_id, kind);
CREATE INDEX ix_themes_parent_id ON public.themes USING btree (parent_id);
CREATE INDEX ix_webhook_deliveries_waiting ON public.webhook_deliveries USING btree (next_try_at) WHERE (state = 'waiting'::text);
CREATE TRIGGER review_events_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.review_events FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER search_learn AFTER INSERT OR UPDATE OF labels, note, group_name ON public.clips FOR EACH ROW WHEN (((new.labels <> '{}'::text[]) OR (new.note IS NOT NULL) OR (new.group_name IS NOT NULL))) EXECUTE FUNCTION public.search_learn_clip();
CREATE TRIGGER search_learn AFTER INSERT OR UPDATE OF name ON public.collections FOR EACH ROW EXECUTE FUNCTION public.search_learn_collection();
CREATE TRIGGER search_learn AFTER INSERT OR UPDATE OF title, url ON public.source_videos FOR EACH ROW EXECUTE FUNCTION public.search_learn_video();
ALTER TABLE ONLY public.clip_artifacts
    ADD CONSTRAINT fk_clip_artifacts_clip_id FOREIGN KEY (clip_id) REFERENCES public.clips(id);
ALTER TABLE ONLY public.clip_embeddings
    ADD CONSTRAINT fk_clip_embeddings_clip_id FOREIGN KEY (clip_id) REFERENCES public.clips(id);
ALTER TABLE ONLY public.clip_exports
    ADD CONSTRAINT fk_clip_exports_clip_id FOREIGN KEY (clip_id) REFERENCES public.clips(id);
ALTER TABLE ONLY public.clip_exports
    ADD CONSTRAINT fk_clip_exports_profile FOREIGN KEY (profile) REFERENCES public.export_profiles(name);
ALTER TABLE ONLY public.clip_themes
    ADD CONSTRAINT fk_clip_themes_clip_id FOREIGN KEY (clip_id) REFERENCES public.clips(id);
ALTER TABLE ONLY public.clip_themes
    ADD CONSTRAINT fk_clip_themes_theme_id FOREIGN KEY (theme_id) REFERENCES public.themes(id);
ALTER TABLE ONLY public.clips
    ADD CONSTRAINT fk_clips_grouped_with_clip_id FOREIGN KEY (grouped_with_clip_id) REFERENCES public.clips(id);
ALTER TABLE ONLY public.clips
    ADD CONSTRAINT fk_clips_source_video_id FOREIGN KEY (source_video_id) REFERENCES public.source_videos(id);
ALTER TABLE ONLY public.collection_clips
    ADD CONSTRAINT fk_collection_clips_clip_id FOREIGN KEY (clip_id) REFERENCES public.clips(id);
ALTER TABLE ONLY public.collection_clips
    ADD CONSTRAINT fk_collection_clips_collection_id FOREIGN KEY (collection_id) REFERENCES public.collections(id);
ALTER TABLE ONLY public.export_failures
    ADD CONSTRAINT fk_export_failures_clip_id FOREIGN KEY (clip_id) REFERENCES public.clips(id);
ALTER TABLE ONLY public.export_failures
    ADD CONSTRAINT fk_export_failures_profile FOREIGN KEY (profile) REFERENCES public.export_profiles(name);
ALTER TABLE ONLY public.frame_signatures
    ADD CONSTRAINT fk_frame_signatures_source_video_id FOREIGN KEY (source_video_id) REFERENCES public.source_videos(id);
ALTER TABLE ONLY public.group_exports
    ADD CONSTRAINT fk_group_exports_first_clip_id FOREIGN KEY (first_clip_id) REFERENCES public.clips(id);
ALTER TABLE ONLY public.group_exports
    ADD CONSTRAINT fk_group_exports_profile FOREIGN KEY (profile) REFERENCES public.export_profiles(name);
ALTER TABLE ONLY public.handover_clips
    ADD CONSTRAINT fk_handover_clips_clip_id FOREIGN KEY (clip_id) REFERENCES public.clips(id);
ALTER TABLE ONLY public.handover_clips
    ADD CONSTRAINT fk_handover_clips_handover_id FOREIGN KEY (handover_id) REFERENCES public.handovers(id);
ALTER TABLE ONLY public.handovers
    ADD CONSTRAINT fk_handovers_profile FOREIGN KEY (profile) REFERENCES public.export_profiles(name);
ALTER TABLE ONLY public.keyframe_rules
    ADD CONSTRAINT fk_keyframe_rules_label_id FOREIGN KEY (label_id) REFERENCES public.labels(id);
ALTER TABLE ONLY public.keyframe_rules
    ADD CONSTRAINT fk_keyframe_rules_source_video_id FOREIGN KEY (source_video_id) REFERENCES public.source_videos(id);
ALTER TABLE ONLY public.profile_uses
    ADD CONSTRAINT fk_profile_uses_profile_id FOREIGN KEY (profile_id) REFERENCES public.export_profiles(id);
ALTER TABLE ONLY public.profile_uses
    ADD CONSTRAINT fk_profile_uses_source_video_id FOREIGN KEY (source_video_id) REFERENCES public.source_videos(id);
ALTER TABLE ONLY public.repeats_apart
    ADD CONSTRAINT fk_repeats_apart_other_video_id FOREIGN KEY (other_video_id) REFERENCES public.source_videos(id);
ALTER TABLE ONLY public.repeats_apart
    ADD CONSTRAINT fk_repeats_apart_source_video_id FOREIGN KEY (source_video_id) REFERENCES public.source_videos(id);
ALTER TABLE ONLY public.repeats
    ADD CONSTRAINT fk_repeats_other_video_id FOREIGN KEY (other_video_id) REFERENCES public.source_videos(id);
ALTER TABLE ONLY public.repeats
    ADD CONSTRAINT fk_repeats_source_video_id FOREIGN KEY (source_video_id) REFERENCES public.source_videos(id);
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
ALTER TABLE ONLY public.themes
    ADD CONSTRAINT fk_themes_parent_id FOREIGN KEY (parent_id) REFERENCES public.themes(id);
ALTER TABLE ONLY public.vector_failures
    ADD CONSTRAINT fk_vector_failures_clip_id FOREIGN KEY (clip_id) REFERENCES public.clips(id);
ALTER TABLE ONLY public.webhook_deliveries
    ADD CONSTRAINT fk_webhook_deliveries_webhook_id FOREIGN KEY (webhook_id) REFERENCES public.webhooks(id) ON DELETE CASCADE;
