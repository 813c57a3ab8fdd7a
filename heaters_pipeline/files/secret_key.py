"""The key that signs session cookies: made once, kept in the home."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

FILE_NAME = "secret_key"


def secret_key(home: Path) -> bytes:
    """The key in `home`, made if there is none. Only its owner can read the file."""
    path = home / FILE_NAME
    if not path.exists():
        # Whole or absent, and the first of two processes wins: a link fails where a file is.
        made = path.with_name(f"{FILE_NAME}.{secrets.token_hex(4)}")
        made.touch(mode=0o600)
        made.write_bytes(secrets.token_bytes(32))
        try:
            os.link(made, path)
        except FileExistsError:
            pass
        finally:
            made.unlink()
    return path.read_bytes()
