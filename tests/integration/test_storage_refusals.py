"""What S3 and services like it answer when something goes wrong, in XML and in JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from heaters_pipeline.domain.errors import HeatersError
from heaters_pipeline.storage import ObjectMissing
from heaters_pipeline.storage.s3 import S3Storage, s3_client

LOCKED, GONE, PLAIN = "clips/locked.mp4", "clips/gone.mp4", "clips/plain.mp4"
KEYS = [LOCKED, GONE, PLAIN]

XML_ERRORS = """<?xml version="1.0"?><DeleteResult>
<Error><Key>in/clips/locked.mp4</Key><Code>AccessDenied</Code>
<Message>It is locked</Message></Error>
<Error><Key>in/clips/gone.mp4</Key><Code>NoSuchKey</Code><Message>Not there</Message></Error>
</DeleteResult>"""
JSON_ERRORS = json.dumps(
    {
        "Errors": [
            {"Key": f"in/{LOCKED}", "Code": "AccessDenied", "Message": "It is locked"},
            {"Key": f"in/{GONE}", "Code": "NoSuchKey", "Message": "Not there"},
        ]
    }
)


class Service:
    """Answers every request with what `answers` says for its method."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[int, str, str]] = {}
        self.requests: list[str] = []
        service = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                service.requests.append(f"{self.command} {self.path}")
                status, kind, body = service.answers[self.command]
                if self.command == "DELETE" and "locked" not in self.path:
                    status, body = 204, ""
                self.send_response(status)
                self.send_header("Content-Type", f"application/{kind}")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body.encode())

            do_GET = do_POST = do_DELETE = answer

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def service() -> Iterator[Service]:
    made = Service()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def storage(service: Service, s3_endpoint: str, tmp_path: Path) -> S3Storage:
    return S3Storage(s3_client(service.url), "bucket", "in", home=tmp_path)


@pytest.mark.parametrize(("kind", "body"), [("xml", XML_ERRORS), ("json", JSON_ERRORS)])
def test_what_could_not_be_deleted_is_told_of_each_object(
    kind: str, body: str, service: Service, storage: S3Storage
) -> None:
    service.answers["POST"] = (200, kind, body)
    failures = storage.delete_each(KEYS)
    assert failures.keys() == {LOCKED}
    why = "'bucket' refused 'clips/locked.mp4': It is locked .AccessDenied"
    assert re.search(why, failures[LOCKED])
    with pytest.raises(HeatersError, match="It is locked"):
        storage.delete(*KEYS)
    assert len(service.requests) == 2


@pytest.mark.parametrize("kind", ["xml", "json", "html"])
def test_a_service_that_can_not_delete_many_at_once_is_asked_one_by_one(
    kind: str, service: Service, storage: S3Storage
) -> None:
    told = {
        "xml": "<Error><Code>NotImplemented</Code><Message>No such thing</Message></Error>",
        "json": '{"code": "NotImplemented", "message": "No such thing"}',
        "html": "<p>No such page",
    }
    denied = {
        "xml": "<Error><Code>AccessDenied</Code><Message>Not yours</Message></Error>",
        "json": '{"error": {"code": "AccessDenied", "message": "Not yours"}}',
        "html": "<p>Not yours",
    }
    service.answers = {"POST": (400, kind, told[kind]), "DELETE": (403, kind, denied[kind])}
    failures = storage.delete_each(KEYS)
    assert failures.keys() == {LOCKED}
    assert ("Not yours" if kind != "html" else "403") in failures[LOCKED]
    assert sum(each.startswith("DELETE") for each in service.requests) == 3


def test_a_bucket_that_is_not_there_is_no_missing_object(
    service: Service, storage: S3Storage
) -> None:
    service.answers["GET"] = (404, "json", '{"Code": "NoSuchBucket", "Message": "No bucket"}')
    with pytest.raises(HeatersError, match="No bucket") as raised:
        storage.stream(PLAIN)
    assert not isinstance(raised.value, ObjectMissing)
    service.answers["GET"] = (404, "json", '{"Code": "NoSuchKey"}')
    with pytest.raises(ObjectMissing):
        storage.stream(PLAIN)
