"""What a receiving system looks like to the engine.

A sink serves one subscription of one tenant. The engine calls :meth:`Sink.deliver` concurrently for
different lanes, and one after the other for the deliveries of a lane, in order; a call brings
1 to ``subscription.batch_size`` deliveries, and a lane may have several in one call, in order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from smarter_connector.clock import Clock
from smarter_connector.exceptions import ConnectorError
from smarter_connector.settings import Settings, TenantSettings
from smarter_connector.stores.base import Delivery, Store, Subscription

if TYPE_CHECKING:
    from smarter_connector.secrets import SecretResolver
    from smarter_connector.tenant_secrets import TenantSecrets
    from smarter_connector.transport import Transport


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one delivery: done, failed with ``error``, or ``skipped`` (not tried).

    A sink that stops a lane at a failure answers ``skipped`` for what follows in that lane; the
    attempt is then taken back. The engine redacts and cuts ``answer``.
    """

    delivery: Delivery
    error: ConnectorError | None = None
    status: str = ""
    answer: str = ""
    skipped: bool = False

    @property
    def ok(self) -> bool:
        return self.error is None and not self.skipped


class Sink(Protocol):
    async def deliver(self, deliveries: Sequence[Delivery]) -> Sequence[Result]:
        """Hand over the deliveries; one result for each, in the same order.

        Raising a :class:`ConnectorError` is the short form of giving it to every delivery.
        It must not wait for ever: the transport has time-outs, other waits need their own.
        """
        ...

    async def close(self) -> None:
        """Let go of connections. No ``deliver`` is running when it is called."""
        ...


class SinkMemory:
    """What a sink remembers in the tenant's database (``smarter_external_ref``)."""

    def __init__(self, store: Store, subscription_id: int) -> None:
        self._store = store
        self._subscription_id = subscription_id

    async def remember(self, kind: str, items: Mapping[str, Any]) -> None:
        await self._store.remember(self._subscription_id, kind, items)

    async def recall(self, kind: str, keys: Sequence[str]) -> dict[str, Any]:
        """The values known for ``keys``; an unknown key is absent."""
        return await self._store.recall(self._subscription_id, kind, keys)

    async def forget(self, kind: str, keys: Sequence[str]) -> None:
        await self._store.forget(self._subscription_id, kind, keys)


@dataclass(frozen=True, slots=True)
class SinkContext:
    """All that a sink may use; it reads no environment and opens no HTTP connection of its own."""

    subscription: Subscription
    tenant: TenantSettings
    memory: SinkMemory
    transport: Transport
    clock: Clock
    secrets: SecretResolver | TenantSecrets
    settings: Settings


SinkFactory = Callable[[SinkContext], Sink]
