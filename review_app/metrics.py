"""What the review app counts itself, for Prometheus: requests, and how long reviewers waited."""

from __future__ import annotations

import re
import time

from flask import Flask, Response, g, request
from prometheus_client import CollectorRegistry, Counter, Histogram

REGISTRY = CollectorRegistry()

REQUESTS = Counter(
    "heaters_http_requests",
    "Answers of the review app, by the name of the route and the status.",
    ["route", "status"],
    registry=REGISTRY,
)
SECONDS = Histogram(
    "heaters_http_request_seconds",
    "From a request to its answer, without the sending of its body.",
    ["route"],
    registry=REGISTRY,
)
WAITS = Histogram(
    "heaters_reviewer_wait_seconds",
    "From a reviewer's key press to the next clip on their screen, as their page measured it.",
    buckets=(0.025, 0.05, 0.1, 0.2, 0.4, 1, 2, 5, 10),
    registry=REGISTRY,
)

WAITED = "X-Heaters-Waited"
"""A page's waits since its last request: up to 20 whole numbers, milliseconds, with commas."""

_WAITS = re.compile(r"\d{1,5}(,\d{1,5}){0,19}")


def register(app: Flask) -> None:
    app.before_request(_begin)
    app.after_request(_end)


def _begin() -> None:
    g.began = time.perf_counter()


def _end(response: Response) -> Response:
    route = request.endpoint or "none"
    REQUESTS.labels(route, response.status_code).inc()
    SECONDS.labels(route).observe(time.perf_counter() - g.began)
    waited = request.headers.get(WAITED, "")
    if _WAITS.fullmatch(waited):
        for milliseconds in waited.split(","):
            WAITS.observe(int(milliseconds) / 1000)
    return response
