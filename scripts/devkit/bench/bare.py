"""The limit: the same commit, NOTIFY, claim and POST with nothing around them."""

from __future__ import annotations

import asyncio
import json
import threading
import time

import aiohttp
import psycopg

from devkit.bench.backlog import DATA
from devkit.bench.bed import RUT, Bed
from devkit.bench.processes import Sink
from smarter_domain.events.envelope import Event
from smarter_domain.events.signature import sign
from smarter_domain.outbox import NOTIFY_CHANNEL


def latencies(bed: Bed, receiver: Sink, count: int) -> list[float]:
    """Milliseconds from commit to arrival, one event at a time on an idle system."""
    tenant = bed.outbox("bench_bare")
    subscription = bed.subscribe(tenant.database, receiver.url())
    receiver.reset()
    committed: dict[str, float] = {}
    stop = threading.Event()
    loop = threading.Thread(
        target=lambda: asyncio.run(_deliver(bed, tenant.database, receiver, stop))
    )
    loop.start()
    try:
        _write(bed, tenant.database, subscription, count, committed)
        receiver.wait_for(count, 20)
    finally:
        stop.set()
        _wake(bed, tenant.database)
        loop.join(10)
    arrived = receiver.get("times")
    bed.drop(tenant.database)
    return [(arrived[label] - at) * 1e3 for label, at in committed.items()]


def _write(
    bed: Bed, database: str, subscription: int, count: int, committed: dict[str, float]
) -> None:
    time.sleep(1)
    with bed.server.odoo.connect(database) as connection, bed.server.odoo.connect() as wake:
        for n in range(count):
            event = {
                "type": "contact.updated",
                "model": "res.partner",
                "res_id": 1,
                "rut": RUT,
                "aggregate": "res.partner/1",
                "subscriptions": [subscription],
                "data": {"id": 1, "name": f"bare{n}", **DATA},
            }
            connection.execute("SELECT smarteros.enqueue(%s::jsonb)", [json.dumps([event])])
            committed[f"bare{n}"] = time.monotonic()
            wake.execute("SELECT pg_notify(%s, %s)", [NOTIFY_CHANNEL, database])
            time.sleep(0.03)


def _wake(bed: Bed, database: str) -> None:
    with bed.server.odoo.connect() as connection:
        connection.execute("SELECT pg_notify(%s, %s)", [NOTIFY_CHANNEL, database])


async def _deliver(bed: Bed, database: str, receiver: Sink, stop: threading.Event) -> None:
    login = bed.server.connector
    listener = await psycopg.AsyncConnection.connect(**login.dsn("postgres"), autocommit=True)
    store = await psycopg.AsyncConnection.connect(**login.dsn(database), autocommit=True)
    await listener.execute(f"LISTEN {NOTIFY_CHANNEL}")
    async with listener, store, aiohttp.ClientSession() as session:
        async for _ in listener.notifies():
            if stop.is_set():
                return
            await _once(bed, store, session, receiver)


async def _once(bed: Bed, store, session: aiohttp.ClientSession, receiver: Sink) -> None:
    rows = await store.execute("""SELECT smarteros.claim('{"worker": "bare"}')""")
    claim = (await rows.fetchone())[0]
    for delivery in claim["deliveries"]:
        body = Event.from_row(delivery["event"]).body()
        headers = sign(
            body,
            webhook_id=delivery["webhook_id"],
            timestamp=int(time.time()),
            keys=(bed.key,),
            identity="bare",
            tenant=RUT,
        )
        async with session.post(receiver.url(), data=body, headers=headers) as answer:
            await answer.read()
        outcome = [{"id": delivery["id"], "lease": delivery["lease"], "outcome": "delivered"}]
        await store.execute("SELECT smarteros.settle(%s::jsonb)", [json.dumps(outcome)])
