"""A store in terms of one coroutine ``call(function, argument)``, which the others add."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

from smarter_connector.exceptions import OutboxTooOld
from smarter_connector.settings import TenantSettings
from smarter_connector.stores.base import Allowance, Claim, Identity, Outcome, Settled

logger = logging.getLogger(__name__)


class ProtocolStore(ABC):
    """Speaks ``smarteros.<function>(jsonb) -> jsonb``; see :class:`~.base.Store`."""

    def __init__(self, tenant: TenantSettings) -> None:
        self.tenant = tenant
        self.webhooks_per_hour: int | None = None

    @abstractmethod
    async def call(self, function: str, argument: Any) -> Any:
        """Call one function of the protocol. Raises StoreUnavailable, ConfigurationError."""

    async def open(self) -> Identity:
        identity = Identity.from_document(await self.call("identity", {}))
        identity.verify(self.tenant)
        return identity

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
        request = {
            "worker": worker,
            "limit": limit,
            "per_lane": per_lane,
            "lease_seconds": lease_seconds,
            "subscriptions": None if subscriptions is None else list(subscriptions),
            "exclude": list(exclude),
        }
        if self.webhooks_per_hour is not None:
            counted = {**request, "hourly": self.webhooks_per_hour}
            document = await self._counted("claim_within", counted)
            if document is not None:
                return Claim.from_document(document)
        return Claim.from_document(await self.call("claim", request))

    async def settle(self, outcomes: Sequence[Outcome]) -> Settled:
        documents = [outcome.to_document() for outcome in outcomes]
        if self.webhooks_per_hour is not None:
            document = await self._counted("settle_within", documents)
            if document is not None:
                return Settled.from_document(document)
        return Settled.from_document(await self.call("settle", documents))

    async def extend(self, leases: Sequence[str], lease_seconds: float) -> int:
        request = {"leases": list(leases), "lease_seconds": lease_seconds}
        return (await self.call("extend", request))["extended"]

    async def disable(self, subscription_id: int, reason: str) -> bool:
        request = {"subscription_id": subscription_id, "reason": reason}
        return bool((await self.call("disable", request))["disabled"])

    async def stats(self) -> Mapping[str, Any]:
        return await self.call("stats", {})

    async def allowance(self) -> Allowance | None:
        if self.webhooks_per_hour is None:
            return None
        found = await self._counted("allowance", {"hourly": self.webhooks_per_hour})
        return Allowance(**found) if found else None

    async def _counted(self, function: str, argument: Any) -> Any:
        """None from an outbox of an older release: there nothing is counted, and all goes out."""
        try:
            return await self.call(function, argument)
        except OutboxTooOld as error:
            logger.warning("webhooks of %s are not counted: %s", self.tenant.database, error)
            self.webhooks_per_hour = None
            return None

    async def replay(self, request: Mapping[str, Any]) -> Mapping[str, int]:
        return await self.call("replay", dict(request))

    async def remember(self, subscription_id: int, kind: str, items: Mapping[str, Any]) -> None:
        request = {"subscription_id": subscription_id, "kind": kind, "items": dict(items)}
        await self.call("remember", request)

    async def recall(self, subscription_id: int, kind: str, keys: Sequence[str]) -> dict[str, Any]:
        request = {"subscription_id": subscription_id, "kind": kind, "keys": list(keys)}
        return await self.call("recall", request)

    async def forget(self, subscription_id: int, kind: str, keys: Sequence[str]) -> None:
        request = {"subscription_id": subscription_id, "kind": kind, "keys": list(keys)}
        await self.call("forget", request)

    async def backfill(self, subscription_id: int, company_id: int | None = None) -> int:
        request = {"subscription_id": subscription_id, "company_id": company_id}
        return (await self.call("backfill", request))["id"]

    async def backfill_status(self, backfill_id: int) -> Mapping[str, Any]:
        return await self.call("backfill_status", {"id": backfill_id}) or {}

    async def send_test(self, subscription_id: int, message: str = "") -> str:
        request = {"subscription_id": subscription_id, "message": message or None}
        return (await self.call("send_test", request))["event_id"]
