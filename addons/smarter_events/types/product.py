"""``product.*``: product.product, one event a variant."""

from __future__ import annotations

from typing import Any

from ..capture.declaration import Batch, Declaration
from ..capture.triggers import Changes, Created, Relay
from ..capture.values import money, text
from .blocks import changed, identity
from .lines import is_tracked, product_name

MODEL = "product.product"
FIGURES = ("cost",)
WATCHED = frozenset({"default_code", "barcode", "active", "standard_price"})
TEMPLATE = Relay(
    model="product.template",
    down="product_tmpl_id",
    fields=frozenset({"name", "list_price", "categ_id", "type", "is_storable", "company_id"}),
)


def build(batch: Batch) -> dict[int, dict[str, Any]]:
    currency = batch.currency
    return {
        product.id: {
            **identity(product, product_name(product)),
            "template_id": product.product_tmpl_id.id,
            "sku": text(product.default_code),
            "barcode": text(product.barcode),
            "category": text(product.categ_id.complete_name),
            "kind": "product" if product.type == "consu" else product.type,
            "price": money(product.lst_price, currency),
            "cost": money(product.standard_price, currency),
            "active": product.active,
            "tracked": is_tracked(product),
            **changed(batch, product),
        }
        for product in batch.records
    }


TYPES = (
    Declaration(
        name="product.created",
        model=MODEL,
        trigger=Created(),
        build=build,
        figures=FIGURES,
    ),
    Declaration(
        name="product.updated",
        model=MODEL,
        trigger=Changes(WATCHED, relays=(TEMPLATE,)),
        build=build,
        figures=FIGURES,
        absorbed_by=("product.created",),
        backfill=(),
    ),
)
