"""``quotation.sent`` and ``order.*``: sale.order."""

from __future__ import annotations

from typing import Any

from ..capture.declaration import Batch, Declaration
from ..capture.triggers import Changes, Reaches, Relay
from ..capture.values import instant, text
from .amounts import Amounts
from .blocks import balances, changed, identity, partner_block
from .lines import cost_of, line_block

MODEL = "sale.order"
WATCHED = frozenset(
    {
        "partner_id", "user_id", "date_order", "origin", "client_order_ref", "currency_id",
        "amount_untaxed", "amount_tax", "amount_total",
    }
)  # fmt: skip
LINES = Relay(
    model="sale.order.line",
    up="order_id",
    label="order_line",
    fields=frozenset(
        {
            "product_id", "product_uom_qty", "product_uom_id", "price_unit", "discount",
            "price_subtotal", "name", "display_type",
        }
    ),
)  # fmt: skip


def build(batch: Batch) -> dict[int, dict[str, Any]]:
    balances(batch, batch.records.partner_id)
    return {order.id: _data(batch, order) for order in batch.records}


def _data(batch: Batch, order) -> dict[str, Any]:
    amounts = Amounts.of(batch, order.currency_id, order.currency_rate)
    confirmed = order.state == "sale"
    return {
        **identity(order, order.name),
        "state": order.state,
        "channel": _channel(order),
        "partner": partner_block(batch, order.partner_id),
        "salesperson": text(order.user_id.name),
        "ordered_at": instant(order.date_order if confirmed else order.create_date),
        "confirmed_at": instant(order.date_order) if confirmed else None,
        **amounts.block(net=order.amount_untaxed, total=order.amount_total),
        "origin": text(order.origin),
        "client_ref": text(order.client_order_ref),
        "lead_id": _optional(order, "opportunity_id").id or None,
        "is_test": bool(_optional(order, "smarter_is_test")),
        "lines": [_line(line, amounts) for line in order.order_line if not line.display_type],
        **changed(batch, order),
    }


def _optional(order, name: str):
    """A field of an addon that may not be installed."""
    return order[name] if name in order._fields else order.browse()


def _channel(order) -> str:
    """Where it was sold: a shop's addon says so in ``smarter_channel``."""
    said = order["smarter_channel"] if "smarter_channel" in order._fields else None
    return said or ("website" if _optional(order, "website_id") else "odoo")


def _line(line, amounts: Amounts) -> dict[str, Any]:
    qty, uom, net = line.product_uom_qty, line.product_uom_id, amounts(line.price_subtotal)
    cost = cost_of(line.product_id, qty, uom)
    return line_block(line, amounts, qty=qty, uom=uom, net=net, cost=cost)


def _confirmed(order, change) -> bool:
    return order.state == "sale"


TYPES = (
    Declaration(
        name="quotation.sent",
        model=MODEL,
        trigger=Reaches("state", frozenset({"sent"})),
        build=build,
        backfill=(("state", "=", "sent"),),
    ),
    Declaration(
        name="order.confirmed",
        model=MODEL,
        trigger=Reaches("state", frozenset({"sale"})),
        build=build,
        backfill=(("state", "=", "sale"),),
    ),
    Declaration(
        name="order.updated",
        model=MODEL,
        trigger=Changes(WATCHED, relays=(LINES,)),
        build=build,
        when=_confirmed,
        absorbed_by=("order.confirmed",),
    ),
    Declaration(
        name="order.cancelled",
        model=MODEL,
        trigger=Reaches("state", frozenset({"cancel"})),
        build=build,
        backfill=(("state", "=", "cancel"),),
    ),
)
