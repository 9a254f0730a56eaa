"""Odoo is killed in the middle of its work and started again, while a connector is at work."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from devkit.odoo_process import Runtime
from devkit.server import Server
from tests.connector.outbox import store_of
from tests.connector.support import running
from tests.faults.scene import Scene, scene
from tests.odoo import odoo_database, odoo_runtime, shell
from tests.postgres import OutboxDatabase

WRITER = Path(__file__).with_name("odoo_writer.py").read_text()


@pytest.fixture
def runtime(pg_cluster: Server) -> Runtime:
    return odoo_runtime(pg_cluster)


@pytest.fixture
def tenant(runtime: Runtime) -> Iterator[OutboxDatabase]:
    """A database with all addons, which Odoo may be killed in."""
    with odoo_database(runtime, f"fault_odoo_{os.getpid()}") as database:
        yield database


def write(runtime: Runtime, tenant: OutboxDatabase, prefix: str, *, hang: bool = False) -> int:
    """Let an Odoo process work; returns how it ended."""
    values = {
        "DEVKIT_PREFIX": prefix,
        "DEVKIT_COUNT": "8",
        **({"DEVKIT_HANG": "1"} if hang else {}),
    }
    return shell(runtime, tenant.name, WRITER, **values).returncode


def committed(stage: Scene) -> int:
    """How many events the outbox holds: two for each contact that really stands, and Odoo's own."""
    query = """
        SELECT count(*), count(*) FILTER (WHERE data ->> 'name' ~ '^(first|second)'),
            (SELECT 2 * count(*) FROM res_partner WHERE name ~ '^(first|second)')
        FROM smarter_event
    """
    with stage.database.owner() as owner:
        events, ours, expected = owner.execute(query).fetchone()
    assert ours == expected == 32
    return events


@pytest.mark.odoo
async def test_a_killed_odoo_leaves_the_events_of_its_commits_and_no_others(runtime, tenant):
    async with scene(tenant) as stage:
        async with running([store_of(tenant)], lease_seconds=5, poll_seconds=0.2):
            assert await asyncio.to_thread(write, runtime, tenant, "first", hang=True) == -9
            assert await asyncio.to_thread(write, runtime, tenant, "second") == 0
            stage.expected = await asyncio.to_thread(committed, stage)
            await stage.delivered()
        names = {event.data["name"] for _, event in stage.account.accepted}
        assert {f"{prefix}{n}" for prefix in ("first", "second") for n in range(8)} <= names
        assert "firstnever" not in names
        stage.check()
