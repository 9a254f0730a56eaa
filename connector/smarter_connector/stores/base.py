"""The outbox of one tenant as the engine sees it: values, and the protocol every store speaks.

Each method of :class:`Store` is one function of ``smarter_domain/outbox/protocol.sql``, where its
meaning is written down. Every method may raise StoreUnavailable.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, Protocol

from smarter_connector.exceptions import IdentityMismatch
from smarter_connector.settings import TenantSettings
from smarter_domain.events.envelope import Event
from smarter_domain.outbox import PROTOCOL_VERSION

RESTING = frozenset({"suspended", "deleted"})
"""States of a tenant in which nothing of it is handed out."""

COUNTED_TARGETS = frozenset({"n8n", "webhook"})
"""Targets whose deliveries count against the plan's webhooks an hour (``allowance.sql``)."""

OutcomeName = Literal["delivered", "retry", "dead", "released"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """Where events go. ``config`` refers to secrets and holds none; ``keys`` are secret."""

    id: int
    name: str
    target: str
    url: str = ""
    batch_size: int = 1
    config: Mapping[str, Any] = field(default_factory=dict)
    keys: tuple[str, ...] = field(default=(), repr=False)
    company_id: int | None = None

    @classmethod
    def from_document(cls, doc: Mapping[str, Any]) -> Subscription:
        return cls(
            id=doc["id"],
            name=doc["name"],
            target=doc["target"],
            url=doc.get("url") or "",
            batch_size=doc.get("batch_size") or 1,
            config=doc.get("config") or {},
            keys=tuple(doc.get("keys") or ()),
            company_id=doc.get("company_id"),
        )


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event on its way to one subscription. ``attempt`` counts from 1, this one included.

    Deliveries of a ``lane`` (the event's aggregate) must arrive in the order of their ids.
    ``webhook_id`` stays the same over retries.
    """

    id: int
    subscription_id: int
    lane: str
    attempt: int
    lease: str
    webhook_id: str
    replay: int
    event: Event

    @classmethod
    def from_document(cls, doc: Mapping[str, Any]) -> Delivery:
        replay = doc["replay"]
        return cls(
            doc["id"],
            doc["subscription_id"],
            doc["lane"],
            doc["attempt"],
            doc["lease"],
            doc["webhook_id"],
            replay,
            Event.from_row(doc["event"], replay=replay),
        )


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a delivery. ``retry_in`` in seconds; ``answer`` redacted and cut."""

    id: int
    lease: str
    outcome: OutcomeName
    status: str = ""
    answer: str = ""
    retry_in: float | None = None

    def to_document(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "lease": self.lease,
            "outcome": self.outcome,
            "status": self.status,
            "answer": self.answer,
            "retry_in": self.retry_in,
        }


@dataclass(frozen=True, slots=True)
class Allowance:
    """What of the webhooks an hour is ``used``; the next hour begins in ``opens_in`` seconds."""

    limit: int
    used: int
    opens_in: float

    @property
    def spent(self) -> bool:
        return self.used >= self.limit


@dataclass(frozen=True, slots=True)
class Claim:
    """What one claim brought. ``now`` is the database's clock, seconds since 1970."""

    now: float
    epoch: int = 1
    held: bool = False
    subscriptions: tuple[Subscription, ...] = ()
    deliveries: tuple[Delivery, ...] = ()
    allowance: Allowance | None = None

    @classmethod
    def from_document(cls, doc: Mapping[str, Any]) -> Claim:
        allowance = doc.get("allowance")
        return cls(
            instant(doc["now"]),
            doc["epoch"],
            doc["held"],
            tuple(map(Subscription.from_document, doc["subscriptions"])),
            tuple(map(Delivery.from_document, doc["deliveries"])),
            Allowance(**allowance) if allowance else None,
        )


@dataclass(frozen=True, slots=True)
class Settled:
    """``lost``: deliveries whose lease somebody else holds by now, or that were settled before."""

    settled: int
    lost: tuple[int, ...] = ()

    @classmethod
    def from_document(cls, doc: Mapping[str, Any]) -> Settled:
        return cls(doc["settled"], tuple(doc["lost"]))


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a database says it is. ``subscriptions``: id, name, target, url, active, keys (count)."""

    uuid: str
    rut: str
    protocol: int
    database: str = ""
    name: str = ""
    status: str = ""
    epoch: int = 1
    held: bool = False
    held_reason: str = ""
    now: float = 0.0
    subscriptions: tuple[Mapping[str, Any], ...] = ()

    @classmethod
    def from_document(cls, doc: Mapping[str, Any]) -> Identity:
        resting = doc["status"] in RESTING  # claims bring nothing, as from a held outbox
        reason = doc["held_reason"] or (f"the tenant is {doc['status']}" if resting else "")
        return cls(
            uuid=doc["uuid"] or "",
            rut=doc["rut"] or "",
            protocol=doc["protocol"],
            database=doc["database"],
            name=doc["name"] or "",
            status=doc["status"] or "",
            epoch=doc["epoch"],
            held=doc["held"] or resting,
            held_reason=reason,
            now=instant(doc["now"]),
            subscriptions=tuple(doc["subscriptions"]),
        )

    def verify(self, tenant: TenantSettings) -> None:
        """Raise :class:`IdentityMismatch` unless this is the database that was listed.

        A copy for staging has another ``database.uuid``, and must not send.
        """
        said = {"database.uuid": self.uuid, "RUT": self.rut, "protocol": self.protocol}
        listed = {"database.uuid": tenant.uuid, "RUT": tenant.rut, "protocol": PROTOCOL_VERSION}
        for name, value in listed.items():
            if said[name] != value:
                raise IdentityMismatch(
                    f"database {tenant.database} is refused: its {name} is {said[name]!r}, "
                    f"the tenant list says {value!r}",
                    status="refused",
                )


class Store(Protocol):
    """The outbox of one tenant. Safe to call from several tasks at once."""

    tenant: TenantSettings
    webhooks_per_hour: int | None
    """The plan's allowance; None counts nothing. It may be set at any time."""

    async def open(self) -> Identity:
        """Connect and verify. Raises :class:`IdentityMismatch`. Calling it again checks again."""
        ...

    async def close(self) -> None: ...

    async def claim(
        self,
        *,
        worker: str,
        limit: int = 100,
        per_lane: int = 50,
        lease_seconds: float = 60,
        subscriptions: Sequence[int] | None = None,
        exclude: Sequence[int] = (),
    ) -> Claim:
        """Lease what is due. ``limit`` is per subscription."""
        ...

    async def settle(self, outcomes: Sequence[Outcome]) -> Settled: ...

    async def extend(self, leases: Sequence[str], lease_seconds: float) -> int: ...

    async def disable(self, subscription_id: int, reason: str) -> bool: ...

    async def stats(self) -> Mapping[str, Any]: ...

    async def allowance(self) -> Allowance | None:
        """What is used of it in the present hour; None when nothing is counted."""
        ...

    async def replay(self, request: Mapping[str, Any]) -> Mapping[str, int]: ...

    async def remember(self, subscription_id: int, kind: str, items: Mapping[str, Any]) -> None: ...

    async def recall(
        self, subscription_id: int, kind: str, keys: Sequence[str]
    ) -> dict[str, Any]: ...

    async def forget(self, subscription_id: int, kind: str, keys: Sequence[str]) -> None: ...

    async def backfill(self, subscription_id: int, company_id: int | None = None) -> int: ...

    async def backfill_status(self, backfill_id: int) -> Mapping[str, Any]: ...

    async def send_test(self, subscription_id: int, message: str = "") -> str:
        """Enqueue a ``test.ping``; returns the event's id."""
        ...


def instant(text: str) -> float:
    """Seconds since 1970 of a UTC timestamp as PostgreSQL writes it into JSON, without a zone."""
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
