"""The ``line`` block of orders, invoices and purchases, and names of products."""

from __future__ import annotations

from typing import Any

from ..capture.values import money, text
from .amounts import Amounts


def product_name(product) -> str:
    """The name without reference; of a variant, with its attributes."""
    if product.product_template_variant_value_ids:
        return product.with_context(display_default_code=False).display_name
    return product.name or ""


def product_block(product) -> dict[str, Any]:
    return {
        "id": product.id,
        "sku": text(product.default_code),
        "name": product_name(product),
        "tracked": is_tracked(product),
    }


def is_tracked(product) -> bool:
    return bool("is_storable" in product._fields and product.is_storable)


def line_block(line, amounts: Amounts, *, qty, uom, net: float, cost: float | None = None):
    """``net`` and ``cost`` are those of the whole line, in the company's currency."""
    product = line.product_id
    return {
        "id": line.id,
        "product_id": product.id or None,
        "sku": text(product.default_code),
        "name": line.name or product_name(product) or "/",
        "kind": line_kind(line, net),
        "qty": qty,
        "uom": text(uom.name),
        "unit_price": amounts(line.price_unit),
        "net": money(net, amounts.own),
        "cost": money(cost, amounts.own),
    }


def line_kind(line, net: float) -> str:
    if "is_delivery" in line._fields and line.is_delivery:
        return "delivery"
    if net < 0 or line.price_unit < 0:
        return "discount"
    return "service" if not line.product_id or line.product_id.type == "service" else "product"


def cost_of(product, qty: float, uom) -> float | None:
    """Cost of ``qty`` (in ``uom``) at the product's present cost; None when it has none."""
    unit_cost = product.standard_price
    if not product or not unit_cost:
        return None
    if uom and uom != product.uom_id:
        qty = uom._compute_quantity(qty, product.uom_id, round=False)
    return unit_cost * qty
