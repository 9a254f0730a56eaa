"""Connectors that are killed, doubled, paused and told to stop, under load."""

from __future__ import annotations

import asyncio
import os
import random
import signal

import pytest

from tests.faults.killed import POINTS
from tests.faults.scene import LANES, scene

COUNTS = {"before_send": 20, "after_send": 20}
"""How often the step is passed before the kill; the others come once for many events."""
ROUNDS = 50  # of the long form


async def test_a_connector_killed_at_every_step_loses_nothing(outbox):
    async with scene(outbox) as stage:
        for point in POINTS:
            stage.load(60)
            await stage.killed(point, COUNTS.get(point, 1))
        async with stage.connector() as process:
            await stage.feed(60)
            await stage.delivered()
        assert process.returncode == 0
        stage.check()


@pytest.mark.soak
@pytest.mark.timeout(3600)
async def test_fifty_rounds_of_kills_lose_nothing(outbox):
    async with scene(outbox) as stage:
        for _ in range(ROUNDS):
            stage.load(LANES)
            feeding = asyncio.create_task(stage.feed(120))
            point = random.choice(POINTS)
            await stage.killed(point, random.randint(1, COUNTS.get(point, 2)))
            await feeding
        async with stage.connector():
            await stage.delivered(600)
        stage.check()


async def test_two_connectors_share_the_work_without_repeating_any(outbox):
    async with scene(outbox) as stage:
        async with stage.connector(WORKER="one"), stage.connector(WORKER="two"):
            while workers(outbox) < 2:
                await stage.feed(LANES)
            await stage.feed(240)
            await stage.delivered()
        assert stage.check() == 0


def workers(outbox) -> int:
    """How many connectors have claimed anything."""
    with outbox.owner() as owner:
        query = "SELECT count(DISTINCT worker) FROM smarter_delivery"
        return owner.execute(query).fetchone()[0]


async def test_a_connector_that_slept_beyond_its_lease_breaks_no_order(outbox):
    async def slow(_, __):
        await asyncio.sleep(0.01)

    async with scene(outbox, slow) as stage:
        stage.load(360)
        async with stage.connector(WORKER="sleeper") as sleeper:
            while len(stage.account.accepted) < 30:
                await asyncio.sleep(0.01)
            os.kill(sleeper.pid, signal.SIGSTOP)
            try:
                async with stage.connector(WORKER="other"):
                    await asyncio.sleep(2.5)  # its lease ends, by the clock of the database
                    os.kill(sleeper.pid, signal.SIGCONT)
                    await stage.delivered()
            finally:
                os.kill(sleeper.pid, signal.SIGCONT)
        stage.check()


async def test_a_jump_of_the_databases_clock_loses_nothing(outbox):
    async def slow(_, __):
        await asyncio.sleep(0.01)

    async with scene(outbox, slow) as stage:
        stage.load(360)
        async with stage.connector(WORKER="one"), stage.connector(WORKER="two"):
            while len(stage.account.accepted) < 60:
                await asyncio.sleep(0.01)
            # To the outbox an hour forward is the same as every moment it noted an hour earlier.
            with outbox.owner() as owner:
                query = "UPDATE smarter_delivery SET due_at = due_at - interval '1 hour'"
                owner.execute(query + " WHERE state IN ('pending', 'leased')")
            await stage.delivered()
        stage.check()


async def test_a_stop_under_load_gives_everything_back(outbox):
    async with scene(outbox) as stage:
        stage.load(360)
        async with stage.connector() as process:
            while len(stage.account.accepted) < 30:
                await asyncio.sleep(0.005)
        assert process.returncode == 0
        assert "leased" not in stage.states()
        assert stage.states()["delivered"] == len(stage.account.accepted)
        async with stage.connector():
            await stage.delivered()
        assert stage.check() == 0
