# SPDX-License-Identifier: BSD-3-Clause
"""What Prometheus reads: request times by route, and what the hub and the queues count."""

from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.types import Scope

disable_created_metrics()

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class Metrics:
    """One for each app: `gauge` and `count` are functions that are asked whenever somebody reads."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._times = Histogram(
            "control_room_request_seconds", "Time to the end of an answer", ("method", "route", "status"),
            buckets=BUCKETS, registry=self.registry,
        )  # fmt: skip
        self.refused = Counter(
            "control_room_refused_requests", "Requests that somebody should not have made", registry=self.registry
        )

    def request(self, scope: Scope, status: int, seconds: float) -> None:
        # By template: what people put into a path would make a series for each of them.
        route = getattr(scope.get("route"), "path", None) or "none"
        method = scope["method"] if scope["method"] in METHODS else "other"
        self._times.labels(method, route, f"{status // 100}xx").observe(seconds)

    def gauge(self, name: str, says: str, ask: Callable[[], float]) -> None:
        self.registry.register(_Asked(lambda: GaugeMetricFamily(name, says, value=ask())))

    def counts(self, name: str, says: str, label: str, ask: Callable[[], dict[str, float]]) -> None:
        def made() -> Metric:
            family = CounterMetricFamily(name, says, labels=[label])
            for key, value in ask().items():
                family.add_metric([key], value)
            return family

        self.registry.register(_Asked(made))

    def text(self) -> bytes:
        return generate_latest(self.registry)


METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}


class _Asked(Collector):
    def __init__(self, make: Callable[[], Metric]) -> None:
        self._make = make

    def collect(self) -> Iterator[Metric]:
        yield self._make()

    def describe(self) -> list[Metric]:  # else it would be asked when it is registered
        return []
