"""A customer or product that is renamed has one name in the warehouse, in old facts too."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from smarter_connector.sinks.warehouse.compare import differences, digest
from smarter_connector.sinks.warehouse.mapping import row
from smarter_connector.sinks.warehouse.naming import lock_names
from smarter_connector.sinks.warehouse.tables import LINE_TABLES, NAMINGS, TABLES
from smarter_connector.sinks.warehouse.warehouse import Warehouse
from tests.connector.warehouse.conftest import Installed
from tests.connector.warehouse.samples import A, B, deleted, event, line

PARTNER = {"id": 7, "name": "Ferretería Ñuñoa", "rut": "11111111-1"}
PRODUCT = {"id": 12, "sku": "TAL-500", "name": "Taladro", "tracked": True}
FACTS = ("quotation.sent", "invoice.posted", "payment.registered", "lead.created", "delivery.done")
NAMES = """
SELECT 'orders', partner_name, partner_rut FROM wh.orders
UNION ALL SELECT 'invoices', partner_name, partner_rut FROM wh.invoices
UNION ALL SELECT 'payments', partner_name, partner_rut FROM wh.payments
UNION ALL SELECT 'leads', partner_name, partner_rut FROM wh.leads
UNION ALL SELECT 'deliveries', partner_name, partner_rut FROM wh.deliveries
"""
SKUS = """
SELECT sku FROM wh.order_lines UNION ALL SELECT sku FROM wh.invoice_lines
UNION ALL SELECT concat_ws(' ', sku, product, tracked) FROM wh.stock
"""


def facts(**more):
    lines = {"lines": [line(1)]}
    with_lines = ("quotation.sent", "invoice.posted")
    return [
        event(type, number, partner=PARTNER, **(lines if type in with_lines else {}), **more)
        for number, type in enumerate(FACTS, 1)
    ] + [event("stock.changed", 6, product=PRODUCT, **more)]


def renamed(number: int, name: str = "Ferretería Nueva"):
    found = event("contact.updated", number, id=7, name=name)
    return replace(found, data={**found.data, "rut": "12345678-5"})


def relabelled(number: int, **more):
    more = {"name": "Taladro II", "sku": "TAL-501", "tracked": False, **more}
    return event("product.updated", number, id=12, **more)


async def put(warehouse: Warehouse, *events, tenant: str = A) -> None:
    await warehouse.write(tenant, [row(found) for found in events])


async def test_a_new_name_reaches_every_fact_of_the_customer(warehouse, kpi: Installed) -> None:
    await put(warehouse, *facts())
    await put(warehouse, renamed(20))
    named = kpi.rows(NAMES)
    assert len(named) == 5
    assert {(name, rut) for _, name, rut in named} == {("Ferretería Nueva", "12345678-5")}


async def test_a_new_reference_reaches_every_fact_of_the_product(warehouse, kpi: Installed) -> None:
    await put(warehouse, *facts())
    await put(warehouse, relabelled(20))
    assert kpi.rows(SKUS) == [("TAL-501",), ("TAL-501",), ("TAL-501 Taladro II f",)]
    assert kpi.rows("SELECT DISTINCT product FROM wh.order_lines") == [("Taladro percutor 500 W",)]


async def test_a_late_fact_takes_the_name_that_is_known_already(warehouse, kpi: Installed) -> None:
    await put(warehouse, renamed(20), relabelled(21))
    await put(warehouse, *facts())
    assert {name for _, name, _ in kpi.rows(NAMES)} == {"Ferretería Nueva"}
    assert {sku.split()[0] for (sku,) in kpi.rows(SKUS)} == {"TAL-501"}


async def test_an_old_name_that_comes_late_changes_nothing(warehouse, kpi: Installed) -> None:
    await put(warehouse, *facts())
    await put(warehouse, renamed(20))
    await put(warehouse, event("contact.updated", 19, id=7, name="Anterior"))
    assert {name for _, name, _ in kpi.rows(NAMES)} == {"Ferretería Nueva"}


async def test_facts_keep_their_names_when_the_customer_is_not_known(
    warehouse, kpi: Installed
) -> None:
    await put(warehouse, renamed(20), event("contact.updated", 21, id=8, name="Otro"))
    await put(warehouse, deleted("res.partner", 7, 22))
    await put(warehouse, *facts())
    assert {name for _, name, _ in kpi.rows(NAMES)} == {"Ferretería Ñuñoa"}


async def test_another_tenant_with_the_same_ids_keeps_its_names(warehouse, kpi: Installed) -> None:
    await put(warehouse, *facts(tenant=B), tenant=B)
    await put(warehouse, *facts(), renamed(20), relabelled(21))
    query = "SELECT partner_name FROM wh.orders WHERE tenant = %s"
    assert kpi.rows(query, B) == [("Ferretería Ñuñoa",)]
    assert kpi.rows("SELECT sku FROM wh.stock WHERE tenant = %s", B) == [("TAL-500",)]


@pytest.mark.parametrize("seed", range(5))
async def test_any_order_of_renames_and_facts_ends_the_same(warehouse, kpi, seed: int) -> None:
    history = [*facts(), renamed(20), relabelled(21), renamed(22, "Última"), relabelled(23)]
    await put(warehouse, *history)
    async with warehouse.connection() as connection:
        expected = await digest(connection, A)
    with kpi.admin() as admin:
        admin.execute("TRUNCATE " + ", ".join(f"wh.{name}" for name in (*TABLES, *LINE_TABLES)))
    for one in random.Random(seed).sample(history, len(history)):
        await put(warehouse, one)
    async with warehouse.connection() as connection:
        assert differences(expected, await digest(connection, A)) == []


async def test_a_writer_of_names_waits_for_a_writer_of_facts(warehouse, kpi: Installed) -> None:
    """Else it would miss the facts that are not committed yet."""
    statement = "SELECT pg_try_advisory_xact_lock(hashtextextended('smarteros names ' || %s, 0))"
    async with warehouse.connection() as connection, connection.transaction():
        await lock_names(connection, A, ["orders"])
        assert kpi.rows(statement, A) == [(False,)]
        assert kpi.rows(statement, B) == [(True,)]
        assert kpi.rows(statement.replace("xact_lock", "xact_lock_shared"), A) == [(True,)]
        await lock_names(connection, A, ["customers"])
        assert kpi.rows(statement.replace("xact_lock", "xact_lock_shared"), A) == [(False,)]


def test_every_table_that_repeats_a_name_is_followed() -> None:
    followed = {table for naming in NAMINGS for table in naming.tables}
    assert followed == {
        "orders", "order_lines", "invoices", "invoice_lines", "payments", "stock", "leads",
        "deliveries",
    }  # fmt: skip
