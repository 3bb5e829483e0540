"""What Prometheus reads."""

from functools import cache
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

_SECONDS = (0.0005, 0.001, 0.002, 0.003, 0.005, 0.008, 0.012, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)
_SIZES = (1, 2, 4, 8, 16, 32, 64)


class Metrics:
    """Figures of one service."""

    content_type = CONTENT_TYPE_LATEST

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        labels: dict[str, Any] = {"registry": self._registry, "namespace": "coldcart"}
        self._requests = Counter("requests", "Requests by route and status.", ("route", "status"), **labels)
        self._seconds = Histogram("request_seconds", "Seconds per request.", ("route",), buckets=_SECONDS, **labels)
        self.batch = Histogram("batch_size", "Requests scored together.", buckets=_SIZES, **labels)
        self.events = Counter("events", "Events by what became of them.", ("outcome",), **labels)
        self.unknown_items = Counter("unknown_item_events", "Events of items unknown to the model.", **labels)
        self.evidence = Counter("recommended_items", "Items of lists by what carried them.", ("evidence",), **labels)
        self.reloads = Counter("reloads", "Models taken into service.", **labels)
        self.reload_failures = Gauge("reload_failures", "Looks at the registry, or loads, that failed.", **labels)
        # Looked up once: routes and states are few, and a look-up takes longer than to count.
        self._of = cache(lambda route, status: (self._requests.labels(route, status), self._seconds.labels(route)))
        self.carried_by = cache(self.evidence.labels)
        self._model = Gauge("model", "1 for the model that is served.", ("model",), **labels)

    def seen(self, route: str, status: int, seconds: float) -> None:
        """Count a request."""
        requests, took = self._of(route, status)
        requests.inc()
        took.observe(seconds)

    def serves(self, model: str) -> None:
        """Say which model is served."""
        self._model.clear()
        self._model.labels(model).set(1)

    def text(self) -> bytes:
        """All of it, as Prometheus reads it."""
        return generate_latest(self._registry)
