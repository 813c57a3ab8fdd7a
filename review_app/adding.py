"""Adding source videos by their addresses, or by paths on the server."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from heaters_pipeline.domain.clip_pipeline import ClipPipeline
from heaters_pipeline.domain.errors import InputError
from heaters_pipeline.domain.redaction import without_login
from heaters_pipeline.work.register import add_source, references_in
from review_app.server_paths import refuse_outside
from review_app.services import services, transaction

AT_ONCE = 100
"""References added in one transaction: the pipeline begins with them while more are added."""


class Added(NamedTuple):
    key: str
    title: str
    news: str
    """What happened, in a word or two."""


class Bad(NamedTuple):
    """A line that could not be added, and why."""

    line: str
    sentence: str

    @property
    def shown(self) -> str:
        return without_login(self.line)


def add(
    lines: Sequence[str],
    title: str | None,
    *,
    needs_splicing: bool,
    pipeline: ClipPipeline | None,
) -> tuple[list[Added], list[Bad]]:
    """`title` is for one line alone. Without a `pipeline` it is that of the settings."""
    pipeline = pipeline or services().settings.pipeline
    added: list[Added] = []
    bad: list[Bad] = []
    references = _references(lines, bad)
    while some := list(islice(references, AT_ONCE)):
        with transaction() as session:
            for reference in some:
                try:
                    refuse_outside(reference)
                    video, news = add_source(
                        session,
                        reference,
                        title=title if len(lines) == 1 and title else None,
                        needs_splicing=needs_splicing,
                        pipeline=pipeline,
                    )
                except InputError as error:
                    bad.append(Bad(reference, str(error)))
                else:
                    added.append(Added(video.key, video.title, news))
    return added, bad


def _references(lines: Sequence[str], bad: list[Bad]) -> Iterator[str]:
    """The lines; a folder is replaced by the videos in it, and goes to `bad` where it has none or
    can't be read."""
    for line in lines:
        try:
            refuse_outside(line)
            yield from references_in(line)
        except InputError as error:
            bad.append(Bad(line, str(error)))
