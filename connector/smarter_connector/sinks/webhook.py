"""n8n and any other receiver of signed webhooks: one POST for one event, or for a batch.

Configuration of the subscription: ``timeout`` and ``concurrency`` (numbers, optional). In a batch
the body is a JSON array; a receiver dedupes on the ``id`` of each event.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from smarter_connector.answers import failure
from smarter_connector.exceptions import ConfigurationError, ConnectorError, Gone, Rejected
from smarter_connector.sinks.base import Result, SinkContext
from smarter_connector.stores.base import Delivery
from smarter_domain.events.envelope import CONTENT_TYPE, InvalidEnvelope, batch_body
from smarter_domain.events.signature import InvalidKey, InvalidSignature, SigningKey, sign

TIMEOUT_MAX = 120.0


class WebhookSink:
    """Signs with every live key of the subscription, so that a key can be renewed without a gap."""

    def __init__(self, context: SinkContext) -> None:
        self._context = context
        self._url = context.subscription.url
        self._timeout = _timeout(context.subscription.config.get("timeout"))
        if not self._url:
            raise ConfigurationError("the subscription has no URL", status="url")
        try:
            self._keys = [SigningKey.from_text(text) for text in context.subscription.keys]
        except InvalidKey as error:
            raise ConfigurationError(
                f"a signing key is not valid: {error}", status="key"
            ) from error
        if not self._keys:
            raise ConfigurationError("the subscription has no live signing key", status="key")

    async def deliver(self, deliveries: Sequence[Delivery]) -> Sequence[Result]:
        if len(deliveries) == 1 and self._context.subscription.batch_size == 1:
            return [await self._deliver_one(deliveries[0])]
        return await self._deliver_batch(deliveries)

    async def close(self) -> None:
        """Nothing to let go of: connections belong to the transport."""

    async def _deliver_one(self, delivery: Delivery) -> Result:
        event = delivery.event
        try:
            body = event.body()
            status = await self._post(body, delivery.webhook_id, event.rut, event.tenant)
        except (ConnectorError, InvalidEnvelope) as error:
            return Result(delivery, _as_connector_error(error))
        return Result(delivery, status=status)

    async def _deliver_batch(self, deliveries: Sequence[Delivery]) -> list[Result]:
        """A refused batch is sent again in halves, so that one bad event stops only itself."""
        try:
            body = batch_body(delivery.event for delivery in deliveries)
            tenant = deliveries[0].event.tenant
            status = await self._post(body, batch_id(deliveries), tenant, tenant, len(deliveries))
        except (ConnectorError, InvalidEnvelope) as error:
            problem = _as_connector_error(error)
            divisible = isinstance(problem, Rejected) and not isinstance(problem, Gone)
            if not divisible or len(deliveries) == 1:
                return [Result(delivery, problem) for delivery in deliveries]
            middle = len(deliveries) // 2
            results = await self._deliver_batch(deliveries[:middle])
            return results + await self._after(results, deliveries[middle:])
        return [Result(delivery, status=status) for delivery in deliveries]

    async def _after(self, first: list[Result], rest: Sequence[Delivery]) -> list[Result]:
        """The second half, without the lanes that the first half left waiting."""
        waiting = {
            result.delivery.lane
            for result in first
            if result.error is not None and not isinstance(result.error, Rejected)
        }
        sendable = [delivery for delivery in rest if delivery.lane not in waiting]
        sent = await self._deliver_batch(sendable) if sendable else []
        found = {result.delivery.id: result for result in sent}
        return [found.get(item.id) or Result(item, skipped=True) for item in rest]

    async def _post(
        self, body: bytes, webhook_id: str, identity: str, tenant: str, count: int = 0
    ) -> str:
        context = self._context
        now = context.clock.time()
        try:
            headers = sign(
                body,
                webhook_id=webhook_id,
                timestamp=int(now),
                keys=self._keys,
                identity=identity,
                tenant=tenant,
            )
        except InvalidSignature as error:
            raise ConfigurationError(f"cannot be signed: {error}", status="key") from error
        headers["Content-Type"] = CONTENT_TYPE
        if count:
            headers["X-SMOS-Batch"] = str(count)
        reply = await context.transport.request(
            "POST", self._url, headers=headers, body=body, timeout=self._timeout
        )
        error = failure(reply, now=now)
        if error is not None:
            raise error
        return str(reply.status)


def batch_id(deliveries: Sequence[Delivery]) -> str:
    """The ``webhook-id`` of a batch: the same for the same deliveries in the same order."""
    ids = "\n".join(delivery.webhook_id for delivery in deliveries)
    return "msg_b_" + hashlib.sha256(ids.encode()).hexdigest()[:32]


def _as_connector_error(error: ConnectorError | InvalidEnvelope) -> ConnectorError:
    if isinstance(error, ConnectorError):
        return error
    return Rejected(f"the event cannot be written as JSON: {error}", status="envelope")


def _timeout(value: object) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
        raise ConfigurationError("timeout must be a number of seconds", status="config")
    return min(float(value), TIMEOUT_MAX)
