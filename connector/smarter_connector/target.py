"""One subscription of one tenant: what is in hand for it, who delivers it, and when it rests."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from smarter_connector import redaction
from smarter_connector.breaker import Breaker
from smarter_connector.exceptions import (
    ConfigurationError,
    ConnectorError,
    Gone,
    Rejected,
    Retryable,
)
from smarter_connector.lanes import Batch, Lanes
from smarter_connector.shared import Shared
from smarter_connector.sinks.base import Result, Sink, SinkContext, SinkMemory
from smarter_connector.stores.base import Delivery, Outcome, OutcomeName, Store, Subscription

logger = logging.getLogger(__name__)

STOPPED = "stopped"
REST_ASKED_MAX = 3600.0
"""Seconds for which a target can make a whole subscription wait by Retry-After."""
DELIVER_MAX = 300.0
"""Seconds after which a call of a sink is given up, whatever it waits for."""
TURN_CALLS, TURN_SECONDS = 8, 0.05
"""A place at the gates is kept for so many calls of a sink, but not for longer: handing it on costs
a task switch, which matters when calls are quick and fairness when they are not."""


class Owner(Protocol):
    """The tenant of a target."""

    store: Store
    stopping: bool

    def lease_valid(self, lease: str) -> bool: ...

    def finished(self, delivery: Delivery, outcome: Outcome) -> None: ...

    def lost(self, deliveries: Sequence[Delivery]) -> None: ...

    def disable(self, target: Target, reason: str) -> None: ...

    def wants_more(self) -> None: ...

    def target_changed(self, target: Target) -> None:
        """It fell idle, or its breaker changed."""
        ...


class Target:
    """Runs up to ``concurrency`` calls of a sink at once, each with a batch of some lanes."""

    def __init__(self, owner: Owner, shared: Shared, subscription: Subscription) -> None:
        settings = shared.settings
        self.owner = owner
        self.shared = shared
        self.again = False
        """The outbox may hold more for it."""
        self.full = False
        """The last claim brought as much as was asked for."""
        self.lanes = Lanes()
        self.running: dict[asyncio.Task[None], float] = {}
        """Who is delivering, and since when its present call is under way."""
        self._late: set[asyncio.Task[None]] = set()
        self.in_hand = 0
        """Deliveries claimed and not yet settled; kept by the owner."""
        self.breaker = Breaker(
            shared.clock,
            failures=settings.breaker_failures,
            rest=settings.breaker_seconds,
            rest_max=settings.breaker_max_seconds,
        )
        self._sink: Sink | None = None
        self._retired: list[Sink] = []
        self.update(subscription)

    def update(self, subscription: Subscription) -> None:
        """Take over what a person changed; calls under way end with what they began with."""
        if self._sink is not None:
            self._retired.append(self._sink)
            self._sink = None
        self.subscription = subscription
        self.concurrency = _concurrency(subscription, self.shared.settings.concurrency)
        self._host = self.shared.host_gate(subscription)
        self.limit = max(
            self.shared.settings.claim_limit,
            min(1000, 2 * self.concurrency * subscription.batch_size),
        )

    @property
    def has_room(self) -> bool:
        return self.breaker.closed and self.lanes.waiting <= self.limit // 2

    @property
    def idle(self) -> bool:
        return not self.running

    def accept(self, deliveries: Sequence[Delivery]) -> None:
        """Deliver these, in order within each lane."""
        self.owner.lost(self.lanes.add(deliveries))
        self._start()

    def release(self) -> None:
        """Give back all that was not begun."""
        for delivery in self.lanes.clear():
            self._finish(delivery, "released")

    def break_off_late(self) -> None:
        """Give up calls of the sink that take longer than any sink may."""
        limit = self.shared.clock.monotonic() - DELIVER_MAX
        for task, since in self.running.items():
            if since < limit and task not in self._late:
                self._late.add(task)
                task.cancel()

    async def close(self) -> None:
        """Close the sinks. Call it when idle."""
        sinks, self._retired = [*self._retired, self._sink], []
        self._sink = None
        for sink in sinks:
            if sink is not None:
                await _close(sink)

    def _start(self) -> None:
        batches = -(-self.lanes.waiting // self.subscription.batch_size)
        wanted = min(self.concurrency, len(self.lanes), batches)
        for _ in range(wanted - len(self.running)):
            task = asyncio.create_task(self._run())
            self.running[task] = self.shared.clock.monotonic()
            task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        del self.running[task]
        self._late.discard(task)
        if not task.cancelled() and task.exception():
            logger.error("a delivery broke off", exc_info=task.exception())
        self._start()  # a claim may have come between its last look and its end
        self.owner.target_changed(self)

    async def _run(self) -> None:
        tenant = self.owner.store.tenant.database
        while self.lanes:
            await self._host.enter(tenant)
            try:
                await self.shared.total.enter(tenant)
                try:
                    await self._take_turn()
                finally:
                    self.shared.total.leave(tenant)
            finally:
                self._host.leave(tenant)
        if self._retired and len(self.running) == 1:
            retired, self._retired = self._retired, []
            for sink in retired:
                await _close(sink)

    async def _take_turn(self) -> None:
        task = asyncio.current_task()
        until = self.shared.clock.monotonic() + TURN_SECONDS
        for _ in range(TURN_CALLS):
            await self._deliver_next(task)
            if not self.lanes or self.shared.clock.monotonic() >= until:
                return

    async def _deliver_next(self, task: asyncio.Task[None]) -> None:
        batch = self.lanes.take(self.subscription.batch_size)
        self._drop_lost(batch)
        if not batch.deliveries:
            self.lanes.put_back(batch)
            return
        self.running[task] = self.shared.clock.monotonic()
        try:
            results = await self._deliver(batch.deliveries)
        except asyncio.CancelledError:
            error = Retryable("the connector was stopped meanwhile", status=STOPPED)
            if task in self._late:
                error = Retryable(f"not done after {DELIVER_MAX:.0f} seconds", status="timeout")
            results = [Result(item, error) for item in batch.deliveries]
            self._judge(results)
            self._conclude(batch, results)
            raise
        self._judge(results)
        self._conclude(batch, results)

    def _drop_lost(self, batch: Batch) -> None:
        """What outlived its lease is somebody else's: sending it now could break the order."""
        valid = [item for item in batch.deliveries if self.owner.lease_valid(item.lease)]
        if len(valid) < len(batch.deliveries):
            kept = set(map(id, valid))
            self.owner.lost([item for item in batch.deliveries if id(item) not in kept])
            batch.deliveries = valid

    async def _deliver(self, deliveries: Sequence[Delivery]) -> Sequence[Result]:
        try:
            results = await self._open_sink().deliver(deliveries)
        except ConnectorError as error:
            return [Result(delivery, error) for delivery in deliveries]
        except Exception:
            # The boundary of the loop: a defect in one sink must not stop the other targets, and
            # what it held is tried again and shown.
            logger.exception("defect in sink %s", self.subscription.target)
            defect = Retryable("internal error of the connector; see its log", status="defect")
            return [Result(delivery, defect) for delivery in deliveries]
        if len(results) != len(deliveries):
            logger.error("sink %s answered for others", self.subscription.target)
            defect = Retryable("internal error of the connector", status="defect")
            return [Result(delivery, defect) for delivery in deliveries]
        return results

    def _open_sink(self) -> Sink:
        if not isinstance(self.subscription.config, Mapping):
            raise ConfigurationError("the configuration must be a JSON object", status="config")
        if self._sink is None:
            shared = self.shared
            self._sink = shared.make_sink(
                SinkContext(
                    subscription=self.subscription,
                    tenant=self.owner.store.tenant,
                    memory=SinkMemory(self.owner.store, self.subscription.id),
                    transport=shared.transport,
                    clock=shared.clock,
                    secrets=shared.secrets_of(self.owner.store.tenant),
                    settings=shared.settings,
                )
            )
        return self._sink

    def _judge(self, results: Sequence[Result]) -> None:
        """Let the breaker know. A refusal of one event is no failure of the target."""
        errors = [result.error for result in results]
        gone = next((error for error in errors if isinstance(error, Gone)), None)
        if gone is not None:
            self.owner.disable(self, str(gone))
            self._rest(self.shared.settings.identity_seconds)
        elif any(result.ok or isinstance(result.error, Rejected) for result in results):
            probing = not self.breaker.closed
            self.breaker.succeeded()
            if probing:
                self.owner.target_changed(self)
        elif any(errors):
            asked = [error.retry_after for error in errors if isinstance(error, Retryable)]
            if any(asked):
                self._rest(min(max(filter(None, asked)), REST_ASKED_MAX))
            elif self.breaker.failed():
                logger.warning("target %s rests: %s", self.subscription.name, errors[0])
            if not self.breaker.closed:
                self.release()
                self.owner.target_changed(self)

    def _rest(self, seconds: float) -> None:
        self.breaker.rest(seconds)
        self.release()
        self.owner.target_changed(self)

    def _conclude(self, batch: Batch, results: Sequence[Result]) -> None:
        blocked: set[str] = set()
        for result in results:
            name = self._settle(result)
            if name in ("retry", "released"):
                blocked.add(result.delivery.lane)
        for lane in batch.lanes:
            lane.blocked = lane.name in blocked
        for delivery in self.lanes.put_back(batch):
            self._finish(delivery, "released")
        if self.full and self.has_room:
            self.owner.wants_more()

    def _settle(self, result: Result) -> OutcomeName:
        delivery, error = result.delivery, result.error
        if result.skipped:
            self._finish(delivery, "released")
            return "released"
        if error is None:
            self._finish(delivery, "delivered", result.status, result.answer)
            return "delivered"
        if isinstance(error, Gone) or error.status == STOPPED:
            # Neither counts against the event: it waits for the next connector, or for the day
            # the subscription is switched on again.
            self._finish(delivery, "retry", error.status, _explain(error), 0.0)
            return "retry"
        decision = self.shared.retry.decide(delivery.attempt, error)
        wait = decision.retry_in
        self._finish(delivery, decision.outcome, error.status, _explain(error), wait)
        return decision.outcome

    def _finish(
        self,
        delivery: Delivery,
        name: OutcomeName,
        status: str = "",
        answer: str = "",
        retry_in: float | None = None,
    ) -> None:
        if answer:
            known = (*self.subscription.keys, *self.shared.secrets.known)
            answer = redaction.answer(answer, known)
        outcome = Outcome(delivery.id, delivery.lease, name, status, answer, retry_in)
        self.owner.finished(delivery, outcome)


def _concurrency(subscription: Subscription, limit: int) -> int:
    config = subscription.config
    wanted = config.get("concurrency") if isinstance(config, Mapping) else None
    return min(limit, max(1, wanted)) if isinstance(wanted, int) else limit


def _explain(error: ConnectorError) -> str:
    kind = "configuration: " if isinstance(error, ConfigurationError) else ""
    return f"{kind}{error}\n{error.answer}" if error.answer else f"{kind}{error}"


async def _close(sink: Sink) -> None:
    close: Callable = sink.close
    try:
        await close()
    except Exception:
        # Nothing is lost by it, and the others must still be closed.
        logger.exception("a sink could not be closed")
