"""``stock.changed`` (stock.quant) and ``stock.low`` (product.product)."""

from __future__ import annotations

from typing import Any

from ..capture.declaration import Batch, Declaration
from ..capture.triggers import Change, Changes, Relay
from ..capture.values import text
from .blocks import identity
from .levels import crossings, minimums
from .lines import product_block, product_name

QUANTITIES = frozenset({"quantity", "reserved_quantity"})
QUANTS = Relay(
    model="stock.quant",
    up="product_id",
    label="_stock",
    fields=QUANTITIES | {"location_id"},
)


def build_changed(batch: Batch) -> dict[int, dict[str, Any]]:
    rules = minimums(batch, batch.records.product_id.ids)
    return {quant.id: _quant(quant, rules) for quant in batch.records}


def _quant(quant, rules) -> dict[str, Any]:
    product, warehouse = quant.product_id, quant.location_id.warehouse_id
    return {
        **identity(quant, product_name(product)),
        "product": product_block(product),
        "warehouse": warehouse_block(warehouse),
        "location": {
            "id": quant.location_id.id,
            "name": quant.location_id.complete_name or quant.location_id.name,
        },
        "on_hand": quant.quantity,
        "reserved": quant.reserved_quantity,
        "available": quant.quantity - quant.reserved_quantity,
        "minimum": rules.get(product.id, {}).get(warehouse.id),
    }


def warehouse_block(warehouse) -> dict[str, Any] | None:
    if not warehouse:
        return None
    return {"id": warehouse.id, "code": warehouse.code, "name": warehouse.name}


def build_low(batch: Batch) -> dict[int, dict[str, Any]]:
    found = batch.memo["crossings"]
    warehouses = batch.env["stock.warehouse"]
    return {
        product.id: {
            **identity(product, product_name(product)),
            "sku": text(product.default_code),
            "available": found[product.id].now,
            "minimum": found[product.id].minimum,
            "warehouse": warehouse_block(warehouses.browse(found[product.id].warehouse_id)),
            "product": product_block(product),
        }
        for product in batch.records
    }


def pick_low(batch: Batch):
    """Only products whose available quantity crossed its minimum on the way down."""
    found = batch.memo.setdefault("crossings", {})
    found.update(crossings(batch))
    return batch.records.filtered(lambda product: product.id in found)


def _company_of_quants(change: Change) -> int | None:
    values = [source.new or source.old for source in change.sources]
    return next((one["company_id"] for one in values if one.get("company_id")), None)


def _is_internal(quant, change: Change) -> bool:
    return quant.location_id.usage == "internal"


TYPES = (
    Declaration(
        name="stock.changed",
        model="stock.quant",
        trigger=Changes(QUANTITIES | {"location_id"}, born=True),
        build=build_changed,
        when=_is_internal,
        backfill=(("location_id.usage", "=", "internal"),),
    ),
    Declaration(
        name="stock.low",
        model="product.product",
        trigger=Changes(frozenset(), relays=(QUANTS,), born=True),
        build=build_low,
        pick=pick_low,
        company=_company_of_quants,
    ),
)
