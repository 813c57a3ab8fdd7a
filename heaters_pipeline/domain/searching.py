"""What somebody looks for, as the address of the search says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields

from heaters_pipeline.domain.errors import InputError

LONGEST_WORDS = 200
LARGEST_ID = 2**63 - 1

MOST_PICTURE_BYTES = 32 << 20
"""Of the file of a picture that somebody looks for."""


@dataclass(frozen=True)
class Search:
    """Whatever is named is looked for, and the rankings are fused. Which clips may be found at all
    is a matter of the selection."""

    words: str | None = None
    """In texts, and in pictures by a model that knows words."""
    like: int | None = None
    """The id of a clip: clips that look like it."""
    frame: int | None = None
    """With `like`: clips that look like this keyframe of it."""
    picture: str | None = None
    """The digest of a picture that was sent: clips that look like it."""
    model: str | None = None
    """Whose vectors are compared; None: the configured model's."""

    @classmethod
    def parse(cls, arguments: Mapping[str, str]) -> Search:
        """From an address's arguments; others are ignored. Raises InputError for a value that makes
        no sense."""
        given = {name: value.strip() for name, value in arguments.items() if value.strip()}
        if "words" in given:  # a space after the last word says that it is whole
            given["words"] = arguments["words"].lstrip()
        if any("\0" in given.get(field.name, "") for field in fields(cls)):
            raise InputError("A null character can't be part of a search.")
        if len(given.get("words", "")) > LONGEST_WORDS:
            raise InputError(f"The words to search for are longer than {LONGEST_WORDS} characters.")
        if not re.fullmatch("[0-9a-f]{64}|", given.get("picture", "")):
            raise InputError("Picture must be the digest of a picture that was sent.")
        return cls(
            words=given.get("words"),
            like=_whole(given, "like", "Like", 1),
            frame=_whole(given, "frame", "Frame", 0),
            picture=given.get("picture"),
            model=given.get("model"),
        )

    def arguments(self) -> dict[str, str]:
        """The arguments that `parse` turns into this search."""
        named = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: str(value) for name, value in named.items() if value is not None}

    @property
    def asks(self) -> bool:
        """Whether anything is looked for."""
        return self.words is not None or self.like is not None or self.picture is not None


def _whole(given: Mapping[str, str], name: str, title: str, least: int) -> int | None:
    value = given.get(name)
    if value is None:
        return None
    if not re.fullmatch("[0-9]{1,19}", value) or not least <= int(value) <= LARGEST_ID:
        raise InputError(f"{title} is {value!r}; it must be a whole number, {least} or more.")
    return int(value)
