"""Names of files that leave the house: from a template, safe on every file system."""

from __future__ import annotations

import re
import string
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from heaters_pipeline.domain.errors import InputError
from heaters_pipeline.domain.timecode import Counting

DEFAULT_NAME = "{title}_{start_tc}_{clip}"

FIELDS = ("title", "key", "clip", "profile", "label", "start_tc", "end_tc", "start", "end")

LONGEST = 120
"""Bytes of a name without its suffix. File systems take 255, ZIP programs and paths fewer."""

_UNSAFE = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]')
_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?")
"""Names that Windows keeps for devices."""


@dataclass(frozen=True)
class Named:
    """A clip's file, for the fields of a template."""

    title: str
    key: str
    clip: int
    profile: str
    labels: tuple[str, ...]
    start_frame: int
    end_frame: int
    rate: Fraction

    def values(self) -> dict[str, str]:
        return {
            "title": self.title,
            "key": self.key,
            "clip": str(self.clip),
            "profile": self.profile,
            "label": next(iter(self.labels), ""),
            "start_tc": timecode(self.start_frame, self.rate),
            "end_tc": timecode(self.end_frame, self.rate),
            "start": str(self.start_frame),
            "end": str(self.end_frame),
        }


def check_template(template: str) -> None:
    """Raises InputError where it names a field that there is not, or nothing of the clip."""
    try:
        parts = list(string.Formatter().parse(template))
    except ValueError as error:
        raise InputError(f"The name {template!r} can't be read: {error}.") from error
    named = [field for _, field, _, _ in parts if field is not None]
    if any(spec or conversion for _, _, spec, conversion in parts):
        raise InputError(f"The name {template!r} may have fields in braces, and no formats.")
    if strange := [field for field in named if field not in FIELDS]:
        raise InputError(
            f"The name has no field {{{strange[0]}}}; it may have "
            f"{', '.join(f'{{{field}}}' for field in FIELDS)}."
        )
    if not named:
        raise InputError("The name needs a field such as {clip}: all files would be called alike.")


def timecode(frame: int, rate: Fraction) -> str:
    """`HH-MM-SS-FF` of a frame counted at the nominal rate (non-drop); colons are no part of file
    names."""
    return Counting.of(rate).label(frame).replace(":", "-")


def file_names(files: Iterable[tuple[str, Named, str]]) -> list[str]:
    """A name for each (template, clip, suffix without its dot), no two alike even where a file
    system takes capitals for small letters. The same files in the same order get the same names."""
    taken: set[str] = set()
    names: list[str] = []
    for template, named, suffix in files:
        stem = safe(_filled(template, named.values()))
        name, number = f"{stem}.{suffix}", 1
        while name.casefold() in taken:
            number += 1
            name = f"{stem}_{number}.{suffix}"
        taken.add(name.casefold())
        names.append(name)
    return names


def _filled(template: str, values: dict[str, str]) -> str:
    """A title that is too long gives way to what tells its clips apart."""
    values["title"] = unicodedata.normalize("NFC", values["title"])
    room = LONGEST - len(template.format_map({**values, "title": ""}).encode())
    each = max(0, room) // max(1, template.count("{title}"))
    return template.format_map({**values, "title": _cut(values["title"], each).rstrip()})


def _cut(text: str, length: int) -> str:
    """As many whole characters as fit into `length` bytes."""
    return text.encode()[:length].decode(errors="ignore")


def safe(text: str) -> str:
    """`text` as a file name: composed letters, no character that a file system refuses, no device
    of Windows, no dot or blank at its ends, not too long."""
    plain = _UNSAFE.sub("-", unicodedata.normalize("NFC", text))
    plain = "".join(each if each.isprintable() else " " for each in plain)
    plain = " ".join(plain.split()).strip(" .")
    plain = _cut(plain, LONGEST).strip(" .")
    if not plain or _RESERVED.fullmatch(plain):
        return f"_{plain}"
    return plain
