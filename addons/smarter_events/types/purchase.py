"""``purchase.confirmed``: purchase.order."""

from __future__ import annotations

from typing import Any

from ..capture.declaration import Batch, Declaration
from ..capture.triggers import Reaches
from ..capture.values import instant, money
from .blocks import balances, identity, partner_block
from .lines import line_block

MODEL = "purchase.order"


def build(batch: Batch) -> dict[int, dict[str, Any]]:
    balances(batch, batch.records.partner_id)
    return {order.id: _data(batch, order) for order in batch.records}


def _data(batch: Batch, order) -> dict[str, Any]:
    currency = order.currency_id
    return {
        **identity(order, order.name),
        "state": order.state,
        "partner": partner_block(batch, order.partner_id),
        "ordered_at": instant(order.date_order),
        "confirmed_at": instant(order.date_approve),
        "currency": currency.name,
        "net": money(order.amount_untaxed, currency),
        "tax": money(order.amount_tax, currency),
        "total": money(order.amount_total, currency),
        "lines": [_line(line, currency) for line in order.order_line if not line.display_type],
    }


def _line(line, currency) -> dict[str, Any]:
    return line_block(
        line, currency, qty=line.product_qty, uom=line.product_uom_id, net=line.price_subtotal
    )


TYPES = (
    Declaration(
        name="purchase.confirmed",
        model=MODEL,
        trigger=Reaches("state", frozenset({"purchase"})),
        build=build,
        backfill=(("state", "=", "purchase"),),
    ),
)
