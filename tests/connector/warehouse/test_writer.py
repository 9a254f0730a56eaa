"""Whatever the order, and however often events arrive, the warehouse ends in the same state."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smarter_connector.exceptions import Rejected, Retryable
from smarter_connector.sinks.warehouse.mapping import row
from smarter_connector.sinks.warehouse.warehouse import Warehouse
from smarter_connector.sinks.warehouse.writer import newest
from smarter_domain.events import Event
from tests.connector.warehouse.conftest import Installed
from tests.connector.warehouse.samples import BRANCH, A, B, deleted, event, line

STATE = """
SELECT 'order', order_id, rut, state, net, deleted, epoch, number FROM wh.orders
UNION ALL SELECT 'line', line_id, rut, kind, net, false, epoch, number FROM wh.order_lines
UNION ALL SELECT 'stock', quant_id, rut, sku, on_hand, deleted, epoch, number FROM wh.stock
ORDER BY 1, 2, 3
"""


async def put(warehouse: Warehouse, events: Sequence[Event], tenant: str = A) -> None:
    assert await warehouse.refused(tenant, {found.rut for found in events}) == {}
    await warehouse.write(tenant, [row(found) for found in events])


async def test_a_late_event_does_not_overwrite_a_newer_one(
    warehouse: Warehouse, kpi: Installed
) -> None:
    await put(warehouse, [event("order.updated", 9, net=2)])
    await put(warehouse, [event("order.confirmed", 8, net=1)])
    assert kpi.rows("SELECT net, number FROM wh.orders") == [(2, 9)]


async def test_a_restored_database_wins_by_its_epoch(warehouse: Warehouse, kpi: Installed) -> None:
    await put(warehouse, [event("order.updated", 900, net=2)])
    await put(warehouse, [event("order.updated", 10, epoch=2, net=3)])
    await put(warehouse, [event("order.updated", 901, net=4)])
    assert kpi.rows("SELECT net, epoch FROM wh.orders") == [(3, 2)]


async def test_the_same_event_again_changes_not_even_the_time(
    warehouse: Warehouse, kpi: Installed
) -> None:
    query = "SELECT net, updated_at, ctid::text FROM wh.orders"
    await put(warehouse, [event("order.confirmed", 8)])
    before = kpi.rows(query)
    await put(warehouse, [event("order.confirmed", 8)])
    assert kpi.rows(query) == before


async def test_lines_are_those_of_the_newest_version(warehouse: Warehouse, kpi: Installed) -> None:
    await put(warehouse, [event("order.confirmed", 1, lines=[line(1), line(2)])])
    await put(warehouse, [event("order.updated", 3, lines=[line(2, qty=7.0), line(5)])])
    await put(warehouse, [event("order.updated", 2, lines=[line(1)])])
    query = "SELECT line_id, qty, number FROM wh.order_lines ORDER BY 1"
    assert kpi.rows(query) == [(2, 7, 3), (5, 2, 3)]


async def test_a_late_order_beside_a_new_one_leaves_its_lines_alone(
    warehouse: Warehouse, kpi: Installed
) -> None:
    await put(warehouse, [event("order.updated", 5, id=1, lines=[line(1)])])
    late = event("order.confirmed", 4, id=1, lines=[line(2)])
    await put(warehouse, [late, event("order.confirmed", 6, id=3, lines=[line(3)])])
    assert kpi.rows("SELECT line_id FROM wh.order_lines ORDER BY 1") == [(1,), (3,)]


async def test_a_deleted_order_takes_its_lines_and_stays_deleted(
    warehouse: Warehouse, kpi: Installed
) -> None:
    await put(warehouse, [event("quotation.sent", 1), deleted("sale.order", 42, 3)])
    await put(warehouse, [event("order.updated", 2)])
    assert kpi.rows("SELECT deleted, name FROM wh.orders") == [(True, None)]
    assert kpi.rows("SELECT count(*) FROM wh.order_lines") == [(0,)]


async def test_a_record_that_comes_back_after_its_deletion_lives(
    warehouse: Warehouse, kpi: Installed
) -> None:
    await put(warehouse, [deleted("sale.order", 42, 3)])
    await put(warehouse, [event("order.updated", 4)])
    assert kpi.rows("SELECT deleted, name FROM wh.orders") == [(False, "S00042")]


async def test_an_invoice_reset_and_posted_again_is_posted(
    warehouse: Warehouse, kpi: Installed
) -> None:
    story = [event("invoice.posted", 1), event("invoice.reset", 2, state="draft")]
    await put(warehouse, story)
    assert kpi.rows("SELECT state FROM wh.invoices") == [("draft",)]
    await put(warehouse, [event("invoice.posted", 3, net=5)])
    assert kpi.rows("SELECT state, net FROM wh.invoices") == [("posted", 5)]


async def test_a_partial_payment_lowers_what_is_owed(warehouse: Warehouse, kpi: Installed) -> None:
    await put(warehouse, [event("invoice.posted", 1), event("invoice.updated", 2)])
    assert kpi.rows("SELECT payment_state, residual FROM wh.invoices") == [("partial", 69000)]


async def test_a_document_in_dollars_keeps_its_own_total_beside_the_pesos(
    warehouse: Warehouse, kpi: Installed
) -> None:
    dollars = {"document_currency": "USD", "amount_currency": 125.5}
    kinds = ("order.confirmed", "invoice.posted", "payment.registered")
    await put(warehouse, [event(kind, n, **dollars) for n, kind in enumerate(kinds, 1)])
    columns = "currency, document_currency, amount_currency::float"
    for table in ("orders", "invoices", "payments"):
        assert kpi.rows(f"SELECT {columns} FROM wh.{table}") == [("CLP", "USD", 125.5)]


async def test_a_record_that_moves_to_another_company_stays_one_row(
    warehouse: Warehouse, kpi: Installed
) -> None:
    await put(warehouse, [event("product.updated", 2, rut=BRANCH)])
    await put(warehouse, [event("product.created", 1)])
    assert kpi.rows("SELECT rut, number FROM wh.products") == [(BRANCH, 2)]


async def test_equal_ids_of_two_tenants_are_two_records(
    warehouse: Warehouse, kpi: Installed
) -> None:
    await put(warehouse, [event("order.confirmed", 5, net=1)])
    await put(warehouse, [event("order.confirmed", 5, net=2, tenant=B)], tenant=B)
    assert kpi.rows("SELECT rut, net FROM wh.orders ORDER BY net") == [(A, 1), (B, 2)]


async def test_pos_and_sale_orders_with_one_id_are_two(
    warehouse: Warehouse, kpi: Installed
) -> None:
    await put(warehouse, [event("order.confirmed", 5, id=7), event("pos.order.paid", 6, id=7)])
    query = "SELECT order_id, channel FROM wh.orders ORDER BY 1"
    assert kpi.rows(query) == [(-7, "pos"), (7, "odoo")]


async def test_the_tenant_s_name_follows_its_own_event(
    warehouse: Warehouse, kpi: Installed
) -> None:
    await put(warehouse, [event("tenant.updated", 5, name="Nueva SpA", plan="free")])
    await put(warehouse, [event("tenant.updated", 4, name="Vieja SpA")])
    query = "SELECT name, plan FROM wh.tenants WHERE rut = %s"
    assert kpi.rows(query, A) == [("Nueva SpA", "free")]
    kpi.enter(A, "Otra SpA")
    assert kpi.rows(query, A) == [("Nueva SpA", "free")]


async def test_the_watermark_is_the_newest_event_s_time(
    warehouse: Warehouse, kpi: Installed
) -> None:
    await put(warehouse, [event("order.confirmed", 5, time="2026-11-22T15:00:00Z")])
    await put(warehouse, [event("order.confirmed", 4, time="2026-11-21T15:00:00Z")])
    query = "SELECT rut, event_time::text FROM wh.watermarks"
    assert kpi.rows(query) == [(A, "2026-11-22 15:00:00+00")]


async def test_a_batch_is_written_whole_or_not_at_all(warehouse: Warehouse, kpi: Installed) -> None:
    good, bad = row(event("order.confirmed", 1)), row(event("order.confirmed", 2, id=43))
    broken = replace(bad, values={**bad.values, "net": "mucho"})
    with pytest.raises(Rejected):
        await warehouse.write(A, [good, broken])
    assert kpi.rows("SELECT count(*) FROM wh.orders") == [(0,)]


def test_of_several_versions_in_a_batch_the_newest_is_written() -> None:
    rows = [row(event("order.updated", number)) for number in (2, 9, 4)]
    assert [found.version for found in newest(rows)] == [(1, 9)]


async def test_an_unreachable_warehouse_is_tried_again() -> None:
    warehouse = Warehouse.acquire("host=127.0.0.1 port=1 user=x dbname=x")
    warehouse._pool.timeout = 0.2
    try:
        with pytest.raises(Retryable, match="cannot be reached"):
            await warehouse.write(A, [row(event("order.confirmed", 1))])
    finally:
        await warehouse.release()


# One record of each kind, moving between companies, dying and coming back. An epoch is a restore.
def _story(choices: Sequence[tuple]) -> list[Event]:
    story = []
    for number, (kind, id_, rut, epoch) in enumerate(choices, 1):
        common = {"rut": rut, "epoch": epoch}
        if kind == "stock.changed":
            story.append(event(kind, number, id=id_, on_hand=float(number), **common))
        elif kind == "deleted":
            story.append(deleted("sale.order", id_, number, **common))
        else:
            lines = [line(10 * id_ + n, net=number) for n in range(number % 3)]
            story.append(event(kind, number, id=id_, net=number, lines=lines, **common))
    return story


CHOICES = st.lists(
    st.tuples(
        st.sampled_from(["order.confirmed", "order.cancelled", "deleted", "stock.changed"]),
        st.integers(1, 2),
        st.sampled_from([A, BRANCH]),
        st.integers(1, 2),
    ),
    min_size=1,
    max_size=10,
)


@given(choices=CHOICES, seed=st.integers(0, 2**32 - 1), batch=st.integers(1, 6))
@settings(max_examples=25, deadline=None)
def test_any_order_with_repetitions_ends_as_the_right_order_does(
    installed: Installed, choices: Sequence[tuple], seed: int, batch: int
) -> None:
    story = sorted(_story(choices), key=lambda found: found.version)
    chance = random.Random(seed)
    shuffled = story + chance.choices(story, k=chance.randint(0, len(story)))
    chance.shuffle(shuffled)
    batches = [shuffled[start : start + batch] for start in range(0, len(shuffled), batch)]
    in_order = asyncio.run(_played(installed, [[found] for found in story]))
    assert asyncio.run(_played(installed, batches)) == in_order


async def _played(installed: Installed, batches: Sequence[Sequence[Event]]) -> list[tuple]:
    with installed.admin() as admin:
        admin.execute("TRUNCATE wh.orders, wh.order_lines, wh.stock")
    installed.enter(A, companies=(BRANCH,))
    warehouse = Warehouse.acquire(installed.dsn)
    try:
        for batch in batches:
            await put(warehouse, batch)
    finally:
        await warehouse.release()
    return installed.rows(STATE)


async def test_two_batches_with_the_same_records_at_once_end_well(
    warehouse: Warehouse, kpi: Installed
) -> None:
    first = [event("stock.changed", number, id=number, on_hand=1.0) for number in range(1, 60)]
    second = [event("stock.changed", 100 + n, id=n, on_hand=2.0) for n in range(59, 0, -1)]
    await asyncio.gather(*(put(warehouse, batch) for batch in (first, second, first, second)))
    query = "SELECT count(*), min(on_hand), max(on_hand) FROM wh.stock"
    assert kpi.rows(query) == [(59, 2, 2)]
