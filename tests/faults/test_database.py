"""PostgreSQL is restarted while connectors are at work."""

from __future__ import annotations

import asyncio

from tests.connector.outbox import store_of
from tests.connector.support import running
from tests.faults.scene import scene
from tests.postgres import OutboxDatabases


async def test_a_restart_of_postgresql_loses_nothing(private_server):
    async def slow(_, __):
        await asyncio.sleep(0.005)

    outbox = OutboxDatabases(private_server.server).create()
    async with scene(outbox, slow) as stage:
        stage.load(360)
        async with running([store_of(outbox)], lease_seconds=2, poll_seconds=0.2) as engine:
            while len(stage.account.accepted) < 60:
                await asyncio.sleep(0.01)
            await asyncio.to_thread(private_server.stop)
            await asyncio.sleep(0.5)
            assert [status.state for status in engine.status()] != ["serving"]
            await asyncio.to_thread(private_server.start)
            await stage.delivered()
        stage.check()
