"""A real Odoo does a day's business; what grew with it is what a backfill makes from nothing."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from psycopg import sql
from typer.testing import CliRunner

from devkit.odoo_process import Runtime
from devkit.server import Server
from smarter_connector.cli import app
from smarter_connector.sinks.warehouse.tables import LINE_TABLES, TABLES, VERSION
from tests.connector.outbox import states, store_of, tenant_of
from tests.connector.support import running
from tests.connector.warehouse.conftest import Installed, installed_on
from tests.connector.warehouse.samples import A
from tests.odoo import odoo_database, odoo_runtime, shell
from tests.postgres import OutboxDatabase

DAY = Path(__file__).with_name("odoo_day.py").read_text()
CRON = "env.ref('smarter_events.ir_cron_backfill').method_direct_trigger()\nenv.cr.commit()\n"
WAIT = 60.0  # seconds until the test gives up; all is through in two or three
Rows = dict[str, list[dict]]


@pytest.fixture
def runtime(pg_cluster: Server) -> Runtime:
    return odoo_runtime(pg_cluster)


@pytest.fixture
def tenant(runtime: Runtime) -> Iterator[OutboxDatabase]:
    with odoo_database(runtime, f"kpi_odoo_{os.getpid()}") as database:
        yield database


def work(runtime: Runtime, tenant: OutboxDatabase, script: str) -> None:
    done = shell(runtime, tenant.name, script)
    assert done.returncode == 0, done.stderr


def all_delivered(tenant: OutboxDatabase) -> bool:
    with tenant.owner() as owner:
        return set(states(owner)) == {"delivered"}


async def delivered(tenant: OutboxDatabase, kpi: Installed, folder: Path) -> Rows:
    """Let a connector deliver what waits to ``kpi``. Returns what the warehouse then holds."""
    dsn = folder / kpi.names.database
    dsn.write_text(kpi.dsn)
    async with running([store_of(tenant)], warehouse_dsn_file=dsn), asyncio.timeout(WAIT):
        while not await asyncio.to_thread(all_delivered, tenant):
            await asyncio.sleep(0.05)
    return {table: living(kpi, table) for table in ("tenants", *TABLES, *LINE_TABLES)}


def living(kpi: Installed, table: str) -> list[dict]:
    """The rows of tenant A without their versions, by id."""
    left_out = [*VERSION, "updated_at"]
    query = sql.SQL("SELECT to_jsonb(t) FROM {} t WHERE tenant = %s").format(
        sql.Identifier("wh", table)
    )
    with kpi.admin() as admin:
        rows = [row for (row,) in admin.execute(query, [A]) if not row.get("deleted")]
    found = [{key: row[key] for key in row if key not in left_out} for row in rows]
    return sorted(found, key=lambda row: json.dumps(row, sort_keys=True))


def ask_for_a_backfill(tenant: OutboxDatabase, patch: pytest.MonkeyPatch) -> None:
    """As an operator does, with the command of the connector."""
    login = tenant.server.connector
    patch.setenv("SMARTER_TENANTS", json.dumps([tenant_of(tenant).model_dump()]))
    for name, value in (("HOST", login.host), ("PORT", login.port), ("USER", login.user)):
        patch.setenv(f"SMARTER_PG_{name}", value)
    patch.setenv("PGPASSWORD", login.password)
    with tenant.owner() as owner:
        (key,) = owner.execute("SELECT id FROM smarter_subscription").fetchone()
    done = CliRunner().invoke(app, ["backfill", tenant.name, "--subscription", str(key)])
    assert done.exit_code == 0, done.output


@pytest.mark.odoo
async def test_a_backfill_of_odoo_makes_the_rows_that_grew_with_it(
    runtime, tenant, kpi, pg_cluster, tmp_path, monkeypatch
):
    await asyncio.to_thread(work, runtime, tenant, DAY)
    grown = await delivered(tenant, kpi, tmp_path)
    assert [table for table, rows in grown.items() if not rows] == []
    await asyncio.to_thread(ask_for_a_backfill, tenant, monkeypatch)
    await asyncio.to_thread(work, runtime, tenant, CRON)
    with installed_on(pg_cluster) as other:
        other.enter(A, "Comercial Ejemplo SpA")
        rebuilt = await delivered(tenant, other, tmp_path)
    for table, rows in grown.items():
        assert rebuilt[table] == rows, table
