"""Figures for Prometheus. Labels: tenant database, kind of target, event type; never a URL."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from smarter_connector.stores.base import Delivery, Outcome

if TYPE_CHECKING:
    from smarter_connector.target import Target

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200)
BREAKER_STATES = {"closed": 0, "half-open": 1, "open": 2}
TENANT_STATES = ("starting", "serving", "held", "away", "refused", "stopped")

#: Name -> what it says, then its labels.
GAUGES = {
    "breaker_state": ("0 closed, 1 half-open, 2 open", "tenant", "target", "subscription"),
    "tenant_state": ("1 for the state it is in", "tenant", "state"),
    "role_safe": ("1 when our database role can do what it must and nothing else", "tenant"),
    "queue": ("Deliveries in the outbox: pending, leased, dead", "tenant", "subscription", "state"),
    "lag_seconds": ("Age of the oldest delivery that is not done", "tenant", "subscription"),
    "webhooks_held": ("1 while webhooks wait, the plan's allowance being used up", "tenant"),
    "registry_up": ("1 while the registry of tenants can be read",),
}


class Metrics:
    """The figures of one process, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self._attempts = Counter(
            "smarter_attempts",
            "Attempts by outcome: delivered, retry, dead",
            ["tenant", "target", "type", "outcome"],
            registry=registry,
        )
        self._latency = Histogram(
            "smarter_delivery_seconds",
            "From the event to its delivery, first attempts only",
            ["tenant", "target"],
            buckets=BUCKETS,
            registry=registry,
        )
        self._lost = Counter(
            "smarter_lost_leases",
            "Deliveries that another connector took over after their lease",
            ["tenant"],
            registry=registry,
        )
        gauges = {
            name: Gauge(f"smarter_{name}", text, labels, registry=registry)
            for name, (text, *labels) in GAUGES.items()
        }
        self._breaker, self._tenant = gauges["breaker_state"], gauges["tenant_state"]
        self._role = gauges["role_safe"]
        self._queue, self._lag = gauges["queue"], gauges["lag_seconds"]
        self._webhooks, self._registry_up = gauges["webhooks_held"], gauges["registry_up"]
        self._children: dict[tuple[str, ...], Any] = {}
        self._states: dict[str, str] = {}
        self._held: dict[str, bool] = {}

    def attempted(
        self, tenant: str, target: str, delivery: Delivery, outcome: Outcome, now: float
    ) -> None:
        """Count one attempt. ``now`` by the clock of the database, seconds since 1970."""
        key = (tenant, target, delivery.event.type, outcome.outcome)
        counter = self._children.get(key)
        if counter is None:
            counter = self._children[key] = self._attempts.labels(*key)
        counter.inc()
        if outcome.outcome == "delivered" and delivery.attempt == 1 and not delivery.replay:
            key = (tenant, target)
            histogram = self._children.get(key)
            if histogram is None:
                histogram = self._children[key] = self._latency.labels(*key)
            then = datetime.fromisoformat(delivery.event.time).timestamp()
            histogram.observe(max(0.0, now - then))

    def lost(self, tenant: str, count: int) -> None:
        self._lost.labels(tenant).inc(count)

    def breaker(self, tenant: str, target: Target) -> None:
        subscription = target.subscription
        gauge = self._breaker.labels(tenant, subscription.target, str(subscription.id))
        gauge.set(BREAKER_STATES[target.breaker.state])

    def tenant(self, tenant: str, state: str) -> None:
        if self._states.get(tenant) != state:
            self._states[tenant] = state
            for name in TENANT_STATES:
                self._tenant.labels(tenant, name).set(name == state)

    def webhooks_held(self, tenant: str, held: bool) -> None:
        if self._held.get(tenant, False) != held:
            self._held[tenant] = held
            self._webhooks.labels(tenant).set(held)

    def registry_up(self, up: bool) -> None:
        self._registry_up.set(up)

    def gone(self, tenant: str) -> None:
        """Forget the figures of a tenant that is no longer served here; counters stay."""
        of_tenants = (self._tenant, self._role, self._breaker, self._webhooks)
        for gauge in (*of_tenants, self._queue, self._lag):
            gauge.remove_by_labels({"tenant": tenant})
        self._states.pop(tenant, None)
        self._held.pop(tenant, None)

    def role(self, tenant: str, safe: bool) -> None:
        self._role.labels(tenant).set(safe)

    def stats(self, tenant: str, stats: Mapping[str, Any]) -> None:
        """Take over what the outbox counted (``smarteros.stats``)."""
        for row in stats["subscriptions"]:
            key = str(row["id"])
            for state in ("pending", "leased", "dead"):
                self._queue.labels(tenant, key, state).set(row[state])
            self._lag.labels(tenant, key).set(row["oldest_seconds"] or 0)

    def value(self, name: str, **labels: str) -> float:
        """One figure, 0 when it was never counted; for the status and for tests."""
        return self.registry.get_sample_value(name, labels) or 0.0

    def text(self) -> bytes:
        return generate_latest(self.registry)
