"""Words that somebody may have meant."""

from __future__ import annotations

from collections.abc import Iterable


def distance(one: str, other: str) -> int:
    """How many letters to put in, take out, replace or swap with their neighbour make the one the
    other (optimal string alignment: Boytsov, "Indexing methods for approximate dictionary
    searching", 2011)."""
    before: list[int] = []
    last = list(range(len(other) + 1))
    for i, a in enumerate(one, start=1):
        row = [i]
        for j, b in enumerate(other, start=1):
            least = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                least = min(least, before[j - 2] + 1)
            row.append(least)
        before, last = last, row
    return last[-1]


def most_mistakes(word: str) -> int:
    """That are forgiven in a word: as many as search engines forgive (Elasticsearch's fuzziness
    AUTO)."""
    if len(word) < 3:
        return 0
    return 1 if len(word) < 6 else 2


def meant(word: str, known: Iterable[str]) -> list[str]:
    """Those of the known words that `word` may stand for, the nearest first. Those that are as near
    keep their order."""
    most = most_mistakes(word)
    near = [(distance(word, each), each) for each in dict.fromkeys(known)]
    return [each for far, each in sorted(near, key=lambda one: one[0]) if far <= most]
