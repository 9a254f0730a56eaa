"""The figures on a small set of events whose answers were worked out by hand.

It is 22 November 2026, 12:00 in Santiago (UTC-3). Tenant B has the same ids and other amounts: a
figure that mixes the two is wrong.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from smarter_connector.sinks.warehouse.mapping import row
from smarter_connector.sinks.warehouse.warehouse import Warehouse
from smarter_domain.events import Event
from tests.connector.warehouse.conftest import Installed
from tests.connector.warehouse.samples import A, B, deleted, event, line

NOW = "2026-11-22 12:00-03"
COFFEE = {"product_id": 12, "sku": "CAF", "name": "Café"}
TEA = {"product_id": 13, "sku": "TE", "name": "Té"}


def order(number: int, at: str, net: int, tax: int, **more: Any) -> Event:
    """A sale order confirmed at an instant in UTC; without lines if none are given."""
    amounts = {"net": net, "tax": tax, "total": net + tax}
    data = {"id": number, "confirmed_at": at, "ordered_at": at, "lines": [], **amounts, **more}
    return event("order.confirmed", number, **data)


def invoice(
    number: int, code: str, day: str, net: int, tax: int, residual: int, **more: Any
) -> Event:
    data = {
        "id": number, "document_type": code, "issue_date": day, "due_date": day, "net": net,
        "exempt": 0, "tax": tax, "total": net + tax, "residual": residual, "lines": [], **more,
    }  # fmt: skip
    return event("invoice.posted", 100 + number, **data)


def quant(
    number: int, product: dict, on_hand: float, reserved: float, minimum: float | None
) -> Event:
    found = {"id": product["product_id"], "sku": product["sku"], "name": product["name"]}
    amounts = {"on_hand": on_hand, "reserved": reserved, "available": on_hand - reserved}
    content = {"id": number, "product": {**found, "tracked": True}, "minimum": minimum, **amounts}
    return event("stock.changed", 200 + number, **content)


ORDERS = [
    # 23:30 in Santiago on the 21st is the 22nd in UTC.
    order(1, "2026-11-22T02:30:00Z", 100_000, 19_000, lines=[
        line(1, **COFFEE, qty=10.0, net=60_000, cost=30_000),
        line(2, **TEA, qty=5.0, net=45_000, cost=None),
        line(3, product_id=3, name="Despacho", kind="delivery", qty=1.0, net=5_000, cost=0),
        line(4, product_id=4, name="Descuento", kind="discount", qty=1.0, net=-10_000, cost=0)]),
    order(2, "2026-11-22T12:00:00Z", 50_000, 9_500,
          lines=[line(5, **COFFEE, qty=8.0, net=50_000, cost=24_000)]),
    order(3, "2026-11-22T12:10:00Z", 999_999, 190_000, state="cancel",
          lines=[line(6, **COFFEE, qty=100.0, net=999_999, cost=1)]),
    order(4, "2026-11-22T12:20:00Z", 888_888, 0, state="sent", confirmed_at=None),
    order(5, "2026-11-22T12:30:00Z", 777_777, 0, is_test=True),
    order(7, "2026-10-05T15:00:00Z", 30_000, 5_700),
    order(8, "2026-11-22T14:00:00Z", 1_000, 190),
    order(9, "2026-11-22T14:00:00Z", 444_444, 0),
    deleted("sale.order", 9, 99),
]  # fmt: skip
POS = event(
    "pos.order.paid", 60, id=1, ordered_at="2026-11-20T15:00:00Z", net=8_403, tax=1_597,
    total=10_000, lines=[],
)  # fmt: skip
INVOICES = [
    invoice(1, "33", "2026-11-02", 100_000, 19_000, 119_000, due_date="2026-12-02"),
    invoice(2, "61", "2026-11-10", 20_000, 3_800, 0, move_type="out_refund"),
    invoice(3, "34", "2026-11-11", 0, 0, 40_000, exempt=40_000, due_date="2026-09-01"),
    invoice(4, "33", "2026-11-12", 500_000, 95_000, 595_000, state="cancel"),
    invoice(5, "33", "2026-11-13", 700_000, 133_000, 833_000, sii={"state": "rejected"}),
    invoice(6, "56", "2026-11-14", 10_000, 1_900, 0),
    invoice(7, "39", "2026-11-15", 8_403, 1_597, 10_000, sii={"state": "pending"}),
    invoice(8, "33", "2026-11-05", 30_000, 5_700, 35_700, move_type="in_invoice"),
    invoice(9, "33", "2026-11-16", 1, 1, 2, state="draft"),
    invoice(10, "61", "2026-11-20", 5_000, 950, 5_950, move_type="out_refund"),
    invoice(11, "52", "2026-11-20", 6_000, 0, 0),
]
STOCK = [
    quant(1, COFFEE, 6, 4, None),
    quant(2, COFFEE, 1, 0, None),
    quant(3, TEA, 50, 0, 60),
    quant(4, {"product_id": 14, "sku": None, "name": "Mate"}, 90, 0, None),
]
OTHER = [
    event("order.confirmed", 1, tenant=B, id=1, net=5_555_555),
    event("invoice.posted", 2, tenant=B, id=1, residual=7_777_777, total=7_777_777),
    event("stock.changed", 3, tenant=B, id=1, on_hand=0.0),
]


@pytest.fixture
async def golden(kpi: Installed, warehouse: Warehouse) -> None:
    for tenant, events in ((A, [*ORDERS, POS, *INVOICES, *STOCK]), (B, OTHER)):
        await warehouse.refused(tenant, [tenant])
        await warehouse.write(tenant, [row(found) for found in events])


@pytest.fixture
def asked(golden: None, reader: psycopg.Connection) -> Iterator[psycopg.Connection]:
    reader.execute(f"SET kpi.ahora = '{NOW}'")
    yield reader


def ask(asked: psycopg.Connection, query: str, *values: Any) -> list[tuple]:
    return asked.execute(query, values or None).fetchall()


def test_sales_of_today(asked) -> None:
    query = "SELECT neto, con_iva, pedidos, ticket FROM kpi.ventas(%s, 'hoy')"
    assert ask(asked, query, A) == [(51_000, 60_690, 2, 25_500)]


def test_sales_of_the_month_beside_the_same_days_of_the_last_one(asked) -> None:
    query = "SELECT neto, neto_prev, var_pct FROM kpi.ventas(%s, 'mes')"
    assert [tuple(map(float, line)) for line in ask(asked, query, A)] == [(159_403, 30_000, 431.3)]


def test_a_period_without_sales_has_no_average(asked) -> None:
    asked.execute("SET kpi.ahora = '2027-06-01 12:00-04'")
    query = "SELECT neto, pedidos, ticket, var_pct FROM kpi.ventas(%s, '7d')"
    assert ask(asked, query, A) == [(0, 0, None, None)]


def test_a_sale_late_in_the_evening_counts_on_its_chilean_day(asked) -> None:
    query = "SELECT dia::text, canal, neto FROM kpi.ventas_diarias WHERE dia > '2026-11-01'"
    assert sorted(ask(asked, query)) == [
        ("2026-11-20", "pos", 8_403),
        ("2026-11-21", "odoo", 100_000),
        ("2026-11-22", "odoo", 51_000),
    ]


def test_invoiced_this_month(asked) -> None:
    assert ask(asked, "SELECT * FROM kpi.facturado(%s, 'mes')", A) == [
        (93_403, 40_000, 17_747, 5_700, 12_047, 25_000, 1, 1)
    ]


def test_receivables_by_age(asked) -> None:
    query = "SELECT orden, documentos, saldo FROM kpi.por_cobrar(%s)"
    assert ask(asked, query, A) == [
        (0, 1, 119_000),
        (1, 2, 4_050),  # the boleta of 10.000 less the open credit note of 5.950
        (2, 0, 0),
        (3, 1, 40_000),
        (4, 0, 0),
    ]


def test_the_list_of_open_documents_adds_up_to_the_receivables(asked) -> None:
    assert ask(asked, "SELECT sum(saldo) FROM kpi.documentos_por_cobrar") == [(163_050,)]


def test_best_products_without_shipping_and_cancelled_orders(asked) -> None:
    query = "SELECT producto, unidades, neto, margen_pct::float FROM kpi.top_productos(%s, '30d')"
    assert ask(asked, query, A) == [("Café", 18, 110_000, 50.9), ("Té", 5, 45_000, None)]
    assert len(ask(asked, "SELECT * FROM kpi.top_productos(%s, '30d', 1)", A)) == 1


def test_critical_stock_over_all_warehouses(asked) -> None:
    query = "SELECT producto, disponible, minimo FROM kpi.stock_critico(%s) ORDER BY 1"
    assert ask(asked, query, A) == [("Café", 3, 5), ("Té", 50, 60)]


def test_days_of_cover_follow_the_sales_of_four_weeks(asked) -> None:
    query = "SELECT venta_diaria::float, dias_cobertura::float FROM kpi.stock_critico(%s)"
    assert ask(asked, query + " WHERE producto = 'Té'", A) == [(0.18, 280.0)]


def test_every_figure_of_the_other_tenant_is_empty(asked) -> None:
    assert ask(asked, "SELECT neto, pedidos FROM kpi.ventas(%s, 'hoy')", B) == [(0, 0)]
    assert ask(asked, "SELECT sum(saldo) FROM kpi.por_cobrar(%s)", B) == [(0,)]
    assert ask(asked, "SELECT * FROM kpi.stock_critico(%s)", B) == []


@pytest.mark.parametrize(
    ("period", "now", "days"),
    [
        ("mes", "2026-03-31 12:00-03", ("2026-03-01", "2026-03-31", "2026-02-01", "2026-02-28")),
        ("hoy", NOW, ("2026-11-22", "2026-11-22", "2026-11-15", "2026-11-15")),
        ("7d", NOW, ("2026-11-16", "2026-11-22", "2026-11-09", "2026-11-15")),
        ("90d", NOW, ("2026-08-25", "2026-11-22", "2026-05-27", "2026-08-24")),
        ("mes_anterior", NOW, ("2026-10-01", "2026-10-31", "2026-09-01", "2026-09-30")),
    ],
)
def test_periods(reader: psycopg.Connection, period: str, now: str, days: tuple) -> None:
    reader.execute(f"SET kpi.ahora = '{now}'")
    query = "SELECT d0::text, d1::text, p0::text, p1::text FROM kpi.rango(%s)"
    assert ask(reader, query, period) == [days]


def test_the_day_without_midnight_loses_no_sale(reader: psycopg.Connection) -> None:
    query = (
        "SELECT kpi.ini('2026-09-06') = '2026-09-06 04:00+00', kpi.dia('2026-09-06 03:59+00')::text"
    )
    assert ask(reader, query) == [(True, "2026-09-05")]
