"""What the server counts, in the form that Prometheus reads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

_SECONDS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
KNOWN_PATHS = frozenset(
    {"/health", "/v1/validate", "/v1/validate/batch", "/v1/transmigration", "/v1/runs", "/v1/thresholds", "/metrics"}
)
CONTENT_TYPE = CONTENT_TYPE_LATEST


class Counts:
    """Counters of one server: requests and their times, verdicts by kind and album, what waits, what went wrong."""

    def __init__(self, *, queued: Callable[[], float]) -> None:
        self.registry = CollectorRegistry()
        self._children: dict[tuple[Any, tuple[str, ...]], Any] = {}
        self._requests = Counter(
            "rebracket_requests", "Requests by path and status.", ("path", "status"), registry=self.registry
        )
        self._seconds = Histogram(
            "rebracket_request_seconds", "How long requests took.", ("path",), buckets=_SECONDS, registry=self.registry
        )
        self._verdicts = Counter("rebracket_verdicts", "Verdicts given.", ("run", "verdict"), registry=self.registry)
        self._albums = Counter("rebracket_albums", "First albums of the verdicts.", ("run", "album"), registry=self.registry)
        self._lost = Counter(
            "rebracket_history_failures", "Batches of verdicts that could not be kept.", registry=self.registry
        )
        self._dropped = Counter(
            "rebracket_dropped_requests", "Requests without an answer of the model, by why.", ("why",), registry=self.registry
        )
        self._verdict_seconds = Histogram(
            "rebracket_verdict_seconds",
            "From a text's arrival to its verdict.",
            ("run",),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._drift = {
            name: Gauge(f"rebracket_drift_{name}", meaning, ("run",), registry=self.registry)
            for name, meaning in (
                ("mmd2", "Squared discrepancy of the texts that came in from the training texts."),
                ("p_value", "How likely a discrepancy as large is by chance."),
                ("alarm", "1 where the texts that came in are unlike the training texts, else 0."),
            )
        }
        waiting = Gauge("rebracket_queued_texts", "Texts that wait or are being scored.", registry=self.registry)
        waiting.set_function(queued)

    def request(self, path: str, status: int, seconds: float) -> None:
        """Count a request. Paths that the server does not know count together."""
        place = path if path in KNOWN_PATHS else "other"
        self._of(self._requests, place, str(status)).inc()
        self._of(self._seconds, place).observe(seconds)

    def verdicts(self, run_id: str, verdicts: Iterable[Mapping[str, Any]], *, seconds: float = 0.0) -> None:
        """Count verdicts by kind and album, each with the seconds from its text's arrival."""
        for verdict in verdicts:
            self._of(self._verdict_seconds, run_id).observe(seconds)
            self._of(self._verdicts, run_id, "error" if verdict["error"] else verdict["verdict"]).inc()
            if verdict["album"]:
                self._of(self._albums, run_id, verdict["album"]).inc()

    def _of(self, metric: Any, *labels: str) -> Any:
        """The metric's child with these labels; asking the metric itself takes longer than counting."""
        key = (metric, labels)
        if key not in self._children:
            self._children[key] = metric.labels(*labels)
        return self._children[key]

    def drift(self, run_id: str, *, mmd2: float, p_value: float, alarm: bool) -> None:
        """Show what the last drift test found, and forget other runs'."""
        for name, value in (("mmd2", mmd2), ("p_value", p_value), ("alarm", float(alarm))):
            self._drift[name].clear()
            self._drift[name].labels(run_id).set(value)

    def history_failed(self) -> None:
        """Count verdicts that were given and could not be saved."""
        self._lost.inc()

    def dropped(self, why: str) -> None:
        """Count a request whose work was dropped: "gone" (its caller), "deadline" or "stopped"."""
        self._of(self._dropped, why).inc()

    def text(self) -> bytes:
        """Everything, as Prometheus reads it."""
        return generate_latest(self.registry)
