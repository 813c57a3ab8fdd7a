"""The search process: keeps models warm, and makes vectors of words and of pictures.

`python -m heaters_pipeline.platform.search_process` serves HTTP on a Unix socket in the home, which
nobody else can open:

    POST /words?model=NAME      a text                 {"model", "vector"}
    POST /picture?model=NAME    the bytes of a picture {"model", "vector", "thumbnail"}

Without a name it is the configured model. What can't be done is `{"error"}`, one sentence, with 400
where the request is wrong and 503 where the model can't be had, yet or at all.
"""

from __future__ import annotations

import json
import logging
import os
import socketserver
import threading
from base64 import b64encode
from collections import OrderedDict
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
from numpy.typing import NDArray

from heaters_pipeline.domain.errors import HeatersError, InputError
from heaters_pipeline.domain.searching import MOST_PICTURE_BYTES
from heaters_pipeline.files import logs
from heaters_pipeline.files.sockets import encoder_socket, make_private
from heaters_pipeline.media.clips import given_pictures
from heaters_pipeline.media.clips.embeddings import Embedder, ModelMissing, open_embedder
from heaters_pipeline.settings import get_settings

MOST_MODELS = 2
"""That are kept warm."""

MOST_TEXTS = 1000
"""Whose vectors are remembered: who types or turns pages asks again for the same."""

LOADING_SECONDS = 0.5
"""How long a request waits for a model that is being loaded."""

log = logging.getLogger("heaters.search")


class Unavailable(HeatersError):
    """The model can't be had, yet or at all."""


class Models:
    """Embedders by name. Each is loaded by a thread of its own, once; one that could not be loaded
    is tried again when it is asked for."""

    def __init__(self, open_model: Callable[[str], Embedder]) -> None:
        self._open = open_model
        self._loaded: OrderedDict[str, Embedder] = OrderedDict()
        self._failures: dict[str, str] = {}
        self._loading: dict[str, threading.Thread] = {}
        self._lock = threading.Lock()

    def get(self, name: str) -> Embedder:
        """Raises Unavailable."""
        thread = self.load(name)
        if thread is not None:
            thread.join(LOADING_SECONDS)
        with self._lock:
            if name in self._loaded:
                self._loaded.move_to_end(name)
                return self._loaded[name]
            if name in self._loading:
                raise Unavailable(f"the model {name} is still being loaded")
            raise Unavailable(self._failures.get(name, f"the model {name} can't be loaded"))

    def load(self, name: str) -> threading.Thread | None:
        """Begins to load it, unless it is there or on its way."""
        with self._lock:
            if name in self._loaded:
                return None
            if name not in self._loading:
                thread = threading.Thread(target=self._load, args=(name,), daemon=True)
                self._loading[name] = thread
                thread.start()
            return self._loading[name]

    def _load(self, name: str) -> None:
        opened: Embedder | None = None
        failure = ""
        try:
            opened = self._open(name)
        except ModelMissing as error:
            failure = f"the model {name} can't be had ({error.reason})"
            log.warning("%s", error)
        except Exception as error:  # whatever a model's own code raises
            failure = f"the model {name} can't be loaded ({type(error).__name__})"
            log.exception("The model %s can't be loaded.", name)
        with self._lock:
            self._loading.pop(name)
            if opened is None:
                self._failures[name] = failure
                return
            self._failures.pop(name, None)
            self._loaded[name] = opened
            while len(self._loaded) > MOST_MODELS:
                self._loaded.popitem(last=False)


class Encoder:
    """Vectors of words and pictures, one at a time: a model uses all cores."""

    def __init__(self, models: Models, configured: str) -> None:
        self._models = models
        self._configured = configured
        self._texts: OrderedDict[tuple[str, str], list[float]] = OrderedDict()
        self._lock = threading.Lock()

    def words(self, name: str | None, text: str) -> dict[str, Any]:
        model = name or self._configured
        opened = self._models.get(model)
        if not opened.reads_words:
            raise Unavailable(
                f"the model {model} knows no words, so set HEATERS_EMBEDDING_MODEL to one that does"
            )
        with self._lock:
            vector = self._texts.get((model, text))
            if vector is None:
                vector = _first(opened.encode_text([text]))
                self._texts[model, text] = vector
                if len(self._texts) > MOST_TEXTS:
                    self._texts.popitem(last=False)
        return {"model": model, "vector": vector}

    def picture(self, name: str | None, content: bytes) -> dict[str, Any]:
        model = name or self._configured
        opened = self._models.get(model)
        image = given_pictures.read_picture(content)
        with self._lock:
            vector = _first(opened.encode_images([image]))
        small = b64encode(given_pictures.thumbnail(image)).decode()
        return {"model": model, "vector": vector, "thumbnail": small}


def _first(vectors: NDArray[np.float32]) -> list[float]:
    return [float(each) for each in vectors[0]]


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True

    def __init__(self, path: Path, encoder: Encoder) -> None:
        self.encoder = encoder
        super().__init__(str(path), Handler)


class Handler(BaseHTTPRequestHandler):
    server: Server
    timeout = 30

    def do_POST(self) -> None:
        asked = urlsplit(self.path)
        model = next(iter(parse_qs(asked.query).get("model", [])), None)
        try:
            content = self._body()
            if asked.path == "/words":
                answer = self.server.encoder.words(model, content.decode())
            elif asked.path == "/picture":
                answer = self.server.encoder.picture(model, content)
            else:
                raise InputError("There is no such address.")
        except (InputError, UnicodeDecodeError) as error:
            self._send(400, {"error": str(error)})
        except Unavailable as error:
            self._send(503, {"error": str(error)})
        except Exception as error:
            log.exception("A request failed.")
            self._send(503, {"error": f"the model failed ({type(error).__name__})"})
        else:
            self._send(200, answer)

    def _body(self) -> bytes:
        length = int(self.headers.get("Content-Length", 0))
        if length > MOST_PICTURE_BYTES:
            raise InputError(
                f"The picture is larger than {MOST_PICTURE_BYTES >> 20} MB: send a smaller one."
            )
        return self.rfile.read(length)

    def _send(self, status: int, answer: dict[str, Any]) -> None:
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: what people look for is nobody's business."""


def serve(
    home: Path, configured: str, open_model: Callable[[str], Embedder] = open_embedder
) -> None:
    """Until the process ends. Loads `configured` at once."""
    path = encoder_socket(home)
    path.parent.parent.mkdir(parents=True, exist_ok=True)
    make_private(path.parent, os.geteuid(), os.getegid())
    path.unlink(missing_ok=True)
    models = Models(open_model)
    with Server(path, Encoder(models, configured)) as server:
        models.load(configured)
        server.serve_forever()


if __name__ == "__main__":
    settings = get_settings()
    logs.begin(settings.log_format)
    given_pictures.bound_decoder()
    serve(settings.home, settings.embedding_model)
