"""``pos.order.paid``: pos.order."""

from __future__ import annotations

from typing import Any

from ..capture.declaration import Batch, Declaration
from ..capture.triggers import Reaches
from ..capture.values import instant, text
from .amounts import Amounts
from .blocks import balances, identity, partner_block
from .lines import line_block

MODEL = "pos.order"
PAID = frozenset({"paid", "done"})


def build(batch: Batch) -> dict[int, dict[str, Any]]:
    balances(batch, batch.records.partner_id)
    return {order.id: _data(batch, order) for order in batch.records}


def _data(batch: Batch, order) -> dict[str, Any]:
    amounts = Amounts.of(batch, order.currency_id, order.currency_rate)
    total = order.amount_total
    return {
        **identity(order, order.name),
        "session": text(order.session_id.name),
        "channel": "pos",
        "partner": partner_block(batch, order.partner_id),
        "ordered_at": instant(order.date_order),
        **amounts.block(net=total - order.amount_tax, total=total),
        "lines": [_line(line, amounts) for line in order.lines],
        "payments": [
            {
                "method": payment.payment_method_id.name or "",
                "amount": amounts(payment.amount),
            }
            for payment in order.payment_ids
        ],
    }


def _line(line, amounts: Amounts) -> dict[str, Any]:
    cost = line.total_cost if line.is_total_cost_computed else None
    net = amounts(line.price_subtotal)
    block = line_block(line, amounts, qty=line.qty, uom=line.product_uom_id, net=net, cost=cost)
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
