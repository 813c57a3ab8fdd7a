"""Turns what a person names (an address, a file, a folder) into rows of source videos.

Nothing is downloaded or read here, so that thousands can be queued at once. The download finds out
whether an address is a playlist, and whether two files have the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath

from sqlmodel import Session

from heaters_pipeline.db import deletions, ledger, source_videos
from heaters_pipeline.db.ledger import StoredFacts
from heaters_pipeline.db.models import Origin, SourceVideo
from heaters_pipeline.domain.clip_pipeline import ClipPipeline
from heaters_pipeline.domain.errors import Conflict, InputError
from heaters_pipeline.domain.footage import FILM_SUFFIX
from heaters_pipeline.domain.keys import mint_key, plain_text, plain_url, text_digest, url_name
from heaters_pipeline.domain.states import SETTLED, SourceState
from heaters_pipeline.files import spans
from heaters_pipeline.storage import Stamp


def add_source(
    session: Session,
    reference: str,
    *,
    title: str | None = None,
    needs_splicing: bool = True,
    pipeline: ClipPipeline = ClipPipeline.VIRTUAL,
    sent: str | None = None,
) -> tuple[SourceVideo, str]:
    """The row of the video that `reference` names, and one word or two for what happened: added,
    added again after a removal, tried again after a failure, looked at again if it is a playlist,
    or known already.

    A known address has the same text; a known file has the same path, size and time of change.
    `sent` is the file's storage key where it was put into the storage (`work.sent_files`).
    Raises InputError for a path at which there is nothing, and for a file that can't be read.
    """
    if "\0" in reference:
        raise InputError("An address or a path can't have a null character in it: check it.")
    if "://" in reference:
        video, new = add_address(
            session, reference, title=title, needs_splicing=needs_splicing, pipeline=pipeline
        )
    else:
        path = Path(reference)
        _refuse_unless_there(path)
        video, new = add_file(
            session, path, title=title, needs_splicing=needs_splicing, pipeline=pipeline
        )
        if sent is not None:
            video.source_filepath = sent
            deletions.keep(session, [sent])
            ledger.record(session, video.id, {sent: StoredFacts(path.expanduser().stat().st_size)})
    if new:
        return video, "added"
    if source_videos.is_gone(session, video):
        video.needs_splicing, video.pipeline = needs_splicing, pipeline
        video.title = plain_text(title) if title is not None else video.title
        return source_videos.retry(session, video.key), "added again"
    is_playlist = video.state == SourceState.EXPANDED
    if is_playlist or video.state not in {SourceState.NEW, *SETTLED}:
        with suppress(Conflict, InputError):
            news = "looked at again" if is_playlist else "tried again"
            return source_videos.retry(session, video.key), news
    known = f"known already, {video.state.replace('_', ' ')}"
    return video, known if video.pipeline == pipeline else f"{known}, and stays {video.pipeline}"


def add_address(
    session: Session,
    url: str,
    *,
    title: str | None = None,
    needs_splicing: bool = True,
    pipeline: ClipPipeline = ClipPipeline.VIRTUAL,
    playlist_id: int | None = None,
) -> tuple[SourceVideo, bool]:
    """The row of an address, never of a file, and whether it is new. A known row stays as it is.
    Raises InputError for text that is no address."""
    url = plain_url(url)
    try:
        name = url_name(url)
    except ValueError:  # urllib's for half a bracket
        name = ""
    if "://" not in url or "\0" in url or not name:
        raise InputError(f"{plain_text(url)} is no address: check it.")
    return _register(
        session, name, url, url, Origin.WEB, title, needs_splicing, pipeline, playlist_id
    )


def add_file(
    session: Session,
    path: Path,
    *,
    title: str | None = None,
    needs_splicing: bool = True,
    pipeline: ClipPipeline = ClipPipeline.VIRTUAL,
) -> tuple[SourceVideo, bool]:
    """The row of a file on this machine, and whether it is new. A known row stays as it is."""
    path = _expanded(path)
    identity = _file_identity(path)
    return _register(
        session, path.stem, identity, str(path), Origin.UPLOAD, title, needs_splicing, pipeline
    )


def add_object(
    session: Session, url: str, stamp: Stamp, pipeline: ClipPipeline
) -> tuple[SourceVideo, bool]:
    """The row of a film in somebody's bucket, at an `s3://` address, and whether it is new."""
    name = PurePosixPath(url).stem
    identity = _object_identity(url, stamp)
    return _register(session, name, identity, url, Origin.UPLOAD, None, True, pipeline)


def object_key(url: str, stamp: Stamp) -> str:
    """The key that the video of such an object has or would have."""
    return mint_key(PurePosixPath(url).stem, text_digest(_object_identity(url, stamp)))


def _object_identity(url: str, stamp: Stamp) -> str:
    return f"{url}\n{stamp.bytes}\n{stamp.mark}"


def file_key(path: Path) -> str:
    """The key that the file's video has or would have."""
    return mint_key(path.stem, text_digest(_file_identity(path)))


def _register(
    session: Session,
    name: str,
    identity: str,
    url: str,
    origin: Origin,
    title: str | None,
    needs_splicing: bool,
    pipeline: ClipPipeline,
    playlist_id: int | None = None,
) -> tuple[SourceVideo, bool]:
    video, is_new = source_videos.register(
        session,
        key=mint_key(name, text_digest(identity)),
        title=plain_text(title or name),
        url=url,
        origin=origin,
        needs_splicing=needs_splicing,
        pipeline=pipeline,
        playlist_id=playlist_id,
    )
    if is_new:
        spans.root(video.key, title=video.title)
    return video, is_new


def add_upload(
    session: Session,
    *,
    upload_id: str,
    name: str,
    source_filepath: str,
    size: int,
    title: str | None = None,
    needs_splicing: bool = True,
    pipeline: ClipPipeline = ClipPipeline.VIRTUAL,
) -> SourceVideo:
    """The row of a file of `size` bytes that a browser has sent; the storage has it at
    `source_filepath`, entered with `deletions.expect` before."""
    video, is_new = source_videos.register(
        session,
        key=upload_key(upload_id, name),
        title=plain_text(title or PurePosixPath(name).stem),
        url=name,
        origin=Origin.UPLOAD,
        needs_splicing=needs_splicing,
        pipeline=pipeline,
        source_filepath=source_filepath,
    )
    if is_new:
        spans.root(video.key, title=video.title, bytes=size)
        deletions.keep(session, [source_filepath])
        ledger.record(session, video.id, {source_filepath: StoredFacts(size)})
    return video


def upload_key(upload_id: str, name: str) -> str:
    """The key of the video that an upload becomes; the same for every report of its end."""
    return mint_key(PurePosixPath(name).stem, text_digest(upload_id))


def references_in(reference: str) -> list[str]:
    """`reference` itself or, where it names a folder on this machine, the paths of the videos in
    it. Raises InputError for a folder that has no videos or can't be read."""
    if "://" in reference or "\0" in reference:
        return [reference]
    folder = _expanded(Path(reference))
    try:
        if not folder.is_dir():
            return [reference]
        found = list(videos_in(folder))
    except OSError as error:
        raise InputError(f"The folder {folder} can't be read: {error.strerror}.") from None
    if not found:
        raise InputError(f"The folder {folder} has no videos: check the path.")
    return [str(path) for path in found]


def videos_in(folder: Path, unreadable: list[str] | None = None) -> Iterator[Path]:
    """The files below a folder that have a film's name (one named by itself may have any), in the
    order of their names. Hidden files are left out, as
    programs hide what they are still writing. A folder that can't be read raises OSError, or gets
    into `unreadable` where that is given."""
    try:
        found = sorted(folder.iterdir())
    except OSError:
        if unreadable is None:
            raise
        unreadable.append(str(folder))
        return
    for path in found:
        if path.name.startswith("."):
            continue
        if path.is_dir() and not path.is_symlink():
            yield from videos_in(path, unreadable)
        elif FILM_SUFFIX.fullmatch(path.suffix) and path.is_file():
            yield path


def _expanded(path: Path) -> Path:
    try:
        return path.expanduser().absolute()
    except RuntimeError:  # pathlib's for `~` of nobody
        raise InputError(f"{path} can't be found: this machine has no such user.") from None


def _refuse_unless_there(path: Path) -> None:
    with suppress(OSError, ValueError):  # reading the file will say what is wrong with its path
        if _expanded(path).exists():
            return
        if path.parts[:1] and path.parts[0][0] in "/~":
            raise InputError(f"There is no file {path}: check the path.")
        raise InputError(
            f"{plain_text(str(path))} is neither an address, as in https://example.org/film.mp4, "
            f"nor a file in {Path.cwd()}: check it."
        )


def _file_identity(path: Path) -> str:
    try:
        str(path).encode()
        if not path.is_file():
            return str(path)
        found = path.stat()
        return f"{path}\n{found.st_size}\n{found.st_mtime_ns}"
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "its name is not UTF-8"
        shown = str(path).encode(errors="replace").decode()
        raise InputError(f"The file {shown} can't be read: {reason}.") from None
