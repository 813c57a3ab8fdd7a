"""A timeline as the files of any format, told apart by the suffix."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

from heaters_pipeline.domain.errors import InputError
from heaters_pipeline.domain.timeline import Take
from heaters_pipeline.editors.edl import write_edls
from heaters_pipeline.editors.fcpxml import write_fcpxml
from heaters_pipeline.editors.otio import write_otio


def timeline_files(name: str, title: str, takes: Sequence[Take]) -> dict[str, str]:
    """Texts by file name. `name` is that of the file; where takes of several rates need several
    EDLs, the rate comes before its suffix. Raises InputError for a suffix that no format has."""
    path = PurePath(name)
    match path.suffix.lower():
        case ".edl":
            edls = write_edls(title, takes)
            if len(edls) == 1:
                return {name: edls[0].text}
            return {f"{path.stem}-{edl.rate}{path.suffix}": edl.text for edl in edls}
        case ".otio":
            return {name: write_otio(title, takes)}
        case ".fcpxml":
            return {name: write_fcpxml(title, takes)}
    raise InputError(f"{name} is no timeline that is known: write an .edl, .otio or .fcpxml.")
