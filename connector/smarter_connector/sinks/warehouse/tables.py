"""The tables events are written to: the single list that schema, mapping and writer agree on.

A test compares it with the installed database.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

_PARTNER = ("partner_key", "partner_rut", "partner_name")
_CURRENCIES = ("currency", "document_currency", "amount_currency")
_LINE = (
    "line_id", "product_key", "sku", "product", "kind", "qty", "uom", "unit_price", "net", "cost",
)  # fmt: skip

#: What every row of a table carries beside its own columns.
VERSION = ("epoch", "number", "event_id", "event_time", "deleted")


@dataclass(frozen=True, slots=True)
class Table:
    """``key`` is the record's id; with ``tenant`` it is the primary key. ``lines`` is the table of
    the parts that are replaced as a whole with each version of the record."""

    name: str
    key: str
    columns: tuple[str, ...]
    lines: LineTable | None = None


@dataclass(frozen=True, slots=True)
class LineTable:
    name: str
    columns: tuple[str, ...] = _LINE


@dataclass(frozen=True, slots=True, eq=False)
class Naming:
    """Columns of facts that repeat what a dimension says of the record under ``key``.

    ``tables`` are the facts' tables with their ids; ``columns`` fact's column -> dimension's.
    """

    dimension: str
    id: str
    key: str
    columns: Mapping[str, str]
    tables: Mapping[str, str]


_ALL = (
    Table("products", "product_id", (
        "product_key", "template_id", "sku", "barcode", "name", "category", "kind", "price",
        "cost", "active", "tracked",
    )),
    Table("customers", "customer_id", (
        "partner_key", "partner_rut", "name", "is_company", "parent_id", "comuna", "region",
        "country", "labels", "active",
    )),
    Table("orders", "order_id", (
        "name", "channel", *_PARTNER, "salesperson", "state", "ordered_at", "confirmed_at",
        *_CURRENCIES, "net", "iva", "total", "origin", "client_ref", "lead_id", "is_test",
    ), LineTable("order_lines")),
    Table("invoices", "invoice_id", (
        "name", "move_type", "dte", "folio", "state", "payment_state", "sii", "issue_date",
        "due_date", *_PARTNER, *_CURRENCIES, "net", "exempt", "iva", "total", "residual",
        "order_ids", "reversed_id",
    ), LineTable("invoice_lines")),
    Table("payments", "payment_id", (
        "name", "direction", "state", "paid_at", "amount", *_CURRENCIES, "method", *_PARTNER,
        "invoice_ids",
    )),
    Table("stock", "quant_id", (
        "product_key", "sku", "product", "tracked", "warehouse", "location", "on_hand",
        "reserved", "available", "min_qty",
    )),
    Table("leads", "lead_id", (
        "name", "kind", *_PARTNER, "source", "medium", "stage", "probability",
        "expected_revenue", "created_at", "won_at", "lost_at", "lost_reason", "salesperson",
        "order_id", "order_ids",
    )),
    Table("deliveries", "picking_id", (
        "name", "kind", "state", "order_id", "origin", *_PARTNER, "scheduled_at", "done_at",
        "tracking", "units",
    )),
)  # fmt: skip

#: In the order they are written: the same in every transaction, so that two cannot deadlock.
TABLES: Mapping[str, Table] = MappingProxyType({table.name: table for table in _ALL})

LINE_TABLES = tuple(table.lines.name for table in _ALL if table.lines)

#: Odoo model -> table, and the sign of its ids there (see wh.orders in schema.sql).
MODELS: Mapping[str, tuple[str, int]] = MappingProxyType({
    "product.product": ("products", 1),
    "res.partner": ("customers", 1),
    "sale.order": ("orders", 1),
    "pos.order": ("orders", -1),
    "account.move": ("invoices", 1),
    "account.payment": ("payments", 1),
    "stock.quant": ("stock", 1),
    "crm.lead": ("leads", 1),
    "stock.picking": ("deliveries", 1),
})  # fmt: skip

#: Names stand beside keys in facts so that whoever reads needs no join. They are always those of
#: the dimension: a customer's new name writes no new version of old orders.
NAMINGS = (
    Naming(
        "customers", "customer_id", "partner_key",
        MappingProxyType({"partner_rut": "partner_rut", "partner_name": "name"}),
        MappingProxyType({
            table.name: table.key for table in _ALL if "partner_name" in table.columns
        }),
    ),
    Naming(
        "products", "product_id", "product_key",
        MappingProxyType({"sku": "sku", "product": "name", "tracked": "tracked"}),
        MappingProxyType({"stock": "quant_id"}),
    ),
    # A line's text is the seller's own.
    Naming(
        "products", "product_id", "product_key",
        MappingProxyType({"sku": "sku"}),
        MappingProxyType({
            table.lines.name: table.key for table in _ALL if table.lines
        }),
    ),
)  # fmt: skip
