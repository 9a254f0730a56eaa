"""The connector follows the registry: at once, and by what it knows while the registry is away."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import asynccontextmanager

import aiohttp
import psycopg
import pytest
from aiohttp import web
from psycopg import sql

from smarter_connector import supervisor
from smarter_connector.clock import SystemClock
from smarter_connector.engine import Engine
from smarter_connector.exceptions import ConfigurationError
from smarter_connector.health import served
from smarter_connector.metrics import Metrics
from smarter_connector.registry import RegistryUnavailable
from smarter_connector.registry.served import arguments, read
from smarter_connector.registry.watcher import Watcher
from smarter_connector.roster import Roster
from smarter_connector.secrets import SecretResolver
from smarter_connector.settings import Settings
from smarter_connector.shared import Shared
from smarter_connector.stores.postgres import ConnectionBudget, PostgresStore
from smarter_connector.transport import Transport
from smarter_domain.rut import Rut
from tests.connector.outbox import enqueue, states, subscribe
from tests.connector.registered import B, activate, asked
from tests.connector.support import receiver, settings, until

OWN = Rut.from_number(40_000_000 + os.getpid() % 1_000_000)
"""Nobody's RUT, and no other test run's: it names a database of a server that they share."""


def chosen(registered, monkeypatch, **values) -> Settings:
    login = registered.server.connector
    monkeypatch.setenv("PGPASSWORD", login.password)
    given = {"pg_host": login.host, "pg_port": int(login.port), "pg_user": login.user}
    return settings(registry_database=registered.database, http_port=0, **given, **values)


class Heard:
    """A watcher and the lists it handed over."""

    def __init__(self, settings: Settings) -> None:
        self.lists: list[list] = []
        self.metrics = Metrics()
        self.watcher = Watcher(
            arguments(settings),
            self.lists.append,
            clock=SystemClock(),
            reread=3600,
            told=self.metrics.registry_up,
        )

    @property
    def last(self) -> dict[str, str]:
        return {item.tenant.database: item.hold for item in self.lists[-1]} if self.lists else {}


@asynccontextmanager
async def watching(settings: Settings):
    heard = Heard(settings)
    task = asyncio.create_task(heard.watcher.run())
    try:
        yield heard
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_what_changes_is_heard_without_reading_again_by_time(
    registry, registered, monkeypatch
):
    async with watching(chosen(registered, monkeypatch)) as heard:
        await until(lambda: heard.watcher.known)
        row = await asyncio.to_thread(activate, registry, asked())
        await until(lambda: heard.last == {row.database: ""})
        registry.update(row.id, "suspended", status="suspended", status_reason="sin pago")
        await until(lambda: heard.last == {row.database: "suspended: sin pago"})
        registry.update(row.id, "upgrade", status="active", maintenance="upgrade")
        await until(lambda: heard.last == {row.database: "in maintenance: upgrade"})
        registry.update(row.id, "deleted", status="deleted", database=f"del_{row.id}")
        await until(lambda: heard.last == {})
    assert heard.lists[-1] == []


async def test_changes_that_come_together_are_not_read_one_by_one(
    registry, registered, monkeypatch
):
    async with watching(chosen(registered, monkeypatch)) as heard:
        await until(lambda: heard.watcher.known)
        row = activate(registry, asked())
        with registered.admin() as admin:
            for number in range(200):
                admin.execute("UPDATE registry.tenant SET name = %s", [f"n{number}"])
        registry.update(row.id, "suspended", status="suspended", status_reason="x")
        await until(lambda: heard.last == {row.database: "suspended: x"})
        assert len(heard.lists) < 100


async def test_a_registry_that_is_away_is_said_to_be_and_what_is_known_stays(
    registry, registered, monkeypatch, caplog
):
    row = activate(registry, asked())
    rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
    names = [sql.Identifier(registered.database), sql.Identifier(f"{registered.database}_away")]
    async with watching(chosen(registered, monkeypatch)) as heard:
        await until(lambda: heard.last)
        with registered.admin("postgres") as admin:
            admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
                [registered.database],
            )
            await asyncio.to_thread(admin.execute, rename.format(*names))
            try:
                await until(lambda: "does not exist" in heard.watcher.problem)
                assert heard.last == {row.database: ""} and heard.watcher.known
                assert heard.metrics.value("smarter_registry_up") == 0
                assert "what was read last is kept" in caplog.text
            finally:
                admin.execute(rename.format(*reversed(names)))
        await until(lambda: not heard.watcher.problem)
        assert heard.metrics.value("smarter_registry_up") == 1


async def test_an_entry_that_makes_no_sense_is_left_out(registry, registered, monkeypatch, caplog):
    good = activate(registry, asked())
    bad = activate(registry, asked(B, "otra"))
    with registered.admin() as admin:
        admin.execute(
            "UPDATE registry.tenant SET rut = '12345678-6', database = 't_12345678_6'"
            " WHERE id = %s",
            [bad.id],
        )
    (found,) = read(chosen(registered, monkeypatch))
    assert found.tenant.database == good.database and "t_12345678_6" in caplog.text


def test_a_registry_that_does_not_answer_is_retryable(registered, monkeypatch):
    settings = chosen(registered, monkeypatch).model_copy(update={"registry_database": "no_such"})
    with pytest.raises(RegistryUnavailable, match="cannot be read"):
        read(settings)


def test_a_connection_string_in_a_file_is_used_and_never_quoted(
    registry, registered, tmp_path, monkeypatch
):
    activate(registry, asked())
    place = tmp_path / "dsn"
    login = registered.server.connector
    place.write_text(psycopg.conninfo.make_conninfo(**login.dsn(registered.database)))
    place.chmod(0o600)
    assert len(read(settings(registry_dsn_file=place))) == 1
    place.write_text("password=very-secret host")
    with pytest.raises(ConfigurationError) as caught:
        read(settings(registry_dsn_file=place))
    assert "very-secret" not in str(caught.value)


@asynccontextmanager
async def connector(settings: Settings, registered):
    """Engine, roster, watcher and health, as the supervisor puts them together."""
    async with Transport(settings) as transport:
        shared = Shared(settings, transport, worker="test")
        engine = Engine([], shared)
        budget = ConnectionBudget(10)

        def make(tenant):
            login = registered.server.connector
            return PostgresStore(tenant, login.dsn(tenant.database), budget)

        watcher = Watcher(arguments(settings), Roster(engine, make).apply, clock=shared.clock)
        tasks = [asyncio.create_task(engine.run()), asyncio.create_task(watcher.run())]
        try:
            async with served(engine, settings, watcher) as address:
                yield engine, address
        finally:
            tasks[1].cancel()
            await engine.stop(0)
            await asyncio.gather(*tasks, return_exceptions=True)


async def publish(registry, outbox, identity: str, url: str) -> tuple[str, int]:
    """Enter ``outbox`` in the registry under its RUT's database name, with one event waiting."""
    name = OWN.database_name()
    with outbox.owner() as owner:
        owner.execute("UPDATE smarter_outbox_state SET tenant_rut = %s", [OWN.plain])
        enqueue(owner, subscribe(owner, url))
    rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
    with outbox.server.admin.connect() as admin:
        admin.execute(rename.format(sql.Identifier(outbox.name), sql.Identifier(name)))
    row = await asyncio.to_thread(activate, registry, asked(OWN.plain), identity)
    return name, row.id


@pytest.fixture
def renamed(outbox_databases):
    """Databases that a test renamed go at its end."""
    yield
    outbox_databases.drop(OWN.database_name())


async def test_a_new_tenant_is_delivered_for_without_a_restart(
    registry, registered, make_outbox, monkeypatch, renamed
):
    got = asyncio.Event()

    async def hook(_):
        got.set()
        return web.Response()

    async with (
        receiver(hook) as url,
        connector(chosen(registered, monkeypatch), registered) as (engine, address),
    ):
        await until(lambda: engine.ready)
        database = make_outbox()
        name, row = await publish(registry, database, database.uuid, url)
        await asyncio.wait_for(got.wait(), 10)
        await until(lambda: engine.tenants[name].state == "serving")
        registry.update(row, "suspended", status="suspended", status_reason="sin pago")
        await until(lambda: engine.tenants[name].state == "held")
        async with aiohttp.ClientSession() as session, session.get(f"{address}/ready") as answer:
            body = await answer.json()
        assert body["tenants"][0]["problem"] == "suspended: sin pago"
        assert body["registry"] == {"reachable": True, "problem": ""}
        registry.update(row, "deleted", status="deleted", database=f"del_{row}")
        await until(lambda: not engine.tenants)


async def test_a_staging_clone_under_a_tenant_s_name_is_refused_by_its_uuid(
    registry, registered, make_outbox, monkeypatch, renamed
):
    sent = []

    async def hook(request):
        sent.append(request)
        return web.Response()

    async with (
        receiver(hook) as url,
        connector(chosen(registered, monkeypatch), registered) as (engine, _),
    ):
        database = make_outbox()
        name, _ = await publish(registry, database, "uuid-of-production", url)
        await until(lambda: name in engine.tenants and engine.tenants[name].state == "refused")
        assert "uuid-of-production" in engine.tenants[name].problem
        with database.server.odoo.connect(name) as owner:
            assert states(owner) == {"pending": 1}
    assert sent == []


async def test_a_process_is_not_ready_before_it_knows_its_tenants(registered, monkeypatch):
    settings = chosen(registered, monkeypatch).model_copy(update={"registry_database": "no_such"})
    async with (
        connector(settings, registered) as (_, address),
        aiohttp.ClientSession() as session,
        session.get(f"{address}/ready") as answer,
    ):
        body = await answer.json()
        assert (answer.status, body["registry"]["reachable"]) == (503, False)


async def test_a_process_lives_by_the_registry_alone_and_ends_in_good_order(
    registry, registered, make_outbox, monkeypatch, renamed, caplog
):
    caplog.set_level("INFO")
    secrets = SecretResolver(env_prefix="X_", folder=None)
    task = asyncio.create_task(supervisor.serve(chosen(registered, monkeypatch), secrets))
    await until(lambda: "the registry lists 0 tenants" in caplog.text)
    database = make_outbox()
    name, _ = await publish(registry, database, database.uuid, "")
    await until(lambda: f"tenant {name} is serving" in caplog.text)
    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.wait_for(task, 10)
    assert "stopped" in caplog.text and "is not safe" not in caplog.text
