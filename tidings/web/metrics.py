"""/healthz, /readyz and /metrics, on bare ASGI: they answer even where the API does not load."""

from bisect import bisect_left
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from itertools import accumulate
from typing import Any

import msgspec
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from tidings.web.health import Health

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 2.5)


class Metrics(Collector):
    """Counts and the routes that show them.

    The hot path adds to plain numbers; Prometheus' own objects, which cost as much as decoding an event, are made when
    somebody looks.

    Args:
        health: The state of the parts.
    """

    def __init__(self, health: Health) -> None:
        self._health = health
        self._registry = CollectorRegistry()
        self._registry.register(self)
        self._requests: dict[tuple[str, int], int] = {}
        self._events: dict[str, int] = {}
        self._buckets = [0] * (len(BUCKETS) + 1)
        self._seconds = 0.0

    def answered(self, dialect: str, status: int, events: int, seconds: float) -> None:
        """Count an answer with the events it acknowledges."""
        key = (dialect, status)
        self._requests[key] = self._requests.get(key, 0) + 1
        if events:
            self._events[dialect] = self._events.get(dialect, 0) + events
        self._buckets[bisect_left(BUCKETS, seconds)] += 1
        self._seconds += seconds

    def collect(self) -> Iterator[Metric]:
        """Yield everything, for one scrape."""
        requests = CounterMetricFamily("tidings_requests", "Answered ingest requests", labels=["dialect", "status"])
        for (dialect, status), number in self._requests.items():
            requests.add_metric([dialect, str(status)], number)
        events = CounterMetricFamily("tidings_events", "Acknowledged events", labels=["dialect"])
        for dialect, number in self._events.items():
            events.add_metric([dialect], number)
        seconds = HistogramMetricFamily("tidings_answer_seconds", "From request to answer")
        names = [*map(str, BUCKETS), "+Inf"]
        seconds.add_metric([], list(zip(names, accumulate(self._buckets), strict=True)), self._seconds)
        yield from (requests, events, seconds)
        health = self._health
        for name, text, value in (
            ("lag_events", "Acknowledged events that are not processed yet", health.lag),
            ("log_waiting_requests", "Requests waiting for the disk", health.waiting),
            ("log_events", "Events acknowledged since the log began", health.appended),
            ("disk_free_bytes", "Free disk space", health.free_mib * 1024 * 1024),
            ("ready", "1 if events can be stored and processed", int(not health.troubles())),
        ):
            yield GaugeMetricFamily(f"tidings_{name}", text, value)

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
