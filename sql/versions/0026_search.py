"""Words of texts under an index, the words themselves with their trigrams, and pictures that people
look for.

The functions have their bodies parsed when they are made (`RETURN`), so that an index over them
works whatever the search path is, as in a dump that is restored.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from pgvector.sqlalchemy import Vector
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

FUNCTIONS = r"""
-- Small letters without accents; punctuation is a space. Most texts are ASCII, and that is quick.
CREATE FUNCTION search_folded(said text) RETURNS text IMMUTABLE PARALLEL SAFE RETURN
    CASE WHEN octet_length(said) = length(said)
        THEN translate(lower(said), '!"#$%&''()*+,-./:;<=>?@[\]^_`{|}~', repeat(' ', 32))
        ELSE replace(replace(replace(translate(lower(regexp_replace(regexp_replace(
            normalize(coalesce(said, ''), NFKD), '[\u0300-\u036f]', '', 'g'),
            '[\u0001-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u00bf\u2000-\u206f]+', ' ', 'g')),
            'øđłħı', 'odlhi'), 'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe')
    END;

-- As they stand and, for English, by their stems. The cost is what keeps plans from making the
-- words of one text after the other where an index has them.
CREATE FUNCTION search_words_of(said text) RETURNS tsvector IMMUTABLE PARALLEL SAFE COST 1500 RETURN
    to_tsvector('pg_catalog.simple'::regconfig, search_folded(said))
    || to_tsvector('pg_catalog.english'::regconfig, search_folded(said));

-- Matches texts with the word, or with one that begins with it.
CREATE FUNCTION search_query(word text, begins boolean) RETURNS tsquery IMMUTABLE PARALLEL SAFE
RETURN plainto_tsquery('pg_catalog.simple'::regconfig, word)
    || plainto_tsquery('pg_catalog.english'::regconfig, word)
    || CASE WHEN begins THEN (quote_literal(word) || ':*')::tsquery ELSE ''::tsquery END;

CREATE FUNCTION search_file_name(url text) RETURNS text IMMUTABLE PARALLEL SAFE RETURN
    regexp_replace(
        CASE WHEN url LIKE '%://%' THEN regexp_replace(url, '[?#].*$', '') ELSE url END,
        '^.*[/\\]', '');

CREATE FUNCTION search_video_words(title text, url text) RETURNS tsvector
IMMUTABLE PARALLEL SAFE COST 1500 RETURN search_words_of(title || ' ' || search_file_name(url));

CREATE FUNCTION search_clip_words(labels text[], note text, group_name text) RETURNS tsvector
IMMUTABLE PARALLEL SAFE COST 1500 RETURN search_words_of(
    array_to_string(labels, ' ') || ' ' || coalesce(note, '') || ' ' || coalesce(group_name, ''));

-- Of two spaces, the word and a space, as pg_trgm makes them.
CREATE FUNCTION search_trigrams(word text) RETURNS text[] IMMUTABLE PARALLEL SAFE RETURN
    ARRAY(SELECT DISTINCT substr('  ' || word || ' ', at, 3)
          FROM generate_series(1, length(word) + 1) AS at);

-- Nothing is unique here: writers of the same new word must not wait for one another.
CREATE FUNCTION search_learn(said text) RETURNS void LANGUAGE sql AS $$
    INSERT INTO search_words (word, trigrams)
    SELECT word, search_trigrams(word)
    FROM unnest(tsvector_to_array(
        to_tsvector('pg_catalog.simple'::regconfig, search_folded(said)))) AS heard (word)
    WHERE length(word) BETWEEN 3 AND 40 AND word !~ '^[0-9]+$'
        AND NOT EXISTS (SELECT FROM search_words AS known WHERE known.word = heard.word)
$$;
"""

TRIGGERS = """
CREATE FUNCTION search_learn_clip() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM search_learn(concat_ws(
        ' ', array_to_string(NEW.labels, ' '), NEW.note, NEW.group_name));
    RETURN NULL;
END $$;
CREATE TRIGGER search_learn AFTER INSERT OR UPDATE OF labels, note, group_name ON clips
FOR EACH ROW WHEN (NEW.labels <> '{}' OR NEW.note IS NOT NULL OR NEW.group_name IS NOT NULL)
EXECUTE FUNCTION search_learn_clip();

CREATE FUNCTION search_learn_video() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM search_learn(NEW.title || ' ' || search_file_name(NEW.url));
    RETURN NULL;
END $$;
CREATE TRIGGER search_learn AFTER INSERT OR UPDATE OF title, url ON source_videos
FOR EACH ROW EXECUTE FUNCTION search_learn_video();

CREATE FUNCTION search_learn_collection() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM search_learn(NEW.name);
    RETURN NULL;
END $$;
CREATE TRIGGER search_learn AFTER INSERT OR UPDATE OF name ON collections
FOR EACH ROW EXECUTE FUNCTION search_learn_collection();
"""

INDEXES = """
CREATE INDEX ix_clips_words ON clips USING gin (search_clip_words(labels, note, group_name))
WHERE labels <> '{}' OR note IS NOT NULL OR group_name IS NOT NULL;
CREATE INDEX ix_source_videos_words ON source_videos USING gin (search_video_words(title, url));
CREATE INDEX ix_collections_words ON collections USING gin (search_words_of(name));
"""

LEARN = """
WITH said AS (
    SELECT unnest(labels) AS said FROM clips WHERE labels <> '{}'
    UNION SELECT note FROM clips WHERE note IS NOT NULL
    UNION SELECT group_name FROM clips WHERE group_name IS NOT NULL
    UNION SELECT title || ' ' || search_file_name(url) FROM source_videos
    UNION SELECT name FROM collections
)
SELECT search_learn(said) FROM said
"""


def upgrade() -> None:
    op.create_table(
        "search_words",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("word", sa.Text, nullable=False, index=True),
        sa.Column("trigrams", ARRAY(sa.Text), nullable=False),
    )
    op.create_index(
        "ix_search_words_trigrams", "search_words", ["trigrams"], postgresql_using="gin"
    )
    op.create_table(
        "search_pictures",
        sa.Column("digest", sa.Text, primary_key=True),
        sa.Column("model", sa.Text, primary_key=True),
        sa.Column("embedding", Vector, nullable=False),
        sa.Column("thumbnail", BYTEA, nullable=False),
        sa.Column(
            "made_at",
            sa.DateTime(timezone=True),
            server_default=sa.func.now(),
            nullable=False,
            index=True,
        ),
    )
    op.create_index("ix_clip_embeddings_model_strategy", "clip_embeddings", ["model", "strategy"])
    for statements in (FUNCTIONS, TRIGGERS, INDEXES, LEARN):
        op.get_bind().exec_driver_sql(statements.replace("%", "%%"))
