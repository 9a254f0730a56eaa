"""What people and programs enter wrongly: it is named, nothing is lost, nobody else suffers."""

from __future__ import annotations

import asyncio

import pytest

from tests.connector.outbox import enqueue, store_of, subscribe
from tests.connector.support import running
from tests.faults.scene import scene

QUICK = {"retry_schedule": (0.1,) * 100, "breaker_seconds": 0.2, "poll_seconds": 0.1}
WRONG = {
    "": "url",
    "not a URL": "url",
    "http://[::1": "url",
    "https://user:password@example.cl/": "url",
    "https://" + "a" * 5000: "url",
    "file:///etc/passwd": "url",
    "http://169.254.169.254/latest/meta-data": "private",
    "http://[::ffff:10.0.0.1]/": "private",
}


async def until_status(database, subscription: int, wanted: str) -> str:
    """Wait until a delivery shows this status; returns what it says to people."""
    query = "SELECT last_status, last_answer FROM smarter_delivery WHERE subscription_id = %s"
    async with asyncio.timeout(20):
        while True:
            with database.owner() as owner:
                found = dict(owner.execute(query, [subscription]).fetchall())
            if wanted in found:
                return found[wanted]
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("url", WRONG, ids=range(len(WRONG)))
async def test_a_wrong_url_is_named_and_mended_without_loss(reused_outbox, url):
    async with scene(reused_outbox) as stage:
        with reused_outbox.owner() as owner:
            wrong = subscribe(owner, url, target="n8n")
            enqueue(owner, wrong, "sale.order/99")
        stage.load(12)
        async with running([store_of(reused_outbox)], **QUICK):
            said = await until_status(reused_outbox, wrong, WRONG[url])
            assert said.startswith("configuration:") and "password@" not in said
            query = "UPDATE smarter_subscription SET url = (SELECT url FROM smarter_subscription"
            with reused_outbox.owner() as owner:
                owner.execute(f"{query} WHERE id = %s) WHERE id = %s", [stage.subscription, wrong])
            stage.expected += 1
            await stage.delivered()
        stage.check()


async def test_an_oversized_event_is_dead_and_named_and_its_lane_goes_on(reused_outbox):
    async with scene(reused_outbox) as stage:
        with reused_outbox.owner() as owner:
            enqueue(owner, stage.subscription, "sale.order/1", text="x" * 3_000_000)
        stage.load(24)
        async with running([store_of(reused_outbox)], **QUICK):
            said = await until_status(reused_outbox, stage.subscription, "too large")
            assert "the limit is 1048576" in said
            async with asyncio.timeout(20):
                while stage.states() != {"delivered": 24, "dead": 1}:
                    await asyncio.sleep(0.05)
        stage.check()


async def test_a_signing_key_that_is_none_is_named_and_mended_without_loss(reused_outbox):
    async with scene(reused_outbox) as stage:
        with reused_outbox.owner() as owner:
            right = owner.execute("SELECT secret FROM smarter_subscription_key").fetchone()
            owner.execute("UPDATE smarter_subscription_key SET secret = 'whsec_short'")
        stage.load(12)
        async with running([store_of(reused_outbox)], **QUICK):
            said = await until_status(reused_outbox, stage.subscription, "key")
            assert "signing key" in said and "short" not in said
            with reused_outbox.owner() as owner:
                owner.execute("UPDATE smarter_subscription_key SET secret = %s", right)
            await stage.delivered()
        stage.check()


async def test_a_database_dropped_while_it_is_served_stops_no_other(outbox, make_outbox):
    gone = make_outbox()
    async with (
        scene(outbox) as stage,
        running([store_of(outbox), store_of(gone)], **QUICK) as engine,
    ):
        with gone.server.admin.connect() as admin:
            admin.execute(f'DROP DATABASE "{gone.name}" WITH (FORCE)')
        stage.load(24)
        engine.wake_all()
        await stage.delivered()
        async with asyncio.timeout(20):
            while engine.tenants[gone.name].state != "away":
                await asyncio.sleep(0.05)
        assert "does not exist" in engine.tenants[gone.name].problem
        stage.check()
