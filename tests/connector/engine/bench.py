"""An engine on a workbench: outbox in memory, a sink that does as told, a clock moved by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from smarter_connector.clock import FakeClock
from smarter_connector.engine import Engine
from smarter_connector.exceptions import ConnectorError
from smarter_connector.retry import RetryPolicy
from smarter_connector.shared import Shared
from smarter_connector.sinks.base import Result, SinkContext
from smarter_connector.stores.base import Delivery
from smarter_connector.stores.memory import MemoryOutbox, MemoryStore, Row
from tests.connector.support import settings, tenant


class FakeSink:
    """Records what it gets. ``errors`` are raised in turn; ``open`` cleared makes it wait."""

    def __init__(self, context: SinkContext) -> None:
        self.context = context
        self.got: list[Delivery] = []
        self.batches: list[int] = []
        self.errors: list[ConnectorError] = []
        self.error_for: Callable[[Delivery], ConnectorError | None] = lambda delivery: None
        self.open = asyncio.Event()
        self.open.set()
        self.inside = 0
        self.most_inside = 0
        self.closed = False

    async def deliver(self, deliveries: Sequence[Delivery]) -> list[Result]:
        self.batches.append(len(deliveries))
        self.got += deliveries
        self.inside += 1
        self.most_inside = max(self.most_inside, self.inside)
        try:
            await asyncio.sleep(0)
            await self.open.wait()
        finally:
            self.inside -= 1
        if self.errors:
            raise self.errors.pop(0)
        return [Result(item, self.error_for(item), status="200") for item in deliveries]

    async def close(self) -> None:
        self.closed = True

    @property
    def attempts(self) -> list[tuple[str, int]]:
        """Lane and attempt of all it got."""
        return [(item.lane, item.attempt) for item in self.got]


class Bench:
    """``bench.outbox()`` makes a tenant; :meth:`work` lets the engine run until nothing moves."""

    def __init__(self, **values: Any) -> None:
        self.settings = settings(**values)
        self.clock = FakeClock()
        self.outboxes: list[MemoryOutbox] = []
        self.stores: list[MemoryStore] = []
        self.sinks: dict[int, FakeSink] = {}
        self.made: list[FakeSink] = []
        policy = RetryPolicy(self.settings.retry_schedule, 86400, random=lambda: 1.0)
        self.shared = Shared(
            self.settings,
            transport=None,
            clock=self.clock,
            make_sink=self._make_sink,
            retry=policy,
            worker="test",
        )
        self.engine: Engine | None = None
        self.task: asyncio.Task[None] | None = None

    def outbox(self, **listed: Any) -> MemoryOutbox:
        outbox = MemoryOutbox(clock=self.clock)
        outbox._ids = self._ids = getattr(self, "_ids", outbox._ids)
        name = {"database": f"t_{len(self.outboxes) + 1}", "uuid": outbox.uuid}
        self.outboxes.append(outbox)
        self.stores.append(MemoryStore(outbox, tenant(**{**name, **listed})))
        return outbox

    def prepare(self, subscription: int) -> FakeSink:
        """The sink of a subscription, made beforehand so that a test can instruct it."""
        return self.sinks.setdefault(subscription, FakeSink(None))

    def _make_sink(self, context: SinkContext) -> FakeSink:
        sink = self.sinks.pop(context.subscription.id, None) or FakeSink(context)
        sink.context = context
        self.sinks[context.subscription.id] = sink
        self.made.append(sink)
        return sink

    async def start(self) -> None:
        self.engine = Engine(self.stores, self.shared)
        self.task = asyncio.create_task(self.engine.run())
        await self.work()

    async def work(self, seconds: float = 0) -> None:
        """Move the clock in small steps, letting all tasks run as far as they can after each."""
        await _settle_down()
        while seconds > 0:
            step = min(seconds, 1.0)
            self.clock.advance(step)
            seconds -= step
            await _settle_down()

    async def wake(self) -> None:
        self.engine.wake_all()
        await self.work(0.2)

    def figure(self, name: str, **labels: str) -> float:
        return self.shared.metrics.value(name, **labels)


async def _settle_down() -> None:
    for _ in range(60):
        await asyncio.sleep(0)


def rows(outbox: MemoryOutbox) -> list[Row]:
    return sorted(outbox.rows.values(), key=lambda row: row.id)


@asynccontextmanager
async def running(bench: Bench):
    """Start the engine for the block, and stop it however the block ends."""
    await bench.start()
    try:
        yield bench
    finally:
        for sink in bench.made:
            sink.open.set()
        await bench.engine.stop(0)
        await bench.task
