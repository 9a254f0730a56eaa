"""The sink: which deliveries it writes, refuses or gives back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from smarter_connector.clock import FakeClock
from smarter_connector.exceptions import ConfigurationError, Rejected, Retryable
from smarter_connector.secrets import SecretResolver
from smarter_connector.settings import Settings, TenantSettings
from smarter_connector.sinks import make_sink
from smarter_connector.sinks.base import Result, SinkContext, SinkMemory
from smarter_connector.sinks.warehouse import WarehouseSink, drop_tenant
from smarter_connector.stores.base import Subscription
from smarter_connector.transport import Transport
from smarter_domain.events import Event
from tests.connector.warehouse.conftest import Installed
from tests.connector.warehouse.samples import BRANCH, A, B, delivery, event

SETTINGS = Settings()


def context(dsn: str, /, tenant: str = A, **config: Any) -> SinkContext:
    resolver = SecretResolver(
        env_prefix="S_", folder=None, environ={"S_DSN": dsn, "S_MB": "key", "OTHER": "x"}
    )
    listed = TenantSettings(database="t", uuid="u", rut=tenant, store="memory")
    return SinkContext(
        subscription=Subscription(
            id=1,
            name="KPI",
            target="warehouse",
            batch_size=100,
            config={"dsn": "env:S_DSN", **config},
        ),
        tenant=listed,
        memory=SinkMemory(None, 1),
        transport=Transport(SETTINGS),
        clock=FakeClock(),
        secrets=resolver,
        settings=SETTINGS,
    )


@pytest.fixture
async def sink(kpi: Installed) -> AsyncIterator[WarehouseSink]:
    made = make_sink(context(kpi.dsn))
    yield made
    await made.close()


async def deliver(sink: WarehouseSink, *events: Event) -> Sequence[Result]:
    return await sink.deliver([delivery(found) for found in events])


async def test_a_batch_is_written(sink: WarehouseSink, kpi: Installed) -> None:
    results = await deliver(sink, event("order.confirmed", 1), event("stock.changed", 2))
    assert [result.ok for result in results] == [True, True]
    assert kpi.rows("SELECT count(*) FROM wh.orders") == [(1,)]


async def test_results_come_in_the_order_of_the_deliveries(sink: WarehouseSink) -> None:
    events = [event("stock.changed", number, id=number) for number in (3, 1, 2)]
    results = await deliver(sink, *events)
    assert [result.delivery.event.number for result in results] == [3, 1, 2]


async def test_a_bad_event_is_refused_with_its_reason_and_the_others_pass(
    sink: WarehouseSink, kpi: Installed
) -> None:
    events = [event("stock.changed", n, id=n) for n in (1, 2)]
    bad = event("stock.changed", 3, id=3, on_hand="mucho")
    results = await deliver(sink, events[0], bad, events[1])
    assert [result.ok for result in results] == [True, False, True]
    assert isinstance(results[1].error, Rejected) and "on_hand" in results[1].answer
    assert kpi.rows("SELECT count(*) FROM wh.stock") == [(2,)]


async def test_what_only_the_database_refuses_does_not_hold_up_the_others(
    sink: WarehouseSink, kpi: Installed
) -> None:
    with kpi.admin() as admin:
        admin.execute("ALTER TABLE wh.orders ADD CONSTRAINT unlucky CHECK (net <> 13)")
        try:
            events = [event("order.confirmed", n, id=n, net=n) for n in (12, 13, 14)]
            results = await deliver(sink, *events)
        finally:
            admin.execute("ALTER TABLE wh.orders DROP CONSTRAINT unlucky")
    assert [type(result.error) for result in results] == [type(None), Rejected, type(None)]
    assert "unlucky" in results[1].answer
    assert kpi.rows("SELECT order_id FROM wh.orders ORDER BY 1") == [(12,), (14,)]


async def test_types_the_warehouse_does_not_keep_count_as_delivered(sink: WarehouseSink) -> None:
    results = await deliver(sink, event("stock.low", 1), event("purchase.confirmed", 2))
    assert [result.ok for result in results] == [True, True]


async def test_an_event_of_another_tenant_is_refused(sink: WarehouseSink, kpi: Installed) -> None:
    (result,) = await deliver(sink, event("order.confirmed", 1, tenant=B))
    assert isinstance(result.error, Rejected) and result.status == "foreign tenant"
    assert kpi.rows("SELECT count(*) FROM wh.orders") == [(0,)]


async def test_a_rut_of_another_tenant_is_refused_and_own_ones_pass(
    sink: WarehouseSink, kpi: Installed
) -> None:
    foreign = event("order.confirmed", 1, id=1, rut=B)
    results = await deliver(sink, foreign, event("order.confirmed", 2, id=2))
    assert [result.status for result in results] == ["foreign RUT", "written"]
    assert kpi.rows("SELECT rut FROM wh.orders") == [(A,)]


async def test_an_event_without_a_rut_is_refused_and_the_others_pass(
    sink: WarehouseSink, kpi: Installed
) -> None:
    nobody = replace(event("order.confirmed", 1, id=1), rut="")
    results = await deliver(sink, nobody, event("order.confirmed", 2, id=2))
    assert [type(result.error) for result in results] == [Rejected, type(None)]


async def test_a_new_company_of_the_holding_enters_and_its_reader_sees_it(
    sink: WarehouseSink, kpi: Installed
) -> None:
    await deliver(sink, event("order.confirmed", 1, rut=BRANCH))
    role = kpi.logins[f"{kpi.names.prefix}77654321_7"]
    assert kpi.rows("SELECT rut FROM wh.orders", role=role) == [(BRANCH,)]


async def test_a_login_of_one_company_does_not_grow_with_the_holding(
    sink: WarehouseSink, kpi: Installed
) -> None:
    with kpi.admin() as admin:
        admin.execute("UPDATE wh.role_map SET grows = false")
    await deliver(sink, event("order.confirmed", 1, rut=BRANCH))
    assert kpi.rows("SELECT count(*) FROM wh.role_map WHERE rut = %s", BRANCH) == [(0,)]


async def test_events_of_a_tenant_not_entered_yet_wait(sink: WarehouseSink, kpi: Installed) -> None:
    drop_tenant(kpi.connect, A, kpi.names)
    (result,) = await deliver(sink, event("order.confirmed", 1))
    assert isinstance(result.error, ConfigurationError) and result.status == "no tenant"
    kpi.enter(A)
    assert [result.ok for result in await deliver(sink, event("order.confirmed", 1))] == [True]


async def test_events_wait_while_the_warehouse_is_not_installed_as_needed(
    sink: WarehouseSink, kpi: Installed
) -> None:
    with kpi.admin() as admin:
        admin.execute("ALTER TABLE wh.leads RENAME COLUMN stage TO etapa")
        try:
            (result,) = await deliver(sink, event("lead.created", 1))
        finally:
            admin.execute("ALTER TABLE wh.leads RENAME COLUMN etapa TO stage")
    assert isinstance(result.error, ConfigurationError) and result.status == "schema"


async def test_an_unreachable_warehouse_gives_the_batch_back() -> None:
    sink = WarehouseSink(context("host=127.0.0.1 port=1 user=x dbname=x"))
    try:
        with pytest.raises(Retryable):
            await _quickly(sink)
    finally:
        await sink.close()


async def _quickly(sink: WarehouseSink) -> None:
    await deliver(sink, event("stock.low", 1))  # opens nothing but makes the pool
    sink._warehouse._pool.timeout = 0.2
    await deliver(sink, event("order.confirmed", 1))


async def test_two_tenants_share_one_pool(sink: WarehouseSink, kpi: Installed) -> None:
    other = WarehouseSink(context(kpi.dsn, tenant=B))
    await deliver(sink, event("order.confirmed", 1))
    await deliver(other, event("order.confirmed", 1, tenant=B))
    assert sink._warehouse is other._warehouse
    await other.close()
    assert [result.ok for result in await deliver(sink, event("order.confirmed", 2))] == [True]


@pytest.mark.parametrize(
    "config", [{"dsn": None}, {"dsn": "host=x password=y"}, {"dsn": "env:OTHER"}]
)
def test_a_dsn_that_is_missing_or_not_a_reference_is_refused(config: dict) -> None:
    with pytest.raises(ConfigurationError):
        WarehouseSink(context("x", **config))


async def test_a_dsn_that_cannot_be_read_is_refused_without_being_shown() -> None:
    sink = WarehouseSink(context("password=geheim nonsense"))
    with pytest.raises(ConfigurationError) as refused:
        await deliver(sink, event("order.confirmed", 1))
    assert "geheim" not in str(refused.value)


async def test_the_dsn_may_come_from_the_file_of_the_settings(
    tmp_path: Path, kpi: Installed
) -> None:
    path = tmp_path / "dsn"
    path.write_text(kpi.dsn + "\n")
    found = context("x", dsn=None)
    settings = Settings(warehouse_dsn_file=path)
    sink = WarehouseSink(replace(found, settings=settings))
    assert [result.ok for result in await deliver(sink, event("order.confirmed", 1))] == [True]
    await sink.close()


async def test_metabase_misconfigured_does_not_stop_the_data(kpi: Installed) -> None:
    sink = WarehouseSink(context(kpi.dsn, metabase_url="http://mb.example"))
    assert [result.ok for result in await deliver(sink, event("order.confirmed", 1))] == [True]
    await sink.close()
