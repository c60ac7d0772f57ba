"""The gateway's figures for Prometheus: never a user's id, never anything of a key.

https://prometheus.io/docs/practices/naming/
"""

from collections.abc import Generator
from functools import cache

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from gateway.accounts import AccountPool
from gateway.limits import Spent
from gateway.request_trace import RequestTrace

# Answers take seconds, everything else milliseconds.
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)
_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
_STATES = ("closed", "cooling", "open", "half_open", "disabled", "no_key", "no_agent")


class Metrics:
    """Counts in a registry of its own, so that two gateways in one process do not count together."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.in_flight = Gauge("rolekey_http_requests_in_flight", "Requests under way.", registry=self._registry)
        requests = Counter(
            "rolekey_http_requests",
            "Requests by route; status 499 is a caller that hung up.",
            ["method", "route", "status"],
            registry=self._registry,
        )
        seconds = Histogram(
            "rolekey_http_request_seconds",
            "How long requests took, streams until their end.",
            ["route"],
            buckets=_SECONDS,
            registry=self._registry,
        )
        first_token = Histogram(
            "rolekey_first_token_seconds",
            "How long the first text of an answer took.",
            ["route"],
            buckets=_SECONDS,
            registry=self._registry,
        )
        tokens = Counter(
            "rolekey_tokens", "Tokens in and out.", ["direction", "tier", "model"], registry=self._registry
        )
        cost = Counter("rolekey_cost_usd", "What answers cost.", ["tier", "model"], registry=self._registry)
        # To find what counts takes longer than to count.
        self._requests = cache(requests.labels)
        self._seconds = cache(seconds.labels)
        self._first_token = cache(first_token.labels)
        self._tokens = cache(tokens.labels)
        self._cost = cache(cost.labels)

    def watch(self, pool: AccountPool) -> None:
        """Tell of these accounts too."""
        self._registry.register(_Accounts(pool))

    def finished(self, method: str, route: str, status: int, trace: RequestTrace) -> None:
        """A request has been answered. `route` is its pattern, which holds nothing that the caller sent."""
        self._requests(method if method in _METHODS else "other", route, str(status)).inc()
        self._seconds(route).observe(trace.seconds)
        if trace.first_text is not None:
            self._first_token(route).observe(trace.first_text)

    def spent(self, spent: Spent) -> None:
        """An answer has used this."""
        self._tokens("in", spent.tier, spent.model).inc(spent.input_tokens)
        self._tokens("out", spent.tier, spent.model).inc(spent.output_tokens)
        self._cost(spent.tier, spent.model).inc(spent.cost_usd)

    def text(self) -> bytes:
        """Everything, in Prometheus' text format."""
        return generate_latest(self._registry)


class _Accounts(Collector):
    """Reads the pool when it is asked, so that an account which was removed is gone here too."""

    def __init__(self, pool: AccountPool) -> None:
        self._pool = pool

    def collect(self) -> Generator[Metric]:
        labels = ["account", "tier"]
        in_flight = GaugeMetricFamily("rolekey_account_in_flight", "Prompts under way by account.", labels=labels)
        requests = CounterMetricFamily("rolekey_account_requests", "Prompts by account.", labels=labels)
        failures = CounterMetricFamily("rolekey_account_failures", "Failures by account.", labels=labels)
        state = GaugeMetricFamily("rolekey_account_state", "1 for the state it is in.", labels=[*labels, "state"])
        agents = GaugeMetricFamily("rolekey_account_agents", "Agents connected by account.", labels=labels)
        for account in self._pool.to_wire():
            of = [account.name, account.tier]
            in_flight.add_metric(of, account.in_flight)
            requests.add_metric(of, account.requests)
            failures.add_metric(of, account.failures)
            if account.kind == "agent":
                agents.add_metric(of, len(account.agents))
            for each in _STATES:
                state.add_metric([*of, each], account.state == each)
        yield from (in_flight, requests, failures, state, agents)
