"""Export profiles as the page shows them, and the form in which one is changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sqlmodel import Session

from heaters_pipeline.db import profiles
from heaters_pipeline.db.models import ExportProfile
from heaters_pipeline.db.profiles import NOTHING, Lack, Measured, Use
from heaters_pipeline.domain import profile_texts
from heaters_pipeline.domain.file_names import FIELDS as NAME_FIELDS
from heaters_pipeline.domain.profiles import (
    AudioCodec,
    Codec,
    Container,
    Fit,
    Groups,
    Picture,
)


class Input(NamedTuple):
    """A field of the form: a choice where there are options."""

    name: str
    label: str
    options: Sequence[str] = ()
    hint: str = ""


INPUTS = (
    Input("codec", "Codec", tuple(Codec)),
    Input("container", "Container", tuple(Container)),
    Input("quality", "Quality", hint="CRF; ProRes 0 to 5"),
    Input("picture", "Picture", tuple(Picture)),
    Input("crop", "Crop to shape", hint="9:16"),
    Input("width", "Width", hint="as it is"),
    Input("height", "Height", hint="as it is"),
    Input("fit", "Fit", tuple(Fit)),
    Input("rate", "Frames per second", hint="as it is"),
    Input("seconds", "Length in seconds", hint="as it is"),
    Input("audio", "Audio tracks", hint="all, none, or 1,2"),
    Input("audio_codec", "Audio codec", tuple(AudioCodec)),
    Input("trimmed", "Without transitions", ("no", "yes")),
    Input("groups", "A group becomes", tuple(Groups)),
    Input("name", "File name", hint=" ".join(f"{{{field}}}" for field in NAME_FIELDS)),
)


class Row(NamedTuple):
    profile: ExportProfile
    words: Sequence[str]
    uses: Sequence[Use]
    measured: Measured | None
    lack: Lack
    failed: int
    """Files."""
    texts: Mapping[str, str]


def rows(session: Session) -> list[Row]:
    """Those in use first."""
    uses, measured = profiles.uses(session), profiles.measured(session)
    lacks, failed = profiles.lacks(session), profiles.failed(session)
    found = [
        Row(
            each,
            profile_texts.in_words(each.profile),
            uses.get(each.id, []),
            measured.get(each.name),
            lacks.get(each.name, NOTHING),
            failed.get(each.name, 0),
            profile_texts.texts(each.profile),
        )
        for each in profiles.listed(session)
    ]
    return sorted(found, key=lambda row: (row.profile.retired, not row.uses))
