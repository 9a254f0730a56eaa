"""What is particular to the store over PostgreSQL."""

from __future__ import annotations

import pytest

from smarter_connector.exceptions import ConfigurationError, IdentityMismatch, StoreUnavailable
from smarter_connector.settings import Settings
from smarter_connector.stores.postgres import (
    ConnectionBudget,
    PostgresStore,
    connection_arguments,
)
from tests.connector.outbox import store_of, subscribe, tenant_of


@pytest.fixture
async def store(reused_outbox):
    opened = store_of(reused_outbox)
    yield opened
    await opened.close()


def cut(database) -> None:
    """Close every connection of the connector, as a restart of the server does."""
    with database.server.admin.connect(database.name) as admin:
        admin.execute(
            """SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
               WHERE usename = %s AND datname = %s""",
            [database.server.connector.user, database.name],
        )


async def test_a_cut_connection_is_reported_and_the_next_call_opens_another(reused_outbox, store):
    await store.open()
    cut(reused_outbox)
    with pytest.raises(StoreUnavailable):
        await store.stats()
    assert (await store.stats())["subscriptions"] == []


async def test_a_database_that_changed_while_the_line_was_down_is_refused(reused_outbox, store):
    await store.open()
    cut(reused_outbox)
    with reused_outbox.owner() as owner:
        owner.execute("UPDATE smarter_outbox_state SET tenant_rut = '11111111-1'")
    with pytest.raises(StoreUnavailable):
        await store.stats()
    with pytest.raises(IdentityMismatch):
        await store.claim(worker="test")


async def test_a_server_that_is_not_there_is_unavailable():
    settings = Settings(pg_host="127.0.0.1", pg_port=9, pg_timeout=2)
    tenant = {"database": "t_x", "uuid": "u", "rut": "77654321-7"}
    listed = Settings(tenants=[tenant]).tenants[0]
    store = PostgresStore(listed, connection_arguments(settings, "t_x"), ConnectionBudget(1))
    with pytest.raises(StoreUnavailable, match="refused"):
        await store.open()


async def test_a_missing_function_is_a_fault_of_the_installation(reused_outbox, store):
    with reused_outbox.owner() as owner:
        owner.execute("ALTER FUNCTION smarteros.stats(jsonb) RENAME TO stats_away")
        try:
            with pytest.raises(ConfigurationError, match="smarteros.stats"):
                await store.stats()
        finally:
            owner.execute("ALTER FUNCTION smarteros.stats_away(jsonb) RENAME TO stats")


async def test_the_least_recently_used_connection_gives_way(reused_outbox):
    budget = ConnectionBudget(2)
    stores = [store_of(reused_outbox, budget) for _ in range(3)]
    for store in (stores[0], stores[1], stores[0], stores[2]):
        await store.stats()
    assert [store._connection is not None for store in stores] == [True, False, True]
    await stores[1].stats()
    assert len(budget) == 2
    for store in stores:
        await store.close()
    assert len(budget) == 0


def test_the_password_comes_from_a_file_and_is_in_no_setting(tmp_path):
    path = tmp_path / "password"
    path.write_text("hunter2\n")
    settings = Settings(pg_password_file=path)
    assert connection_arguments(settings, "t_x")["password"] == "hunter2"
    assert "hunter2" not in repr(settings)


def test_a_missing_password_file_is_named(tmp_path):
    settings = Settings(pg_password_file=tmp_path / "nothing")
    with pytest.raises(ConfigurationError, match="nothing"):
        connection_arguments(settings, "t_x")


async def test_the_engine_needs_no_more_than_the_protocol(reused_outbox, store):
    identity = await store.open()
    assert identity.database == tenant_of(reused_outbox).database
    with reused_outbox.connector() as connection:
        import psycopg

        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SELECT * FROM smarter_delivery")


def test_a_line_that_is_dead_but_not_closed_is_given_up():
    arguments = connection_arguments(Settings(), "t_77654321_7")
    assert arguments["tcp_user_timeout"] <= 60_000 and arguments["connect_timeout"] <= 60


def test_a_lane_with_a_long_backlog_is_claimed_by_index(outbox):
    with outbox.owner() as owner:
        key = subscribe(owner)
        owner.execute(
            """INSERT INTO smarter_event (type, aggregate, rut, epoch, tx)
               SELECT 'stock.changed', 'stock.quant/1', '', 1, n::text::xid8
               FROM generate_series(1, 20000) n"""
        )
        owner.execute(
            """INSERT INTO smarter_delivery (event_id, subscription_id, lane, webhook_id)
               SELECT id, %s, aggregate, 'msg_' || id FROM smarter_event""",
            [key],
        )
        owner.execute("ANALYZE smarter_delivery")
        # Compared with itself the lane would need 200 million comparisons.
        owner.execute("SET statement_timeout = '4s'")
        (claim,) = owner.execute("SELECT smarteros.claim('{\"per_lane\": 50}')").fetchone()
    assert len(claim["deliveries"]) == 50
