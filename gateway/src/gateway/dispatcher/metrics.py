"""Counts and durations of requests, cheap enough for the hot path, in Prometheus' words."""

from bisect import bisect_left
from collections.abc import Callable, Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector, CollectorRegistry

BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0)


class GatewayMetrics(Collector):
    """Plain dictionaries, turned into metrics when they are asked for."""

    def __init__(self) -> None:
        self._requests: dict[tuple[str, str, int], int] = {}
        self._seconds: dict[str, list[float]] = {}
        self._gauges: dict[str, tuple[str, Callable[[], float]]] = {}
        self.registry = CollectorRegistry()
        self.registry.register(self)

    def observe(self, route: str, *, method: str, status: int, seconds: float) -> None:
        """Record one request."""
        key = (route, method, status)
        self._requests[key] = self._requests.get(key, 0) + 1
        row = self._seconds.get(route)
        if row is None:
            row = self._seconds[route] = [0.0] * (len(BUCKETS_S) + 2)
        row[bisect_left(BUCKETS_S, seconds)] += 1
        row[-1] += seconds

    def gauge(self, name: str, *, text: str, value: Callable[[], float]) -> None:
        """Offer a number that is read when it is asked for."""
        self._gauges[name] = (text, value)

    def collect(self) -> Iterator[CounterMetricFamily | HistogramMetricFamily | GaugeMetricFamily]:
        """Called by the registry."""
        requests = CounterMetricFamily(
            "fleet_gateway_requests", "Requests answered", labels=["route", "method", "status"]
        )
        for (route, method, status), count in list(self._requests.items()):
            requests.add_metric([route, method, str(status)], count)
        yield requests
        seconds = HistogramMetricFamily(
            "fleet_gateway_request_seconds", "Seconds until the last byte", labels=["route"]
        )
        for route, row in list(self._seconds.items()):
            seconds.add_metric([route], buckets=_cumulated(row), sum_value=row[-1])
        yield seconds
        for name, (text, value) in self._gauges.items():
            yield GaugeMetricFamily(name, text, value=value())


def _cumulated(row: list[float]) -> list[tuple[str, float]]:
    total, buckets = 0.0, []
    for bound, count in zip([*BUCKETS_S, "+Inf"], row[:-1], strict=True):
        total += count
        buckets.append((str(bound), total))
    return buckets
