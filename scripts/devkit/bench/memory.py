"""The connector's memory with a hundred tenants, each served at least once."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

from devkit.bench.bed import RUT, Bed
from devkit.bench.figure import Figure
from devkit.bench.processes import memory_mb, sink

DATABASES = 100


def measure(bed: Bed) -> Iterator[Figure]:
    tenants = [bed.outbox(f"bench_memory_{n}") for n in range(DATABASES)]
    try:
        with sink(bed.environment(), bed.key_file, bed.log("sink")) as receiver:
            for tenant in tenants:
                subscription = bed.subscribe(tenant.database, receiver.url())
                event = {
                    "type": "test.ping",
                    "aggregate": "smarter.subscription/1",
                    "rut": RUT,
                    "data": {"id": 1, "message": "hola"},
                    "subscriptions": [subscription],
                }
                with bed.server.odoo.connect(tenant.database) as connection:
                    connection.execute("SELECT smarteros.enqueue(%s::jsonb)", [json.dumps([event])])
            with bed.connector(tenants, "connector-memory") as child:
                receiver.wait_for(DATABASES, 120)
                time.sleep(10)  # idle, and polling
                found = memory_mb(child.pid)
    finally:
        bed.drop(*(tenant.database for tenant in tenants))
    yield Figure(
        "connector's resident memory with 100 tenants",
        found["rss"],
        "MB",
        "< 200",
        found["rss"] < 200,
        {"proportional (Pss)": found["pss"]},
    )
