"""A backlog of 20,000 events of ten tenants, to a receiver that verifies every signature."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator

import aiohttp

from devkit.bench.bed import RUT, Bed, Tenant
from devkit.bench.figure import Figure
from devkit.bench.processes import Sink, sink
from smarter_domain.events.envelope import CONTENT_TYPE, Event
from smarter_domain.events.signature import SigningKey, sign

TENANTS, EVENTS = 10, 20_000
DATA = {
    "model": "res.partner",
    "rut": "12345678-5",
    "email": "compras@ejemplo.invalid",
    "phone": "+56912345678",
    "is_company": True,
    "parent_id": None,
    "street": "Avenida Alemania 123",
    "comuna": "Temuco",
    "region": "La Araucanía",
    "country": "CL",
    "customer_since": "2026-01-15",
    "balance": 119000,
    "last_order": {"name": "S00042", "date": "2026-11-20", "total": 119000},
    "last_invoice": None,
    "labels": ["mayorista"],
    "active": True,
    "changed": ["phone"],
}
"""What a contact's event carries: about 800 bytes with its envelope."""


def measure(bed: Bed) -> Iterator[Figure]:
    tenants = [bed.outbox(f"bench_outbox_{n}") for n in range(TENANTS)]
    try:
        with sink(bed.environment(), bed.key_file, bed.log("sink")) as receiver:
            posts = _posts(bed.key, EVENTS)
            before = asyncio.run(_bare_rate(receiver, posts))
            single = _drain(bed, tenants, receiver, batch_size=1)
            bare = (before + asyncio.run(_bare_rate(receiver, posts))) / 2
            batched = _drain(bed, tenants, receiver, batch_size=100)
            peer = _peer_rate(bed, receiver)
    finally:
        bed.drop(*(tenant.database for tenant in tenants))
    beside = {"bare aiohttp loop": bare, **({"erpdoo webhook sink": peer} if peer else {})}
    yield Figure(
        "backlog, one POST an event",
        single,
        "events/s",
        ">= 1200; >= 1.5 x erpdoo; >= 45 % of bare",
        single >= 1200 and single >= 0.45 * bare and (not peer or single >= 1.5 * peer),
        beside,
        {
            "of bare": round(single / bare, 2),
            "times erpdoo": round(single / peer, 2) if peer else None,
        },
    )
    yield Figure(
        "backlog, 100 events a POST", batched, "events/s", ">= 5000", batched >= 5000, beside
    )


def _drain(bed: Bed, tenants: list[Tenant], receiver: Sink, batch_size: int) -> float:
    for tenant in tenants:
        subscription = bed.subscribe(tenant.database, receiver.url(), batch_size)
        _fill(bed, tenant.database, subscription, EVENTS // TENANTS)
    receiver.reset()
    with bed.connector(tenants, "connector"):
        stats = receiver.wait_for(EVENTS, 120)
    return EVENTS / (stats["last"] - stats["first"])


def _fill(bed: Bed, database: str, subscription: int, count: int) -> None:
    """Enqueue through the function Odoo calls; each event has a record of its own."""
    with bed.server.odoo.connect(database) as connection:
        connection.execute("TRUNCATE smarter_event CASCADE")
        for start in range(0, count, 500):
            events = [
                {
                    "type": "contact.updated",
                    "model": "res.partner",
                    "res_id": n,
                    "rut": RUT,
                    "aggregate": f"res.partner/{n}",
                    "subscriptions": [subscription],
                    "data": {"id": n, "name": f"Cliente {n}", **DATA},
                }
                for n in range(start + 1, start + 501)
            ]
            connection.execute("SELECT smarteros.enqueue(%s::jsonb)", [json.dumps(events)])
        connection.execute("ANALYZE smarter_event, smarter_delivery")


def _posts(key: SigningKey, count: int) -> list[tuple[bytes, dict[str, str]]]:
    """Bodies and headers as the connector sends them."""
    now, posts = int(time.time()), []
    for n in range(1, count + 1):
        event = Event(
            id=f"00000000-0000-4000-8000-{n:012d}",
            type="contact.updated",
            tenant=RUT,
            rut=RUT,
            aggregate=f"res.partner/{n}",
            time="2026-11-22T12:00:00.000000Z",
            epoch=1,
            number=n,
            data={"id": n, "name": f"Cliente {n}", **DATA},
        )
        body = event.body()
        headers = sign(
            body, webhook_id=f"msg_{n:032x}", timestamp=now, keys=(key,), identity=RUT, tenant=RUT
        )
        posts.append((body, {**headers, "Content-Type": CONTENT_TYPE}))
    return posts


async def _bare_rate(receiver: Sink, posts: list[tuple[bytes, dict[str, str]]]) -> float:
    """Posts a second of the same client in a bare loop, which has nothing to claim, make or keep.

    Taken before the connector's turn and after it: on a shared machine the two differ.
    """
    queue = iter(posts)

    async def worker(session: aiohttp.ClientSession) -> None:
        for body, headers in queue:
            async with session.post(receiver.url(), data=body, headers=headers) as answer:
                await answer.read()
                answer.raise_for_status()

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        start = time.monotonic()
        await asyncio.gather(*(worker(session) for _ in range(16)))
        return len(posts) / (time.monotonic() - start)


def _peer_rate(bed: Bed, receiver: Sink) -> float | None:
    from devkit.bench import peer

    return peer.backlog_rate(bed, receiver, EVENTS)
