"""The search process, as those see it who ask it for vectors (`platform.search_process`)."""

from __future__ import annotations

import http.client
import json
import socket
from base64 import b64decode
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from heaters_pipeline.domain.errors import HeatersError, InputError
from heaters_pipeline.files.sockets import encoder_socket

WORDS_SECONDS = 3.0
PICTURE_SECONDS = 20.0


class NoEncoder(HeatersError):
    """Why nothing can be made a vector now, as the part of a sentence."""


@dataclass(frozen=True)
class Encoded:
    model: str
    vector: list[float]
    thumbnail: bytes = b""
    """JPEG; of pictures."""


@dataclass(frozen=True)
class EncoderClient:
    """Raises NoEncoder where there is no answer, and InputError where the request is wrong."""

    home: Path

    def words(self, text: str, model: str | None = None) -> Encoded:
        return _encoded(self._post("/words", text.encode(), model, WORDS_SECONDS))

    def picture(self, content: bytes, model: str | None = None) -> Encoded:
        return _encoded(self._post("/picture", content, model, PICTURE_SECONDS))

    def _post(self, path: str, body: bytes, model: str | None, seconds: float) -> Any:
        query = f"?{urlencode({'model': model})}" if model else ""
        connection = _UnixConnection(encoder_socket(self.home), seconds)
        try:
            connection.request("POST", path + query, body)
            answer = connection.getresponse()
            found = json.loads(answer.read())
        except (FileNotFoundError, ConnectionRefusedError):
            raise NoEncoder("the search process does not run: `heaters up` starts it") from None
        except (OSError, http.client.HTTPException, ValueError):
            raise NoEncoder("the search process does not answer: its log may say why") from None
        finally:
            connection.close()
        if answer.status == http.HTTPStatus.BAD_REQUEST:
            raise InputError(found["error"])
        if answer.status != http.HTTPStatus.OK:
            raise NoEncoder(found["error"])
        return found


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path, seconds: float) -> None:
        super().__init__("localhost", timeout=seconds)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def _encoded(found: Any) -> Encoded:
    return Encoded(found["model"], found["vector"], b64decode(found.get("thumbnail", "")))
