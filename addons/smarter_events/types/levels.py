"""When stock is low: the available quantity against its minimum, before and after.

The minimum is that of the replenishment rules of the product, each for its warehouse; without any,
the company's own, for all its warehouses together. Crossing is judged between the state before the
transaction and now, so it needs no memory of its own: a product is armed when it was at or above
the minimum.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from ..capture.declaration import Batch
from ..capture.triggers import Change

FIRST = "smarter_events.stock_before"


@dataclass(frozen=True)
class Level:
    """Available quantities of a product; ``warehouse_id`` False: in all warehouses."""

    warehouse_id: int | bool
    before: float
    now: float
    minimum: float

    @property
    def crosses(self) -> bool:
        return self.before >= self.minimum > self.now


def crossings(batch: Batch) -> dict[int, Level]:
    """By product, the level that crossed its minimum; of several, the one most short."""
    products = batch.records.filtered(
        lambda product: batch.changes[product.id].sources and product.is_storable
    )
    if not products:
        return {}
    available, rules = _available(batch, products.ids), minimums(batch, products.ids)
    found = {}
    for product in products:
        deltas = _deltas(batch, batch.changes[product.id])
        levels = _levels(batch, available[product.id], deltas, rules.get(product.id))
        low = [one for one in _since_begin(batch, product.id, levels) if one.crosses]
        if low:
            found[product.id] = min(low, key=lambda level: level.now - level.minimum)
    return found


def minimums(batch: Batch, product_ids: list[int]) -> dict[int, dict[int, float]]:
    """Product -> {warehouse: minimum} of the active replenishment rules; asked once a flush."""
    known = batch.memo.setdefault("minimums", {})
    unknown = [id_ for id_ in product_ids if id_ not in known]
    if unknown:
        known.update((id_, {}) for id_ in unknown)
        batch.env.cr.execute(
            "SELECT product_id, warehouse_id, sum(product_min_qty)::float"
            " FROM stock_warehouse_orderpoint"
            " WHERE active AND product_id = ANY (%s) AND company_id = %s GROUP BY 1, 2",
            [unknown, batch.env.company.id],
        )
        for product_id, warehouse_id, minimum in batch.env.cr.fetchall():
            known[product_id][warehouse_id] = minimum
    return known


def _available(batch: Batch, product_ids: list[int]) -> dict[int, dict[int, float]]:
    batch.env.cr.execute(
        # A quant that is only counted, its count not yet applied, has no quantity.
        "SELECT q.product_id, l.warehouse_id,"
        " sum(coalesce(q.quantity, 0) - coalesce(q.reserved_quantity, 0))::float"
        " FROM stock_quant q JOIN stock_location l ON l.id = q.location_id"
        " WHERE l.usage = 'internal' AND q.product_id = ANY (%s) AND q.company_id = %s"
        " GROUP BY 1, 2",
        [product_ids, batch.env.company.id],
    )
    available = defaultdict(dict)
    for product_id, warehouse_id, quantity in batch.env.cr.fetchall():
        available[product_id][warehouse_id] = quantity
    return available


def _deltas(batch: Batch, change: Change) -> dict[int, float]:
    """By warehouse, how much the available quantity moved in this flush."""
    deltas = defaultdict(float)
    for source in change.sources:
        old = {**source.new, **source.changed} if source.new else source.old
        for values, sign in ((old, -1), (source.new, 1)):
            if sign < 0 and source.created or not values:
                continue
            location = batch.env["stock.location"].browse(values["location_id"])
            if location.usage == "internal" and values["company_id"] == batch.env.company.id:
                amount = (values["quantity"] or 0) - (values["reserved_quantity"] or 0)
                deltas[location.warehouse_id.id] += sign * amount
    return deltas


def _levels(batch: Batch, available, deltas, rules) -> list[Level]:
    if rules:
        return [
            Level(id_, available.get(id_, 0) - deltas.get(id_, 0), available.get(id_, 0), minimum)
            for id_, minimum in rules.items()
        ]
    now = sum(available.values())
    minimum = batch.env.company.smarter_stock_minimum
    return [Level(False, now - sum(deltas.values()), now, minimum)]


def _since_begin(batch: Batch, product_id: int, levels: list[Level]) -> list[Level]:
    """The same levels, seen from the begin of the transaction, whatever flushes lie between."""
    first = batch.env.cr.postcommit.data.setdefault(FIRST, {})
    seen = []
    for level in levels:
        key = (batch.env.company.id, product_id, level.warehouse_id)
        before = first.setdefault(key, level.before)
        seen.append(Level(level.warehouse_id, before, level.now, level.minimum))
    return seen
