"""What the fault tests share: a receiver that keeps account, a load, connectors as processes."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web

from smarter_domain.events.envelope import Event
from smarter_domain.events.signature import verify
from tests.connector.outbox import enqueue, states, subscribe, tenant_of
from tests.connector.support import KEY, receiver
from tests.postgres import OutboxDatabase

REPO = Path(__file__).parents[2]
LANES = 12
WAIT = 60.0  # seconds until a test gives up; what is waited for normally takes one or two

Mood = Callable[[web.Request, int], Awaitable[web.StreamResponse | None]]


async def good(_: web.Request, __: int) -> None:
    """Take what comes."""


@dataclass
class Account:
    """What a receiver got. ``accepted`` only counts what it answered 200 to."""

    mood: Mood = good
    requests: int = 0
    accepted: list[tuple[str, Event]] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        verify(request.headers, body, keys=[KEY], now=int(time.time()))
        self.requests += 1
        answer = await self.mood(request, self.requests)
        if answer is not None:
            return answer
        found = json.loads(body)
        events = found if isinstance(found, list) else [found]
        for document in events:
            event = Event.from_cloudevent(document)
            self.accepted.append((request.headers["webhook-id"], event))
        return web.Response()

    @property
    def distinct(self) -> int:
        return len({event.id for _, event in self.accepted})

    def check(self, expected: int) -> int:
        """Nothing missing, order kept in each lane, repetitions under the same id.

        Returns how many deliveries were repetitions.
        """
        first: dict[str, tuple[str, Event]] = {}
        for webhook_id, event in self.accepted:
            known = first.setdefault(event.id, (webhook_id, event))
            assert known == (webhook_id, event), "a repetition came under another id"
        assert len(first) == expected, f"{expected - len(first)} events are missing"
        lanes: dict[str, list[tuple[int, int]]] = {}
        for _, event in first.values():
            lanes.setdefault(event.aggregate, []).append(event.version)
        assert all(versions == sorted(versions) for versions in lanes.values()), "order is broken"
        return len(self.accepted) - len(first)


class Scene:
    """One tenant, one subscription, one receiver."""

    def __init__(self, database: OutboxDatabase, url: str, account: Account) -> None:
        self.database = database
        self.account = account
        self.expected = 0
        with database.owner() as owner:
            owner.execute("UPDATE smarter_outbox_state SET tenant_rut = '77654321-7'")
            self.subscription = subscribe(owner, url)

    def load(self, count: int) -> None:
        """Commit ``count`` events, spread over the lanes."""
        with self.database.owner() as owner:
            for number in range(count):
                enqueue(owner, self.subscription, f"sale.order/{number % LANES}", number=number)
        self.expected += count

    async def feed(self, count: int, pause: float = 0.01) -> None:
        """The same, bit by bit, while connectors are at work."""
        for _ in range(count // LANES):
            await asyncio.to_thread(self.load, LANES)
            await asyncio.sleep(pause)

    def states(self) -> Counter[str]:
        with self.database.owner() as owner:
            return Counter(states(owner))

    async def delivered(self, seconds: float = WAIT) -> None:
        """Wait until the outbox says that everything arrived."""
        async with asyncio.timeout(seconds):
            while await asyncio.to_thread(self.states) != Counter(delivered=self.expected):
                await asyncio.sleep(0.05)

    def check(self) -> int:
        repeated = self.account.check(self.expected)
        print(f"{self.expected} events, {repeated} repeated under the same id")
        return repeated

    def environment(self, **values: object) -> dict[str, str]:
        """Variables of a connector process that serves this tenant."""
        login = self.database.server.connector
        listed = tenant_of(self.database).model_dump()
        quick = {
            "TENANTS": json.dumps([listed]),
            "PG_HOST": login.host,
            "PG_PORT": login.port,
            "PG_USER": login.user,
            "ALLOW_PRIVATE": '["127.0.0.0/8"]',
            "HTTP_PORT": 0,
            "LEASE_SECONDS": 2,
            "POLL_SECONDS": 0.2,
            "CLAIM_LIMIT": 40,
            "LOG_FORMAT": "text",
            "LOG_LEVEL": "WARNING",
            **values,
        }
        path = os.pathsep.join((str(REPO / "connector"), str(REPO), str(REPO / "scripts")))
        clean = {key: value for key, value in os.environ.items() if not key.startswith("SMARTER_")}
        named = {f"SMARTER_{key}": str(value) for key, value in quick.items()}
        return {**clean, **named, "PYTHONPATH": path, "PGPASSWORD": login.password}

    @asynccontextmanager
    async def connector(
        self, point: str = "never", count: int = 1, **values: object
    ) -> AsyncIterator[asyncio.subprocess.Process]:
        """A connector process, told to end at the end of the block if it is still there."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.faults.killed", point, str(count)),
            env=self.environment(**values),
            cwd=REPO,
        )
        try:
            yield process
        finally:
            if process.returncode is None:
                process.terminate()
            async with asyncio.timeout(WAIT):
                await process.wait()

    async def killed(self, point: str, count: int) -> None:
        """Run a connector until it has killed itself."""
        async with self.connector(point, count) as process, asyncio.timeout(WAIT):
            assert await process.wait() == -signal.SIGKILL


@asynccontextmanager
async def scene(database: OutboxDatabase, mood: Mood = good) -> AsyncIterator[Scene]:
    account = Account(mood)
    async with receiver(account.handle) as url:
        yield Scene(database, url, account)
