"""From what a person names (an address or a file) to a source video's row."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from pathlib import Path

from sqlmodel import Session

from heaters_pipeline.db import source_videos
from heaters_pipeline.db.models import Origin, SourceVideo
from heaters_pipeline.domain.errors import Conflict, InputError
from heaters_pipeline.domain.keys import mint_key, text_digest, url_name
from heaters_pipeline.domain.states import SourceState


def add_source(
    session: Session, reference: str, *, title: str | None = None, needs_splicing: bool = True
) -> tuple[SourceVideo, str]:
    """The row of the video that `reference` names, and what that means in words: it is new, known
    already, or had failed or been left half-way and is tried again.

    An address is known by its text, a file by its bytes, so the same file under another name is
    the same video. A file that does not exist gets a row, too: its download fails with a sentence
    that everybody sees, instead of the reference being lost. Raises InputError for a path that no
    file can have and for a file that can't be read.
    """
    if "://" in reference:
        digest, sha256, origin, name = text_digest(reference), None, Origin.WEB, url_name(reference)
    else:
        try:
            path = Path(reference).expanduser().absolute()
            sha256 = file_digest(path) if path.is_file() else None
            digest = sha256 or text_digest(str(path))
        except (OSError, UnicodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            shown = reference.encode(errors="replace").decode()
            raise InputError(f"The file {shown} can't be read: {reason}.") from None
        reference, origin, name = str(path), Origin.UPLOAD, path.stem
    video, new = source_videos.register(
        session,
        key=mint_key(name, digest),
        title=title or name,
        url=reference,
        origin=origin,
        needs_splicing=needs_splicing,
        source_sha256=sha256,
    )
    if new:
        return video, "added"
    if video.state not in (SourceState.NEW, SourceState.READY):
        with suppress(Conflict, InputError):
            return source_videos.retry(session, video.key), "tried again"
    return video, f"known already, {video.state.replace('_', ' ')}"


def file_digest(path: Path) -> str:
    """The file's SHA-256, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
