"""``purchase.confirmed``: purchase.order."""

from __future__ import annotations

from typing import Any

from ..capture.declaration import Batch, Declaration
from ..capture.triggers import Reaches
from ..capture.values import instant
from .amounts import Amounts
from .blocks import balances, identity, partner_block
from .lines import line_block

MODEL = "purchase.order"


def build(batch: Batch) -> dict[int, dict[str, Any]]:
    balances(batch, batch.records.partner_id)
    return {order.id: _data(batch, order) for order in batch.records}


def _data(batch: Batch, order) -> dict[str, Any]:
    amounts = Amounts.of(batch, order.currency_id, order.currency_rate)
    return {
        **identity(order, order.name),
        "state": order.state,
        "partner": partner_block(batch, order.partner_id),
        "ordered_at": instant(order.date_order),
        "confirmed_at": instant(order.date_approve),
        **amounts.block(net=order.amount_untaxed, total=order.amount_total),
        "lines": [_line(line, amounts) for line in order.order_line if not line.display_type],
    }


def _line(line, amounts: Amounts) -> dict[str, Any]:
    net = amounts(line.price_subtotal)
    return line_block(line, amounts, qty=line.product_qty, uom=line.product_uom_id, net=net)


TYPES = (
    Declaration(
        name="purchase.confirmed",
        model=MODEL,
        trigger=Reaches("state", frozenset({"purchase"})),
        build=build,
        backfill=(("state", "=", "purchase"),),
    ),
)
