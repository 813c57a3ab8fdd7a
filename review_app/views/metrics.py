"""Metrics for Prometheus, in its text format."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from flask import Blueprint, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from heaters_pipeline.db import gauges
from review_app.metrics import REGISTRY
from review_app.presenters.gauges import metrics
from review_app.services import services, transaction

blueprint = Blueprint("metrics", __name__)


class _Standing(Collector):
    def collect(self) -> Iterable[Metric]:
        here = services()
        with transaction() as session:
            read = gauges.read(session, here.dagster_engine, here.settings.undo_window_seconds)
        return metrics(read, datetime.now(UTC))


@blueprint.get("/metrics")
def index() -> Response:
    """How everything stands at the moment, and what this process has counted since it began."""
    standing = CollectorRegistry(auto_describe=False)
    standing.register(_Standing())
    text = generate_latest(standing) + generate_latest(REGISTRY)
    return Response(text, content_type=CONTENT_TYPE_LATEST)
