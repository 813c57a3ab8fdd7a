"""A collector of traces: OTLP over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, NamedTuple

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (  # noqa: TID253
    ExportTraceServiceRequest,
)


class Span(NamedTuple):
    name: str
    service: str
    trace: str
    id: str
    parent: str
    facts: dict[str, Any]


class Collector:
    """Takes OTLP over HTTP, as a collector does."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                assert self.path == "/v1/traces"
                body = self.rfile.read(int(self.headers["Content-Length"]))
                collector.spans.extend(parsed(body, self.headers.get("Content-Encoding")))
                self.send_response(200)
                self.send_header("Content-Type", "application/x-protobuf")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        Thread(target=self.server.serve_forever, daemon=True).start()
        self.endpoint = f"http://127.0.0.1:{self.server.server_port}/v1/traces"


def parsed(body: bytes, encoding: str | None) -> Iterator[Span]:
    assert encoding is None
    request = ExportTraceServiceRequest.FromString(body)
    for resource in request.resource_spans:
        named = {each.key: each.value.string_value for each in resource.resource.attributes}
        for scope in resource.scope_spans:
            for each in scope.spans:
                facts = {
                    fact.key: fact.value.string_value or fact.value.int_value
                    for fact in each.attributes
                }
                ids = (each.trace_id.hex(), each.span_id.hex(), each.parent_span_id.hex())
                yield Span(each.name, named["service.name"], *ids, facts)
