"""The tables of states as diagrams in Mermaid, and the page of the docs that shows them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from heaters_pipeline.domain.states import (
    CLIP_TRANSITIONS,
    REVIEWED,
    SOURCE_TRANSITIONS,
    ClipState,
    SourceState,
)

Table = Mapping[Any, Collection[StrEnum]]
"""The states that each state leads to."""


@dataclass(frozen=True)
class Diagram:
    table: Table
    beginnings: Sequence[StrEnum]
    everywhere: Sequence[StrEnum] = ()
    """States that nearly all others lead to: told in words, as arrows would hide the rest."""
    together: Collection[StrEnum] = ()
    """States that are drawn in one box. Arrows that lead to all of `recalled` end at it."""
    recalled: Collection[StrEnum] = ()
    box: str = ""

    def __str__(self) -> str:
        return "\n".join(["```mermaid", "stateDiagram-v2", *self._lines(), "```"])

    def _lines(self) -> Iterator[str]:
        for beginning in self.beginnings:
            yield f"    [*] --> {beginning}"
        if self.together:
            yield f"    state {self.box} {{"
            for state in self.table:
                if state in self.together:
                    inner = [each for each in self._targets(state) if each in self.together]
                    yield from (f"        {state} --> {each}" for each in inner)
            yield "    }"
        for state in self.table:
            targets = self._targets(state)
            if self.recalled and state not in self.together and {*self.recalled} <= {*targets}:
                yield f"    {state} --> {self.box}"
                targets = [each for each in targets if each not in self.recalled]
            for each in targets:
                if not {state, each} <= {*self.together}:
                    yield f"    {state} --> {each}"

    def _targets(self, state: StrEnum) -> list[StrEnum]:
        """In the order of the table, which has a row for each state."""
        following = self.table[state]
        left_out = {state, *self.everywhere}
        return [each for each in self.table if each in following and each not in left_out]

    def told(self) -> list[str]:
        """The arrows that are not drawn, in sentences."""
        sentences = []
        for target in self.everywhere:
            without = [
                f"`{state}`"
                for state, following in self.table.items()
                if target not in following and state != target
            ]
            but = f", except {', '.join(without)}" if without else ""
            sentences.append(f"Every state leads to `{target}`{but}.")
        return sentences


SOURCES = Diagram(
    SOURCE_TRANSITIONS,
    beginnings=[SourceState.NEW],
    everywhere=[SourceState.NEW, SourceState.REMOVED],
)

CLIPS = Diagram(
    CLIP_TRANSITIONS,
    beginnings=[ClipState.PENDING_REVIEW, ClipState.SPLICING],
    together=REVIEWED | {ClipState.PENDING_REVIEW},
    recalled={ClipState.PENDING_REVIEW, ClipState.REVIEW_SKIPPED, ClipState.REVIEW_ARCHIVED},
    box="review",
)


def page() -> str:
    """`docs/states.md`."""
    return "\n\n".join(
        [
            "# States",
            "`make states` draws this page from the tables in `heaters_pipeline/domain/states.py`, "
            "which every\nwrite obeys. A test fails where the page is another.",
            "## Source videos",
            str(SOURCES),
            *SOURCES.told(),
            "A video with the pipeline `virtual` ends as `ready`, one with `physical` as "
            "`spliced`.",
            "## Clips",
            str(CLIPS),
            "An arrow that ends at the box `review` leads to `pending_review`, `review_skipped` "
            "and\n`review_archived`: whoever takes an approval back says what the clip is "
            "instead. A clip that is\n`spliced` is of a physical video: once it has its sprite "
            "sheet it is reviewed as all others are.",
            "Where the source and the gold master of a video were [deleted](export.md#archive), "
            "its clips take no\narrow by which they would lose files: one that has some stays "
            "`review_archived` until that is undone.\n",
        ]
    )
