"""The outbox in memory, with the rules of ``protocol.sql`` and an injected clock.

For tests and for trying a sink without a database. Several :class:`MemoryStore` of one
:class:`MemoryOutbox` are several connectors at one database.
"""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from smarter_connector.clock import Clock, SystemClock
from smarter_connector.exceptions import ConfigurationError, ConnectorError
from smarter_connector.settings import TenantSettings
from smarter_connector.stores.base import COUNTED_TARGETS, RESTING, instant
from smarter_connector.stores.protocol import ProtocolStore
from smarter_domain.outbox import PROTOCOL_VERSION

OPEN = ("pending", "leased")


@dataclass(slots=True)
class Row:
    """A line of ``smarter_delivery``; ``due_at`` in seconds since 1970."""

    id: int
    event: dict[str, Any]
    subscription_id: int
    lane: str
    webhook_id: str
    due_at: float
    created_at: float
    state: str = "pending"
    attempts: int = 0
    lease: str | None = None
    worker: str = ""
    replay: int = 0
    status: str | None = None
    answer: str | None = None


@dataclass
class MemoryOutbox:
    """What the database of a tenant would hold."""

    rut: str = "77654321-7"
    uuid: str = field(default_factory=lambda: str(uuid.uuid4()))
    clock: Clock = field(default_factory=SystemClock)
    epoch: int = 1
    held: bool = False
    status: str = "active"
    protocol: int = PROTOCOL_VERSION
    subscriptions: dict[int, dict[str, Any]] = field(default_factory=dict)
    rows: dict[int, Row] = field(default_factory=dict)
    references: dict[tuple[int, str, str], Any] = field(default_factory=dict)
    backfills: dict[int, dict[str, Any]] = field(default_factory=dict)
    webhooks: dict[int, int] = field(default_factory=dict)
    """Deliveries to webhooks by hour since 1970, where they are counted."""

    def __post_init__(self) -> None:
        self._ids = itertools.count(1)

    def subscribe(self, target: str = "webhook", **values: Any) -> int:
        """Add a subscription; ``values`` as in the table, and ``keys``. Returns its id."""
        key = next(self._ids)
        self.subscriptions[key] = {
            "id": key,
            "name": f"{target} {key}",
            "target": target,
            "url": "",
            "active": True,
            "batch_size": 1,
            "config": {},
            "company_id": None,
            "keys": [],
            "disabled_reason": None,
            **values,
        }
        return key

    def enqueue(
        self,
        type: str = "order.confirmed",
        aggregate: str = "sale.order/1",
        data: Mapping[str, Any] | None = None,
        *,
        subscriptions: Sequence[int] | None = None,
    ) -> str:
        """Store an event and a delivery for each subscription (all if None). Returns its id."""
        number, now = next(self._ids), self.clock.time()
        event = {
            "id": str(uuid.uuid4()),
            "type": type,
            "schema_version": 1,
            "aggregate": aggregate,
            "tenant": self.rut,
            "rut": self.rut,
            "epoch": self.epoch,
            "number": number,
            "time": _utc(now) + "Z",
            "data": {"id": number, "model": aggregate.partition("/")[0], **(data or {})},
            "previous": {},
            "origin": "capture",
        }
        for key in self.subscriptions if subscriptions is None else subscriptions:
            webhook_id = f"msg_{event['id'].replace('-', '')}_{key}"
            self._add(event, key, webhook_id)
        return event["id"]

    def _add(self, event: dict[str, Any], subscription: int, webhook_id: str) -> Row:
        now = self.clock.time()
        row = Row(next(self._ids), event, subscription, event["aggregate"], webhook_id, now, now)
        self.rows[row.id] = row
        return row

    def states(self) -> dict[str, int]:
        """Deliveries by state."""
        found = [row.state for row in self.rows.values()]
        return {state: found.count(state) for state in sorted(set(found))}


class MemoryStore(ProtocolStore):
    """A connector's view of a :class:`MemoryOutbox`. ``fail_with`` makes every call fail."""

    def __init__(self, outbox: MemoryOutbox, tenant: TenantSettings | None = None) -> None:
        super().__init__(
            tenant
            or TenantSettings(database="memory", uuid=outbox.uuid, rut=outbox.rut, store="memory")
        )
        self.outbox = outbox
        self.fail_with: ConnectorError | None = None
        self.calls: list[str] = []

    async def call(self, function: str, argument: Any) -> Any:
        self.calls.append(function)
        if self.fail_with is not None:
            raise self.fail_with
        return getattr(self, f"_{function}")(argument)

    async def close(self) -> None:
        """Nothing to close."""

    def _identity(self, _: Any) -> dict[str, Any]:
        box = self.outbox
        keep = ("id", "name", "target", "url", "active", "disabled_reason")
        return {
            "protocol": box.protocol,
            "database": self.tenant.database,
            "uuid": box.uuid,
            "now": _utc(box.clock.time()),
            "epoch": box.epoch,
            "held": box.held,
            "held_reason": None,
            "rut": box.rut,
            "name": "Comercial Ejemplo SpA",
            "slug": "ejemplo",
            "plan": "free",
            "status": box.status,
            "subscriptions": [
                {**{key: sub[key] for key in keep}, "keys": len(sub["keys"])}
                for sub in box.subscriptions.values()
            ],
        }

    def _claim(self, p: Mapping[str, Any]) -> dict[str, Any]:
        box, now = self.outbox, self.outbox.clock.time()
        held = box.held or box.status in RESTING
        result = {"now": _utc(now), "epoch": box.epoch, "held": held}
        found: list[Row] = []
        if not held:
            for key, subscription in box.subscriptions.items():
                if subscription["active"] and _wanted(key, p):
                    found += self._due(key, now, p["limit"], p["per_lane"])
        lease = str(uuid.uuid4())
        for row in found:
            row.state, row.lease, row.due_at = "leased", lease, now + p["lease_seconds"]
            row.attempts, row.worker = row.attempts + 1, p["worker"]
        used = {row.subscription_id for row in found}
        return {
            **result,
            "subscriptions": [dict(box.subscriptions[key]) for key in sorted(used)],
            "deliveries": [_document(row) for row in sorted(found, key=lambda row: row.id)],
        }

    def _claim_within(self, p: Mapping[str, Any]) -> dict[str, Any]:
        box, limit = self.outbox, p["hourly"]
        used = box.webhooks.setdefault(self._hour(), 0)
        if used >= limit:
            p = {**p, "exclude": [*p["exclude"], *self._counted_ids()]}
        claim = self._claim(p)
        mine = [item for item in claim["deliveries"] if self._is_counted(item["subscription_id"])]
        over = [item["id"] for item in mine[max(0, limit - used) :]]
        for key in over:
            row = box.rows[key]
            row.state, row.lease, row.due_at = "pending", None, box.clock.time()
            row.attempts -= 1
        claim["deliveries"] = [item for item in claim["deliveries"] if item["id"] not in over]
        box.webhooks[self._hour()] = used + len(mine) - len(over)
        return {**claim, "allowance": self._allowance(p)}

    def _settle_within(self, outcomes: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        settled = self._settle(outcomes)
        back = sum(
            outcome["outcome"] != "delivered"
            and outcome["id"] not in settled["lost"]
            and self._is_counted(self.outbox.rows[outcome["id"]].subscription_id)
            for outcome in outcomes
        )
        hours, hour = self.outbox.webhooks, self._hour()
        hours[hour] = max(0, hours.get(hour, 0) - back)
        return settled

    def _allowance(self, p: Mapping[str, Any]) -> dict[str, Any]:
        used = self.outbox.webhooks.get(self._hour(), 0)
        rest = 3600 - self.outbox.clock.time() % 3600
        return {"limit": p["hourly"], "used": used, "opens_in": rest}

    def _hour(self) -> int:
        return int(self.outbox.clock.time() // 3600)

    def _is_counted(self, subscription: int) -> bool:
        return self.outbox.subscriptions[subscription]["target"] in COUNTED_TARGETS

    def _counted_ids(self) -> list[int]:
        return [key for key in self.outbox.subscriptions if self._is_counted(key)]

    def _due(self, subscription: int, now: float, limit: int, per_lane: int) -> list[Row]:
        """Heads of lanes that are due, each with what follows it."""
        lanes: dict[str, list[Row]] = {}
        for row in self.outbox.rows.values():
            if row.subscription_id == subscription and row.state in OPEN:
                lanes.setdefault(row.lane, []).append(row)
        due = [rows for rows in lanes.values() if rows[0].due_at <= now]
        due.sort(key=lambda rows: rows[0].id)
        followers = sorted(
            (row for rows in due[:limit] for row in rows[:per_lane]), key=lambda row: row.id
        )
        return followers[:limit]

    def _settle(self, outcomes: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        lost = []
        for outcome in outcomes:
            row = self.outbox.rows.get(outcome["id"])
            if row is None or row.state != "leased" or row.lease != outcome["lease"]:
                lost.append(outcome["id"])
            else:
                self._settle_one(row, outcome)
        return {"settled": len(outcomes) - len(lost), "lost": lost}

    def _settle_one(self, row: Row, outcome: Mapping[str, Any]) -> None:
        name = outcome["outcome"]
        if name not in ("delivered", "retry", "dead", "released"):
            raise ConfigurationError(f"unknown outcome {name}")
        row.state = name if name in ("delivered", "dead") else "pending"
        row.due_at = self.outbox.clock.time()
        row.lease = None
        if name == "retry":
            row.due_at += outcome["retry_in"] or 0
        if name == "released":
            row.attempts -= 1
        else:
            row.status, row.answer = outcome["status"], outcome["answer"]

    def _extend(self, p: Mapping[str, Any]) -> dict[str, int]:
        until = self.outbox.clock.time() + p["lease_seconds"]
        rows = [row for row in self.outbox.rows.values() if row.state == "leased"]
        rows = [row for row in rows if row.lease in p["leases"]]
        for row in rows:
            row.due_at = until
        return {"extended": len(rows)}

    def _disable(self, p: Mapping[str, Any]) -> dict[str, int]:
        subscription = self.outbox.subscriptions.get(p["subscription_id"])
        if subscription is None or not subscription["active"]:
            return {"disabled": 0}
        subscription.update(active=False, disabled_reason=p["reason"])
        return {"disabled": 1}

    def _stats(self, _: Any) -> dict[str, Any]:
        now = self.outbox.clock.time()
        rows = [row for row in self.outbox.rows.values() if row.state in OPEN]
        return {
            "next_due_seconds": min((row.due_at - now for row in rows), default=None),
            "subscriptions": [self._count(key, now) for key in self.outbox.subscriptions],
        }

    def _count(self, subscription: int, now: float) -> dict[str, Any]:
        rows = [row for row in self.outbox.rows.values() if row.subscription_id == subscription]
        counts = {
            state: sum(row.state == state for row in rows)
            for state in ("pending", "leased", "dead")
        }
        oldest = min((row.created_at for row in rows if row.state in OPEN), default=None)
        age = None if oldest is None else now - oldest
        return {"id": subscription, **counts, "oldest_seconds": age}

    def _replay(self, p: Mapping[str, Any]) -> dict[str, int]:
        rows = [row for row in self.outbox.rows.values() if _replayable(row, p)]
        dead = [row for row in rows if row.state == "dead"]
        for row in dead:
            row.state, row.attempts, row.lease = "pending", 0, None
            row.due_at = self.outbox.clock.time()
        delivered = {
            (row.event["id"], row.subscription_id): row for row in rows if row.state == "delivered"
        }
        for row in delivered.values():
            again = self.outbox._add(row.event, row.subscription_id, f"msg_{uuid.uuid4().hex}")
            again.replay = 1 + max(
                other.replay
                for other in self.outbox.rows.values()
                if other.event is row.event and other.subscription_id == row.subscription_id
            )
        return {"retried": len(dead), "replayed": len(delivered), "not_built": 0}

    def _remember(self, p: Mapping[str, Any]) -> dict[str, int]:
        for key, value in p["items"].items():
            self.outbox.references[p["subscription_id"], p["kind"], key] = value
        return {"remembered": len(p["items"])}

    def _recall(self, p: Mapping[str, Any]) -> dict[str, Any]:
        known, place = self.outbox.references, (p["subscription_id"], p["kind"])
        return {key: known[(*place, key)] for key in p["keys"] if (*place, key) in known}

    def _forget(self, p: Mapping[str, Any]) -> dict[str, int]:
        known, place = self.outbox.references, (p["subscription_id"], p["kind"])
        gone = [known.pop((*place, key)) for key in p["keys"] if (*place, key) in known]
        return {"forgotten": len(gone)}

    def _backfill(self, p: Mapping[str, Any]) -> dict[str, int]:
        self._known(p["subscription_id"])
        key = next(self.outbox._ids)
        self.outbox.backfills[key] = {"id": key, "state": "pending", "captured": 0, "error": None}
        return {"id": key}

    def _backfill_status(self, p: Mapping[str, Any]) -> dict[str, Any] | None:
        return self.outbox.backfills.get(p["id"])

    def _send_test(self, p: Mapping[str, Any]) -> dict[str, str]:
        key = self._known(p["subscription_id"])
        data = {"id": key, "message": p["message"] or "SmarterOS"}
        aggregate = f"smarter.subscription/{key}"
        uid = self.outbox.enqueue("test.ping", aggregate, data, subscriptions=[key])
        return {"event_id": uid}

    def _known(self, subscription: int) -> int:
        if subscription not in self.outbox.subscriptions:
            raise ConfigurationError(f"unknown subscription {subscription}")
        return subscription


def _wanted(key: int, p: Mapping[str, Any]) -> bool:
    only = p["subscriptions"]
    return (only is None or key in only) and key not in p["exclude"]


def _replayable(row: Row, p: Mapping[str, Any]) -> bool:
    if p.get("deliveries") is not None:
        return row.id in p["deliveries"]
    moment = instant(row.event["time"])
    return (
        row.subscription_id == p.get("subscription_id")
        and row.state == (p.get("state") or "dead")
        and (p.get("since") is None or moment >= instant(p["since"]))
        and (p.get("until") is None or moment < instant(p["until"]))
    )


def _document(row: Row) -> dict[str, Any]:
    return {
        "id": row.id,
        "subscription_id": row.subscription_id,
        "lane": row.lane,
        "attempt": row.attempts,
        "lease": row.lease,
        "webhook_id": row.webhook_id,
        "replay": row.replay,
        "event": row.event,
    }


def _utc(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")
