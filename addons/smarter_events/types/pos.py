"""``pos.order.paid``: pos.order."""

from __future__ import annotations

from typing import Any

from ..capture.declaration import Batch, Declaration
from ..capture.triggers import Reaches
from ..capture.values import instant, money, text
from .blocks import balances, identity, partner_block
from .lines import line_block

MODEL = "pos.order"
PAID = frozenset({"paid", "done"})


def build(batch: Batch) -> dict[int, dict[str, Any]]:
    balances(batch, batch.records.partner_id)
    return {order.id: _data(batch, order) for order in batch.records}


def _data(batch: Batch, order) -> dict[str, Any]:
    currency = order.currency_id
    return {
        **identity(order, order.name),
        "session": text(order.session_id.name),
        "channel": "pos",
        "partner": partner_block(batch, order.partner_id),
        "ordered_at": instant(order.date_order),
        "currency": currency.name,
        "net": money(order.amount_total - order.amount_tax, currency),
        "tax": money(order.amount_tax, currency),
        "total": money(order.amount_total, currency),
        "lines": [_line(line, currency) for line in order.lines],
        "payments": [
            {
                "method": payment.payment_method_id.name or "",
                "amount": money(payment.amount, currency),
            }
            for payment in order.payment_ids
        ],
    }


def _line(line, currency) -> dict[str, Any]:
    cost = line.total_cost if line.is_total_cost_computed else None
    net = line.price_subtotal
    block = line_block(line, currency, qty=line.qty, uom=line.product_uom_id, net=net, cost=cost)
    return block | {"name": line.full_product_name or line.product_id.name or line.name}


TYPES = (
    Declaration(
        name="pos.order.paid",
        model=MODEL,
        trigger=Reaches("state", PAID),
        build=build,
        backfill=(("state", "in", tuple(sorted(PAID))),),
    ),
)
