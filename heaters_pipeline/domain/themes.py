"""Themes: clips of the library that are like one another. How many there are, when they are due,
which of them was there before, and what they are called."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from heaters_pipeline.domain.errors import InputError

LEAST_CLIPS = 8
"""With fewer, one look at the library shows them all."""

MOST_THEMES = 32
"""Side by side: what one page shows."""

LARGEST_WHOLE = 48
"""A theme of more clips has parts."""

LEAST_CHANGE = 20
CHANGE = 0.2
"""The share of clips that came or went after which the themes are made anew."""

NEIGHBOURS = 5
"""Of a clip: their mean distance is its novelty."""

LONGEST_NAME = 60


def how_many(clips: int) -> int:
    """Themes of so many clips, by the rule of thumb √(n/2)."""
    if clips < LEAST_CLIPS:
        return 0
    return min(MOST_THEMES, max(2, round(math.sqrt(clips / 2))))


class Standing(NamedTuple):
    """How the library stands to the themes that were made last."""

    clips: int
    """In the library."""
    with_vector: int
    """Of them, those with a vector by the model that is set."""
    counted: int
    """Clips that the themes were made of; 0 where there are none yet."""
    kept: int
    """Of those, the ones that are still in the library as they were."""
    of_model: bool
    """Whether the themes were made of vectors by the model that is set."""

    @property
    def is_due(self) -> bool:
        """Vectors by another model wait until they are of most clips: themes of the few that have
        one by then would say little."""
        if self.with_vector < LEAST_CLIPS:
            return False
        if not self.counted:
            return True
        if not self.of_model:
            return 2 * self.with_vector >= self.clips
        came, gone = self.with_vector - self.kept, self.counted - self.kept
        return came + gone >= max(LEAST_CHANGE, CHANGE * self.counted)

    def why_none(self, model: str) -> str:
        """Why there are no themes by `model`, and what to do."""
        if not self.clips:
            return "The library is empty: approved clips arrive in it once they are embedded."
        if not self.with_vector:
            return (
                f"No clip of the library has a vector by {model} yet: `heaters up` makes them, and "
                "`heaters doctor` says what it lacks."
            )
        if self.with_vector < LEAST_CLIPS:
            few = "1 clip has" if self.with_vector == 1 else f"{self.with_vector} clips have"
            return f"{few} a vector by {model}: themes are made of {LEAST_CLIPS} or more."
        return (
            f"{self.with_vector} clips have a vector by {model}, and the themes are being made: "
            "`heaters up` does so by itself, `heaters themes --anew` at once."
        )


def matched(before: Mapping[int, int], now: Sequence[Iterable[int]]) -> list[int | None]:
    """For each of the groups of clips that there are `now`, the theme of `before` (by clip) that it
    continues: one of whose clips it has more than half of those that are left. Each theme goes on
    once at most, as no two groups have more than half of it."""
    shared = [Counter(before[clip] for clip in clips if clip in before) for clips in now]
    left: Counter[int] = sum(shared, Counter())
    return [_continued(common, left) for common in shared]


def _continued(shared: Counter[int], left: Counter[int]) -> int | None:
    most = [(clips, -theme) for theme, clips in shared.items() if 2 * clips > left[theme]]
    return -max(most)[1] if most else None


class Term(NamedTuple):
    text: str
    is_label: bool


WORD = re.compile(r"[^\W_]{3,}")
LABEL_WEIGHT = 2.0
"""People chose a label with care; the words of a title say as much of every clip of its film."""

MOST_TERMS = 2
LEAST_SHARE = 0.25
LEAST_LIFT = 1.5
"""How much more often a term must be in a theme than among all."""

COMMON_WORDS = frozenset(
    """
    and are but clip film for from has have her his into its not off our out over part she that the
    their them then there they this video was were with you your
    """.split()  # noqa: SIM905
)


def terms(labels: Iterable[str], *texts: str | None) -> set[Term]:
    """The labels, and the words of the texts, of one clip."""
    words = (word for text in texts if text for word in WORD.findall(text.casefold()))
    return {Term(label, True) for label in labels} | {
        Term(word, False) for word in words if word not in COMMON_WORDS and not word.isdigit()
    }


class Words(NamedTuple):
    clips: int
    having: Counter[Term]
    """How many of the clips have each term."""


def names(groups: Sequence[Words], taken: Iterable[str] = ()) -> list[str | None]:
    """What each of the groups that stand side by side is called by the terms that tell it from the
    others; None where nothing does. No two are called the same, nor as one of `taken`."""
    used = {name.casefold() for name in taken}
    total, everywhere = sum(each.clips for each in groups), Counter[Term]()
    for each in groups:
        everywhere.update(each.having)
    found: list[str | None] = []
    for each in groups:
        told = _each_once(term.text for term in _telling(each, everywhere, total))
        name = _name(told, used)
        found.append(name)
        if name:
            used.add(name.casefold())
    return found


def _telling(group: Words, everywhere: Counter[Term], total: int) -> list[Term]:
    """The terms of a group that tell most, first: the share of clips that have the term, times the
    logarithm of how much more that is than among all (as tf-idf weighs words of a document)."""
    weights: dict[Term, float] = {}
    for term, having in group.having.items():
        share, usual = having / group.clips, everywhere[term] / total
        if having > 1 and share >= LEAST_SHARE and share >= LEAST_LIFT * usual:
            weights[term] = share * math.log(share / usual) * (LABEL_WEIGHT if term.is_label else 1)
    return sorted(weights, key=lambda term: (-weights[term], term))


def _each_once(texts: Iterable[str]) -> list[str]:
    """A word of a title that is a label, too, only as what came first."""
    first: dict[str, str] = {}
    for text in texts:
        first.setdefault(text.casefold(), text)
    return list(first.values())


def _name(told: Sequence[str], used: set[str]) -> str | None:
    """The first terms; where another group is called that, with one more, or with a number."""
    if not told:
        return None
    shorter = _written(told[:MOST_TERMS])
    longer = _written(told[: MOST_TERMS + 1])
    numbered = (f"{shorter} ({number})" for number in range(2, len(used) + 3))
    return next(name for name in (shorter, longer, *numbered) if name.casefold() not in used)


def _written(told: Sequence[str]) -> str:
    text = ", ".join(told)[: LONGEST_NAME - len(" (32)")]
    return text[0].upper() + text[1:]


def called(theme_id: int, name: str | None) -> str:
    return name or f"Theme {theme_id}"


def given_name(text: str) -> str | None:
    """A name as somebody typed it, tidied; None for none. Raises InputError for one that is too
    long."""
    tidied = " ".join(text.split()) or None
    if tidied is not None and (len(tidied) > LONGEST_NAME or not tidied.isprintable()):
        raise InputError(f"The name of a theme has {LONGEST_NAME} characters at most.")
    return tidied
