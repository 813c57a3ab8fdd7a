"""Where a page may have files copied to: a folder of the server that operators were given, or a
bucket. What Heaters keeps or takes in lies nowhere there."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from heaters_pipeline.domain.errors import InputError
from heaters_pipeline.files.inside import folder_of
from heaters_pipeline.storage.destinations import is_zip

LONGEST = 200


@dataclass(frozen=True)
class HandoverPlaces:
    folders: Sequence[Path] | None
    """Below which files may be copied; None: anywhere."""
    own: Sequence[str]
    """Folders, and addresses of buckets, that are Heaters' own, or that it takes videos from."""

    def accept(self, to: str, *, look: bool = True) -> str:
        """The one spelling of a place. Raises InputError for one that is not to have files. `look`:
        at the disks of this machine, where the copy is made; links are followed then, and a place
        that is of no use there is refused, too."""
        _refuse_odd(to)
        place = self._address(to) if "://" in to else self._folder(to, look)
        _refuse_odd(place)
        return place

    def _address(self, to: str) -> str:
        parts = _split(to)
        if parts is None or parts.scheme != "s3" or not parts.netloc:
            raise InputError(f"{to} is neither a folder of the server nor s3://bucket/prefix.")
        if parts.query or parts.fragment or {".", ".."} & set(parts.path.split("/")):
            raise InputError(f"{to} can't be a place: write s3://bucket/prefix without ?, # and ..")
        place = _plain(to)
        if any(f"{place}/".startswith(f"{_plain(each)}/") for each in self.own if "://" in each):
            raise InputError(
                f"{to} is where Heaters keeps its own files or takes videos from: name another "
                "prefix."
            )
        return place

    def _folder(self, to: str, look: bool) -> str:
        if not to.startswith("/"):
            raise InputError(f"{to} is no whole path: begin it with /.")
        path = Path(os.path.realpath(to) if look else os.path.normpath(f"/{to.lstrip('/')}"))
        within = Path("/")
        if self.folders is not None:
            found = folder_of(path, self.folders)
            if found is None or folder_of(found, [path]) is not None:
                raise InputError(f"{to} is no folder that a page may copy to: {self._known}.")
            within = found
        if folder_of(path, self._own_folders) is not None:
            raise InputError(
                f"{to} is where Heaters keeps its own files or takes videos from: name another "
                "folder."
            )
        if look:
            _refuse_useless(path, within)
        return str(path)

    @property
    def _own_folders(self) -> list[Path]:
        addresses = [urlsplit(each) for each in self.own if "://" in each]
        return [
            *(Path(each) for each in self.own if "://" not in each),
            *(Path(unquote(each.path)) for each in addresses if each.scheme == "file"),
        ]

    @property
    def _known(self) -> str:
        if not self.folders:
            return "an admin can name some in HEATERS_SOURCE_FOLDERS"
        return f"name one below {', '.join(map(str, self.folders))}"


def _refuse_odd(to: str) -> None:
    if not to or len(to) > LONGEST or not to.isprintable():
        raise InputError(
            f"Say where to, in 1 to {LONGEST} characters: a folder of the server, or "
            "s3://bucket/prefix."
        )


def _split(address: str) -> SplitResult | None:
    """None for what is no address."""
    try:
        return urlsplit(address)
    except ValueError:
        return None


def _plain(address: str) -> str:
    """The address of a bucket's prefix without what makes no difference."""
    parts = urlsplit(address)
    return "/".join([f"{parts.scheme}://{parts.netloc}", *filter(None, parts.path.split("/"))])


def _refuse_useless(path: Path, within: Path) -> None:
    """Raises InputError where nothing can be written at `path`, which lies `within` a folder that
    nobody but an admin makes."""
    if not within.is_dir():
        raise InputError(f"The folder {within} is not there: mount it, or make it.")
    if is_zip(str(path)):
        if path.is_dir():
            raise InputError(f"{path} is a folder: name a file.")
        path = path.parent
    elif path.exists() and not path.is_dir():
        raise InputError(f"{path} is a file: name a folder.")
    there = next(each for each in (path, *path.parents) if each.exists())
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        raise InputError(f"Heaters may not write in {there}: change its owner or its mode.")
