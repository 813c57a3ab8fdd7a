"""Clips by the words of their texts: labels, note and group name of their own; title and file name
of their film; names of collections.

The functions in SQL (`sql/versions/0026_search.py`) say what a word is: small letters without
accents, and for English the stem as well. Nothing here reads all clips: each condition has an
index.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlmodel import Session, col

from heaters_pipeline.db.among import among
from heaters_pipeline.db.models import Clip, Collection, CollectionClip, SearchWord, SourceVideo
from heaters_pipeline.domain.spelling import meant

MOST_WORDS = 12
"""That are looked for; those behind them are ignored."""

MOST_APART = 4
"""Words up to which each way to have them is a query of its own: there are two to that power."""

MOST_CANDIDATES = 100
"""Known words that are compared with one that no text has."""

MOST_TRIED = 5
"""Of the words that one may stand for, in search of one that some text still has."""

FIELDS = ("label", "note", "group", "collection", "title", "file")
"""Whose texts are searched, those that people wrote for a clip first."""

_HAS_TEXT = sa.or_(
    col(Clip.labels) != sa.literal_column("'{}'"),
    col(Clip.note).is_not(None),
    col(Clip.group_name).is_not(None),
)
_WORDS = sa.func.search_clip_words(Clip.labels, Clip.note, Clip.group_name)


@dataclass(frozen=True)
class Word:
    typed: str
    """As somebody typed it."""
    query: str
    """What matches it, as a tsquery."""
    used: str = ""
    """The word that texts have; another one where `typed` is a mistake."""
    on_clips: bool = False
    """Some clip's own text has it."""
    video_ids: Sequence[int] = field(default=(), repr=False)
    collected: Sequence[int] = field(default=(), repr=False)
    """Ids of the clips of the collections that have it in their name."""

    @property
    def is_known(self) -> bool:
        return self.on_clips or bool(self.video_ids) or bool(self.collected)

    @property
    def is_mistake(self) -> bool:
        return self.used != self.typed


class Mention(NamedTuple):
    """A text of a clip that has a word."""

    field: str
    """One of FIELDS."""
    text: str
    word: str


def words_of(session: Session, text: str) -> list[Word]:
    """The words of a text, in order, each once, with what matches each. The last one also stands
    for the words that begin with it, unless a space follows. A word that no text has is replaced by
    the nearest that one has; where none is near, it is not `is_known`."""
    text = unicodedata.normalize("NFC", text)
    typed = re.findall(r"[^\W_]+", text)[:MOST_WORDS]
    if not typed:
        return []
    read = {each.word: each for each in _read(session, typed)}
    wanted = [each for each in read.values() if not each.says_nothing] or list(read.values())
    is_typing = re.search(r"[^\W_]$", text) is not None and len(wanted[-1].word) > 1
    whole = wanted[:-1] if is_typing else wanted
    return [
        *(_looked_up(session, each.word, each.whole) for each in whole),
        *(_looked_up(session, each.word, each.begun) for each in wanted[len(whole) :]),
    ]


class _Read(NamedTuple):
    word: str
    """In small letters, without accents."""
    says_nothing: bool
    """In English."""
    whole: str
    """What matches it, as a tsquery."""
    begun: str
    """What matches all words that begin with it."""


def _read(session: Session, words: Sequence[str]) -> list[_Read]:
    given = (
        sa.func.unnest(sa.cast(list(words), sa.ARRAY(sa.Text)))
        .table_valued(sa.column("word", sa.Text), with_ordinality="place")
        .render_derived()
    )
    folded = sa.func.search_folded(given.c.word)
    stem = sa.func.plainto_tsquery(sa.literal_column("'english'::regconfig"), folded)
    queries = (sa.func.search_query(folded, begins) for begins in (False, True))
    rows = session.execute(
        sa.select(
            folded,
            sa.func.numnode(stem) == 0,
            *(sa.func.coalesce(sa.cast(query, sa.Text), "") for query in queries),
        ).order_by(given.c.place)
    )
    return [_Read(*row) for row in rows]


def _looked_up(session: Session, word: str, query: str) -> Word:
    found = _matching(session, word, word, query)
    if found.is_known:
        return found
    near = _nearest(session, word)[:MOST_TRIED]
    for other in _read(session, near) if near else []:
        instead = _matching(session, word, other.word, other.whole)
        if instead.is_known:
            return instead
    return found


def _matching(session: Session, typed: str, used: str, query: str) -> Word:
    if not query:
        return Word(typed, query, used)
    matches = _matcher(query)
    on_clips = sa.exists(sa.select(sa.literal(1)).where(_HAS_TEXT, matches(_WORDS)))
    video_words = sa.func.search_video_words(SourceVideo.title, SourceVideo.url)
    videos = sa.select(col(SourceVideo.id)).where(matches(video_words))
    collected = (
        sa.select(col(CollectionClip.clip_id))
        .distinct()
        .join(Collection, col(Collection.id) == col(CollectionClip.collection_id))
        .where(
            matches(sa.func.search_words_of(Collection.name)),
            col(Collection.removed_at).is_(None),
            col(CollectionClip.taken_out_at).is_(None),
        )
    )
    found = session.execute(sa.select(on_clips, *map(_ids, (videos, collected)))).one()
    return Word(typed, query, used, *found)


def _ids(query: Any) -> Any:
    """What it selects, as one list."""
    return sa.func.array(query.scalar_subquery(), type_=sa.ARRAY(sa.BigInteger))


def _matcher(query: str) -> Callable[[Any], Any]:
    """A condition on words. The query is a constant, so that the planner knows how rare it is."""
    constant = sa.cast(sa.literal(query, sa.Text, literal_execute=True), TSQUERY)
    return lambda words: words.op("@@", is_comparison=True)(constant)


def _nearest(session: Session, word: str) -> list[str]:
    """The words that some text has had and that `word` may stand for, the nearest first."""
    trigrams = sa.func.search_trigrams(sa.literal(word, sa.Text, literal_execute=True))
    one = sa.func.unnest(SearchWord.trigrams).column_valued("one")
    shared = sa.select(sa.func.count(one)).where(one == sa.any_(trigrams)).scalar_subquery()
    rows = session.execute(
        sa.select(col(SearchWord.word), sa.func.max(shared).label("shared"))
        .where(
            col(SearchWord.trigrams).op("&&", is_comparison=True)(trigrams),
            sa.func.length(SearchWord.word).between(len(word) - 2, len(word) + 2),
        )
        .group_by(col(SearchWord.word))
        .order_by(sa.desc("shared"), col(SearchWord.word))
        .limit(MOST_CANDIDATES)
    )
    return meant(word, [row.word for row in rows])


def ranked(
    session: Session, words: Sequence[Word], narrow: Callable[[Any], Any], limit: int
) -> list[int]:
    """Ids of the clips with all of the words, up to `limit`: first those whose own texts have them
    all, then those where film or collection helps; among equals the latest decision first.
    `narrow` leaves of a statement over `clips` the clips that may be found."""
    if not words:
        return []
    latest = (col(Clip.decided_at).desc(), col(Clip.id).desc())
    found: list[int] = []
    if all(word.on_clips for word in words):
        own = narrow(sa.select(col(Clip.id)).where(_own(words)))
        found = list(session.scalars(own.order_by(*latest).limit(limit)))
    ways = list(_ways(words))
    if len(found) == limit or not ways:
        return found
    ranked = [
        narrow(sa.select(col(Clip.id), col(Clip.decided_at)).where(*way))
        .order_by(*latest)
        .limit(limit + len(found))
        .subquery()
        for way in ways
    ]
    id_, decided_at = sa.union_all(*(sa.select(each) for each in ranked)).subquery().c
    rest = session.scalars(
        sa.select(id_)
        .group_by(id_, decided_at)
        .order_by(decided_at.desc(), id_.desc())
        .limit(limit + len(found))
    )
    return list(dict.fromkeys([*found, *rest]))[:limit]


def _ways(words: Sequence[Word]) -> Iterator[list[Any]]:
    """The ways in which a clip may have all of the words, at least one of them elsewhere than in
    its own texts. In each an index finds what its own texts must have; all else is numbers: to make
    the words of one text after the other would take seconds."""
    if len(words) > MOST_APART:
        yield [sa.or_(_own([word]), _elsewhere(word)) for word in words]
        return
    for size in range(len(words)):
        for own in itertools.combinations(words, size):
            rest = [word for word in words if word not in own]
            possible = all(word.on_clips for word in own) and all(
                word.video_ids or word.collected for word in rest
            )
            if possible:
                yield [*([_own(own)] if own else []), *map(_elsewhere, rest)]


def _own(words: Sequence[Word]) -> Any:
    """True of clips whose own texts have all of the words."""
    every = " & ".join(f"({word.query})" for word in words)
    return sa.and_(_HAS_TEXT, _matcher(every)(_WORDS))


def _elsewhere(word: Word) -> Any:
    """True of clips with the word in a text of their film, or in the name of a collection."""
    ways = []
    if word.video_ids:
        ways.append(_constant_among(col(Clip.source_video_id), word.video_ids))
    if word.collected:
        ways.append(_constant_among(col(Clip.id), word.collected))
    return sa.or_(sa.false(), *ways)


def _constant_among(column: Any, ids: Sequence[int]) -> Any:
    """As `among`, with a constant."""
    listed: Any = sa.literal_column(
        "'{" + ",".join(str(int(each)) for each in ids) + "}'::bigint[]"
    )
    return column == sa.any_(listed)


def mentions(
    session: Session, words: Sequence[Word], clip_ids: Sequence[int]
) -> dict[int, list[Mention]]:
    """Which texts of the clips have which of the words, those of FIELDS that come first first; a
    file name only where the title has not the same word."""
    if not (words and clip_ids):
        return {}
    texts: tuple[Any, ...] = (
        sa.select(col(Clip.id), sa.literal("label"), sa.func.unnest(Clip.labels)),
        sa.select(col(Clip.id), sa.literal("note"), col(Clip.note)),
        sa.select(col(Clip.id), sa.literal("group"), col(Clip.group_name)),
        _of_video("title", col(SourceVideo.title)),
        _of_video("file", sa.func.search_file_name(SourceVideo.url)),
        sa.select(col(Clip.id), sa.literal("collection"), col(Collection.name))
        .join(CollectionClip, col(CollectionClip.clip_id) == col(Clip.id))
        .join(Collection, col(Collection.id) == col(CollectionClip.collection_id))
        .where(col(Collection.removed_at).is_(None), col(CollectionClip.taken_out_at).is_(None)),
    )
    said = sa.union_all(*(each.where(among(col(Clip.id), clip_ids)) for each in texts)).subquery(
        "said"
    )
    rows = [tuple(row) for row in session.execute(sa.select(said).where(said.c[2].is_not(None)))]
    heard = _heard(session, words, list({text for _, _, text in rows}))
    found: dict[int, list[Mention]] = {}
    for clip_id, where, text in sorted(rows, key=lambda row: FIELDS.index(row[1])):
        told = found.setdefault(clip_id, [])
        titled = {each.word for each in told if each.field == "title"}
        told += [
            Mention(where, text, word)
            for word in heard[text]
            if not (where == "file" and word in titled)
        ]
    return found


def _heard(session: Session, words: Sequence[Word], texts: Sequence[str]) -> dict[str, list[str]]:
    """Which of the words each of the texts has."""
    given = sa.func.unnest(sa.cast(texts, sa.ARRAY(sa.Text))).column_valued("text")
    once = (
        sa.select(given.label("text"), sa.func.search_words_of(given).label("words"))
        .cte("once")
        .prefix_with("MATERIALIZED")
    )
    rows = session.execute(
        sa.select(once.c.text, *(_matcher(word.query)(once.c.words) for word in words))
    )
    return {
        text: [word.used for word, has_it in zip(words, flags, strict=True) if has_it]
        for text, *flags in rows
    }


def _of_video(name: str, text: Any) -> Any:
    return sa.select(col(Clip.id), sa.literal(name), text).join(
        SourceVideo, col(SourceVideo.id) == col(Clip.source_video_id)
    )
