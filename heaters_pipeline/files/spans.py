"""What this process is at: for the lines of logs (`logs`), and as spans of OpenTelemetry where
somebody collects them.

A source video is one trace, whatever processes work on it: trace and root span have ids that are
made of the video's key, so that nothing has to be handed from one to the other. Without an address
nothing of OpenTelemetry is imported.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, NamedTuple

from heaters_pipeline.domain.errors import InputError

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Tracer

Fact = str | int | float | None

STANDARD = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
"""Variables of OpenTelemetry's own that name a collector (OpenTelemetry Protocol Exporter)."""

_facts: ContextVar[Mapping[str, Fact]] = ContextVar("facts", default={})  # noqa: B039 - a Mapping
_wanted_ids: ContextVar[tuple[int, int] | None] = ContextVar("wanted_ids", default=None)
_tracer: Tracer | None = None
_provider: TracerProvider | None = None


class Place(NamedTuple):
    """Where a thread is, to go on from there in another one."""

    facts: Mapping[str, Fact]
    context: Context | None


def begin(service: str, endpoint: str | None) -> None:
    """Has spans of this process sent to a collector (OTLP over HTTP) from now on; once is enough.
    `endpoint`: the whole address, as in http://collector:4318/v1/traces; None: what OpenTelemetry's
    own variables say, or nowhere. Raises InputError where the extra `traces` is not installed."""
    global _provider, _tracer
    if _tracer is not None or not (endpoint or any(map(os.environ.get, STANDARD))):
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
        from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
    except ModuleNotFoundError:
        raise InputError(
            "Traces take the extra `traces`: pip install 'heaters[traces]', or unset "
            "HEATERS_TRACES_ENDPOINT."
        ) from None

    class Ids(RandomIdGenerator):
        """Those that somebody wants, once; else random ones."""

        def generate_trace_id(self) -> int:
            wanted = _wanted_ids.get()
            return wanted[0] if wanted else super().generate_trace_id()

        def generate_span_id(self) -> int:
            wanted = _wanted_ids.get()
            return wanted[1] if wanted else super().generate_span_id()

    _provider = TracerProvider(
        resource=Resource.create({"service.name": service}), id_generator=Ids()
    )
    _provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint)))
    _tracer = _provider.get_tracer("heaters")


def end(**_signal: object) -> None:
    """Sends what is left, in a process that ends without Python's own handlers."""
    if _provider is not None:
        _provider.shutdown()


def facts() -> Mapping[str, Fact]:
    """What the line of a log is about: video, clip, run, request."""
    return _facts.get()


@contextmanager
def about(**named: Fact) -> Iterator[None]:
    """Within, lines of logs tell these facts; None leaves a fact out."""
    known = {name: fact for name, fact in named.items() if fact is not None}
    token = _facts.set({**_facts.get(), **known})
    try:
        yield
    finally:
        _facts.reset(token)


@contextmanager
def span(name: str, *, video: str | None = None, **named: Fact) -> Iterator[None]:
    """A span of this name with these facts, and those around it; lines of logs tell them, too. With
    the key of a `video` it belongs to that video's trace."""
    with about(video=video, **named):
        if _tracer is None:
            yield
            return
        context = _of_video(video) if video and not _is_within() else None
        told = {f"heaters.{each}": fact for each, fact in facts().items() if fact is not None}
        with _tracer.start_as_current_span(name, context=context, attributes=told):
            yield


def remember(**named: Fact) -> None:
    """For the rest of this thread's life: lines of logs and spans tell these facts."""
    _facts.set({**_facts.get(), **named})


def tell(**named: Fact) -> None:
    """Adds facts to the span that is open, and to no line of a log."""
    if _tracer is None:
        return
    from opentelemetry.trace import get_current_span

    for name, fact in named.items():
        if fact is not None:
            get_current_span().set_attribute(f"heaters.{name}", fact)


def root(video: str, **named: Fact) -> None:
    """The span of a whole video, under which all others of it stand: that it was added."""
    if _tracer is None:
        return
    from opentelemetry.context import Context

    token = _wanted_ids.set(ids_of(video))
    try:
        told = {f"heaters.{name}": fact for name, fact in named.items() if fact is not None}
        told["heaters.video"] = video
        _tracer.start_span("video", context=Context(), attributes=told).end()
    finally:
        _wanted_ids.reset(token)


def ids_of(video: str) -> tuple[int, int]:
    """Trace id (16 bytes) and id of the root span (8 bytes) of a video; neither is 0."""
    digest = hashlib.sha256(f"heaters video {video}".encode()).digest()
    return int.from_bytes(digest[:16]) or 1, int.from_bytes(digest[16:24]) or 1


def here() -> Place:
    if _tracer is None:
        return Place(facts(), None)
    from opentelemetry.context import get_current

    return Place(facts(), get_current())


@contextmanager
def going_on(place: Place) -> Iterator[None]:
    """Within, this thread goes on where another one was."""
    with about(**place.facts), _attached(place.context):
        yield


def _attached(context: Context | None) -> AbstractContextManager[None]:
    if context is None:
        return nullcontext()
    from opentelemetry.context import attach, detach

    @contextmanager
    def within() -> Iterator[None]:
        token = attach(context)
        try:
            yield
        finally:
            detach(token)

    return within()


def _is_within() -> bool:
    """Whether a span of a video is open in this thread: what is within it becomes its child."""
    from opentelemetry.trace import get_current_span

    current: Any = get_current_span()
    return "heaters.video" in (getattr(current, "attributes", None) or {})


def _of_video(video: str) -> Context:
    from opentelemetry.trace import (
        NonRecordingSpan,
        SpanContext,
        TraceFlags,
        set_span_in_context,
    )

    trace_id, span_id = ids_of(video)
    parent = SpanContext(trace_id, span_id, is_remote=True, trace_flags=TraceFlags(1))
    return set_span_in_context(NonRecordingSpan(parent))
