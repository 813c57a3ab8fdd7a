"""A proxy in front of an S3, which a test tells what goes wrong."""

from __future__ import annotations

import threading
import time
from base64 import b64decode, b64encode
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal
from urllib.parse import parse_qs, urlsplit

Fault = Literal[
    "error 500",
    "error 503",
    "slow down",
    "refused",
    "slow",
    "cut",
    "damaged",
    "wrong checksum",
    "half upload",
]
"""`error 500`, `error 503`: answered without asking the S3. `slow down`: a 503 that says SlowDown.
`refused`: the connection is closed before any answer. `slow`: an answer comes a second late.
`cut`: the connection ends after half of the body, of the request or of the answer. `damaged`: a
byte of an answer is another one, and what is sent is refused, as S3 does where a checksum is wrong.
`wrong checksum`: the one that comes with an answer is another. `half upload`: of an upload in parts
the first one arrives, and nothing that comes after."""

HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length"}

SLOW_SECONDS = 1.0


@dataclass
class FaultyS3:
    url: str
    fault: Fault | None = None
    is_hit: Callable[[str, str], bool] = lambda _method, _path: True
    """Which requests the fault hits, by method and path."""
    requests: Counter[str] = field(default_factory=Counter)
    """By method, hit or not."""
    hits: Counter[str] = field(default_factory=Counter)
    """By fault."""
    bytes_up: int = 0
    bytes_down: int = 0
    on_request: Callable[[str, str], None] = lambda _method, _path: None
    """Called with method and path before each."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def count_down(self, sent: int) -> None:
        with self._lock:
            self.bytes_down += sent

    def next_fault(self, method: str, path: str, sent: int) -> Fault | None:
        with self._lock:
            self.requests[method] += 1
            self.bytes_up += sent
            self.on_request(method, path)
            fault = self.fault if self.fault and self.is_hit(method, path) else None
            if fault:
                self.hits[fault] += 1
        return fault


@contextmanager
def faulty_s3(target: str) -> Iterator[FaultyS3]:
    """A proxy of the S3 at `target`, `http://host:port`."""
    address = urlsplit(target)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None: ...

        def _serve(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            fault = proxy.next_fault(self.command, self.path, length)
            if fault == "refused":
                self.close_connection = True
                return
            if fault == "half upload" and _is_late_in_upload(self.command, self.path):
                self.rfile.read(length)
                self.close_connection = True
                return
            if fault == "cut" and length:
                self.rfile.read(length // 2)
                self.close_connection = True
                return
            body = self.rfile.read(length)
            if fault in ("error 500", "error 503", "slow down"):
                code = "SlowDown" if fault == "slow down" else "InternalError"
                self._fail(500 if fault == "error 500" else 503, code)
                return
            if fault == "slow":
                time.sleep(SLOW_SECONDS)
            if fault == "damaged" and body:  # S3 compares it with the checksum that came with it
                self._fail(400, "BadDigest")
                return
            self._pass_on(body, fault)

        do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = _serve

        def _fail(self, status: int, code: str) -> None:
            text = f"<Error><Code>{code}</Code><Message>Injected.</Message></Error>".encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(text)

        def _pass_on(self, body: bytes, fault: Fault | None) -> None:
            upstream = HTTPConnection(str(address.hostname), address.port)
            headers = {
                name: value for name, value in self.headers.items() if name.lower() != "expect"
            }
            upstream.request(self.command, self.path, body or None, headers)
            answer = upstream.getresponse()
            content = answer.read()
            upstream.close()
            is_head = self.command == "HEAD"
            length = answer.getheader("Content-Length", "0") if is_head else str(len(content))
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if fault == "wrong checksum" and name.lower().startswith("x-amz-checksum-"):
                    value = b64encode(bytes(len(b64decode(value)))).decode()
                if name.lower() not in HOP_BY_HOP:
                    self.send_header(name, value)
            self.send_header("Content-Length", length)
            self.end_headers()
            if fault == "cut":
                content = content[: len(content) // 2]
                self.close_connection = True
            elif fault == "damaged" and content and not body:
                content = _damaged(content)
            proxy.count_down(len(content))
            self.wfile.write(content)

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        proxy = FaultyS3(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield proxy
        finally:
            server.shutdown()
            thread.join()


def _is_late_in_upload(method: str, path: str) -> bool:
    asked = parse_qs(urlsplit(path).query)
    return "uploadId" in asked and (method != "PUT" or asked["partNumber"] != ["1"])


def _damaged(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 0xFF]) + content[middle + 1 :]
