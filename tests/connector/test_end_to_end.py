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


async def test_ids_and_body_of_events_that_come_again(reused_outbox):
    """Tried again or dead: all as before. Delivered and replayed: another webhook-id and a mark."""
    got: list[tuple[str, dict, bytes]] = []
    answers = iter((500, 422, 200, 200))

    async def hook(request: web.Request) -> web.Response:
        body = await request.read()
        verify(request.headers, body, keys=[KEY], now=int(time.time()))
        got.append((request.headers["webhook-id"], json.loads(body), body))
        return web.Response(status=next(answers))

    def replay() -> None:
        with reused_outbox.connector() as connection:
            connection.execute("""SELECT smarteros.replay('{"deliveries": [1]}')""")

    def delivery() -> list[tuple]:
        with reused_outbox.owner() as owner:
            return owner.execute("SELECT state FROM smarter_delivery ORDER BY id").fetchall()

    async with receiver(hook) as url:
        with reused_outbox.owner() as owner:
            enqueue(owner, subscribe(owner, url))
        quick = {"retry_schedule": (0.05,) * 5, "poll_seconds": 0.05}
        async with running([store_of(reused_outbox)], **quick):
            await until(lambda: delivery() == [("dead",)])
            replay()
            await until(lambda: delivery() == [("delivered",)])
            replay()
            await until(lambda: delivery() == [("delivered",)] * 2)
    (first_id, event, body), *same, (last_id, anew, _) = got
    assert [(id_, sent) for id_, _, sent in same] == [(first_id, body)] * 2
    assert last_id != first_id and "smosreplay" not in event
    assert anew == {**event, "smosreplay": "1"}
