"""The store behind RPC with a real Odoo: what odoorpc sends is what ``smarter.outbox`` takes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from aiohttp import web

from devkit import odoo_process
from devkit.odoo_process import Runtime
from devkit.ports import choose
from devkit.server import Server
from devkit.services import Service, Services
from smarter_connector.exceptions import ConfigurationError
from smarter_connector.stores.rpc import RpcStore
from tests.connector.outbox import enqueue, states, subscribe, tenant_of
from tests.connector.support import receiver, running, until
from tests.odoo import odoo_database, odoo_runtime, shell
from tests.postgres import OutboxDatabase

pytestmark = pytest.mark.odoo
#: The connector's as the operator's guide says: a portal user of the group.
USERS = """
env["smarter.tenant"]._provision("77654321-7", "Comercial Ejemplo SpA", "comercial-ejemplo")
portal = env.ref("base.group_portal")
connector = portal | env.ref("smarter_events.group_connector")
for login, groups in (("connector", connector), ("visitor", portal)):
    env["res.users"].create({
        "name": login, "login": login, "password": "clave-" + login,
        "group_ids": [(6, 0, groups.ids)],
    })
env.cr.commit()
"""


@pytest.fixture(scope="module")
def tenant(pg_cluster: Server) -> Iterator[tuple[Runtime, OutboxDatabase]]:
    runtime = odoo_runtime(pg_cluster)
    with odoo_database(runtime, f"rpc_odoo_{os.getpid()}") as database:
        done = shell(runtime, database.name, USERS)
        assert done.returncode == 0, done.stderr
        yield runtime, database


@pytest.fixture(scope="module")
def url(tenant, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An Odoo that serves the tenant's database, without scheduled actions."""
    runtime, database = tenant
    folder: Path = tmp_path_factory.mktemp("odoo")
    address = f"http://127.0.0.1:{(port := choose(18169, set()))}"
    options = ("-d", database.name, "--max-cron-threads=0", "--http-interface=127.0.0.1")
    service = Service(
        name="Odoo behind RPC",
        command=odoo_process.odoo_command(runtime, *options, f"--http-port={port}"),
        environment=odoo_process.environment(runtime),
        log=folder / "odoo.log",
        ready_url=f"{address}/web/health",
    )
    with Services(folder / "services.json") as services:
        services.start(service)
        yield address


@pytest.fixture
def store_as(tenant, url):
    with ThreadPoolExecutor(2) as threads:

        def make(login: str, password: str) -> RpcStore:
            place = {"url": url, "login": login, "password": "env:X", "store": "rpc"}
            listed = tenant_of(tenant[1], **place)
            return RpcStore(listed, password=lambda: password, threads=threads, timeout=30)

        yield make


async def test_events_of_a_real_odoo_are_delivered_through_its_rpc(tenant, store_as):
    async def hook(_):
        return web.Response()

    _, database = tenant
    async with receiver(hook) as target:
        with database.owner() as owner:
            key = subscribe(owner, target)
            for number in range(1, 21):
                enqueue(owner, key, f"sale.order/{number % 4 + 1}")
            async with running([store_as("connector", "clave-connector")]):
                await until(lambda: states(owner) == {"delivered": 20})
            query = "SELECT DISTINCT attempts, last_status FROM smarter_delivery"
            assert owner.execute(query).fetchall() == [(1, "200")]


@pytest.mark.parametrize(("login", "password"), [("connector", "otra"), ("nadie", "clave-nadie")])
async def test_a_wrong_log_in_is_refused_by_a_real_odoo_without_showing_it(
    store_as, login, password
):
    with pytest.raises(ConfigurationError, match="Wrong login") as caught:
        await store_as(login, password).open()
    assert password not in str(caught.value)


async def test_who_is_not_of_the_group_is_refused_by_a_real_odoo(store_as):
    with pytest.raises(ConfigurationError) as caught:
        await store_as("visitor", "clave-visitor").open()
    assert "Wrong login" not in str(caught.value)
