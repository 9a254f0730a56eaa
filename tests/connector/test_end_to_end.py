"""From an outbox in PostgreSQL to a receiver that verifies signatures."""

from __future__ import annotations

import json
import time

from aiohttp import web

from smarter_domain.events.envelope import Event
from smarter_domain.events.signature import verify
from tests.connector.outbox import enqueue, store_of, subscribe
from tests.connector.support import KEY, receiver, running, until


async def test_every_event_arrives_signed_and_in_order_per_lane(reused_outbox):
    got: list[Event] = []

    async def hook(request: web.Request) -> web.Response:
        body = await request.read()
        verify(request.headers, body, keys=[KEY], now=int(time.time()))
        got.append(Event.from_cloudevent(json.loads(body)))
        return web.Response()

    async with receiver(hook) as url:
        with reused_outbox.owner() as owner:
            key = subscribe(owner, url)
            for number in range(100):
                enqueue(owner, key, f"sale.order/{number % 7}", number=number)
        async with running([store_of(reused_outbox)]):
            await until(lambda: len(got) == 100)
    lanes = {event.aggregate: [] for event in got}
    for event in got:
        lanes[event.aggregate].append(event.version)
    assert all(versions == sorted(versions) for versions in lanes.values())
