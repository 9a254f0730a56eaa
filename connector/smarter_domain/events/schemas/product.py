"""Products: ``product.*`` (product.product, one event per variant)."""

from __future__ import annotations

from typing import Any

from smarter_domain.events.event_type import EventType, Schema
from smarter_domain.events.schemas import vocabulary as v

MODEL = "product.product"

_PROPERTIES: dict[str, Schema] = {
    "template_id": v.record_id("Plantilla (product.template)."),
    "sku": v.nullable(v.text("Referencia interna (SKU).")),
    "barcode": v.nullable(v.text("Código de barras.")),
    "category": v.nullable(v.text("Categoría, con su camino completo.")),
    "kind": v.text("Clase de producto."),
    "price": v.money("Precio de lista sin impuestos."),
    "cost": v.nullable(v.money("Costo.")),
    "active": v.boolean("Falso si está archivado."),
    "tracked": v.boolean("Si su inventario se lleva por cantidad (producto almacenable)."),
}
_EXAMPLE: dict[str, Any] = {
    "id": 12,
    "model": MODEL,
    "name": "Taladro percutor 500 W",
    "template_id": 10,
    "sku": "TAL-500",
    "barcode": "7801234567894",
    "category": "Herramientas / Eléctricas",
    "kind": "product",
    "price": 45000,
    "cost": 30000,
    "active": True,
    "tracked": True,
}


def _type(name: str, summary: str, when: str, changed: list[str]) -> EventType:
    return EventType(
        name=name,
        model=MODEL,
        aggregate_model=MODEL,
        summary=summary,
        when=when,
        schema=v.event_data(name, MODEL, _PROPERTIES),
        example={**_EXAMPLE, "changed": changed},
        module="product",
        warehouse=True,
    )


TYPES = (
    _type("product.created", "A product was created.", "Se creó un producto o una variante.", []),
    _type(
        "product.updated",
        "A product changed, was archived or restored.",
        "Cambió un dato del producto, o se archivó o se recuperó.",
        ["lst_price"],
    ),
)
