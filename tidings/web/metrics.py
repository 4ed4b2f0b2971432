"""/healthz, /readyz and /metrics, on bare ASGI: they answer even where the API does not load."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import msgspec
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from tidings.web.health import Health

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 2.5)


class Metrics:
    """Counts and the routes that show them.

    Args:
        health: The state of the parts.
    """

    def __init__(self, health: Health) -> None:
        self._health = health
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "tidings_requests", "Answered ingest requests", ["dialect", "status"], registry=self._registry
        )
        self._events = Counter("tidings_events", "Acknowledged events", ["dialect"], registry=self._registry)
        self._seconds = Histogram(
            "tidings_answer_seconds", "From request to answer", buckets=BUCKETS, registry=self._registry
        )
        self._bound: dict[tuple[str, int], tuple[Any, Any]] = {}
        self._gauge("tidings_lag_events", "Acknowledged events that are not processed yet", lambda: health.lag)
        self._gauge("tidings_log_waiting_requests", "Requests waiting for the disk", lambda: health.waiting)
        self._gauge("tidings_log_events", "Events acknowledged since the log began", lambda: health.appended)
        self._gauge("tidings_disk_free_bytes", "Free disk space", lambda: health.free_mib * 1024 * 1024)
        self._gauge("tidings_ready", "1 if events can be stored and processed", lambda: not health.troubles())

    def answered(self, dialect: str, status: int, events: int, seconds: float) -> None:
        """Count an answer with the events it acknowledges."""
        bound = self._bound.get((dialect, status))
        if bound is None:
            bound = self._requests.labels(dialect, str(status)), self._events.labels(dialect)
            self._bound[dialect, status] = bound
        bound[0].inc()
        if events:
            bound[1].inc(events)
        self._seconds.observe(seconds)

    async def answer(
        self, scope: MutableMapping[str, Any], send: Callable[[MutableMapping[str, Any]], Awaitable[None]]
    ) -> None:
        """Answer /healthz (the process lives), /readyz (it can store and process) or /metrics."""
        status, kind, body = 200, b"application/json", b'{"status":"ok"}'
        if scope["method"] not in ("GET", "HEAD"):
            status, body = 405, b'{"status":"use GET"}'
        elif scope["path"] == "/readyz":
            troubles = self._health.troubles()
            status = 503 if troubles else 200
            body = msgspec.json.encode(
                {"status": "not ready" if troubles else "ready", "troubles": troubles, "lag": self._health.lag}
            )
        elif scope["path"] == "/metrics":
            kind, body = b"text/plain; version=0.0.4; charset=utf-8", generate_latest(self._registry)
        headers = [
            (b"content-type", kind),
            (b"content-length", str(len(body)).encode()),
            (b"cache-control", b"no-store"),
        ]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})

    def _gauge(self, name: str, text: str, read: Callable[[], float]) -> None:
        Gauge(name, text, registry=self._registry).set_function(read)
