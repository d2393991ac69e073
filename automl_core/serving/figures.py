"""What the service counts, for Prometheus."""

from __future__ import annotations

import os

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest, multiprocess

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class Figures:
    """Requests, their latency, and predictions by version; with several processes their sums.

    prometheus-client adds up the processes of one machine through files in ``PROMETHEUS_MULTIPROC_DIR``, which has to be
    set before the first of these objects is made.
    """

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.requests = Counter("tablewright_requests", "Requests.", ["path", "status"], registry=self._registry)
        self.seconds = Histogram(
            "tablewright_request_seconds", "Time of a request.", ["path"], buckets=SECONDS, registry=self._registry
        )
        self.rows = Counter("tablewright_rows", "Rows predicted.", ["version"], registry=self._registry)
        self.labels = Counter("tablewright_labels", "Predictions of each label.", ["version", "label"], registry=self._registry)
        self.warnings = Counter("tablewright_row_warnings", "Rows with a warning.", ["version"], registry=self._registry)
        self.loaded = Gauge(
            "tablewright_model_loaded_timestamp_seconds",
            "When the version that is served was loaded.",
            ["name", "version"],
            registry=self._registry,
            multiprocess_mode="livemax",
        )

    def text(self) -> tuple[bytes, str]:
        """Return the figures as Prometheus reads them, and their content type."""
        if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
            return generate_latest(self._registry), CONTENT_TYPE_LATEST
        together = CollectorRegistry()
        multiprocess.MultiProcessCollector(together)  # type: ignore[no-untyped-call]
        return generate_latest(together), CONTENT_TYPE_LATEST
