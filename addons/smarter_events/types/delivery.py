"""``delivery.done``: stock.picking."""

from __future__ import annotations

from typing import Any

from ..capture.declaration import Batch, Declaration
from ..capture.triggers import Reaches
from ..capture.values import instant, text
from .blocks import balances, identity, partner_block
from .lines import product_name

MODEL = "stock.picking"
KINDS = {"incoming": "incoming", "outgoing": "outgoing", "dropship": "outgoing"}


def build(batch: Batch) -> dict[int, dict[str, Any]]:
    balances(batch, batch.records.partner_id)
    return {picking.id: _data(batch, picking) for picking in batch.records}


def _data(batch: Batch, picking) -> dict[str, Any]:
    tracking = picking.carrier_tracking_ref if _has(picking, "carrier_tracking_ref") else None
    return {
        **identity(picking, picking.name),
        "kind": KINDS.get(picking.picking_type_code, "internal"),
        "state": picking.state,
        "order_id": picking.sale_id.id or None if _has(picking, "sale_id") else None,
        "origin": text(picking.origin),
        "partner": partner_block(batch, picking.partner_id),
        "scheduled_at": instant(picking.scheduled_date),
        "done_at": instant(picking.date_done),
        "tracking": text(tracking),
        "lines": [
            {
                "id": move.id,
                "product_id": move.product_id.id,
                "sku": text(move.product_id.default_code),
                "name": product_name(move.product_id),
                "qty": move.quantity,
            }
            for move in picking.move_ids
            if move.state == "done"
        ],
    }


def _has(record, name: str) -> bool:
    return name in record._fields


TYPES = (
    Declaration(
        name="delivery.done",
        model=MODEL,
        trigger=Reaches("state", frozenset({"done"})),
        build=build,
        backfill=(("state", "=", "done"),),
    ),
)
