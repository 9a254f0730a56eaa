"""Stock: ``stock.changed`` (stock.quant) and ``stock.low`` (product.product)."""

from __future__ import annotations

from smarter_domain.events.event_type import EventType, Schema
from smarter_domain.events.schemas import samples
from smarter_domain.events.schemas import vocabulary as v

_LOCATION = v.record(
    {
        "id": v.record_id("Identificador de la ubicación (stock.location)."),
        "name": v.text("Nombre completo de la ubicación."),
    }
)
_CHANGED: dict[str, Schema] = {
    "product": v.ref("product_ref", "Producto."),
    "warehouse": v.nullable(v.ref("warehouse_ref", "Bodega; null fuera de una bodega.")),
    "location": {**_LOCATION, "description": "Ubicación."},
    "on_hand": v.number("Cantidad a mano en la ubicación."),
    "reserved": v.number("Cantidad reservada."),
    "available": v.number("A mano menos reservado."),
    "minimum": v.nullable(v.number("Mínimo de la regla de reabastecimiento, si hay.")),
}
_LOW: dict[str, Schema] = {
    "sku": v.nullable(v.text("Referencia interna (SKU).")),
    "available": v.number("Cantidad disponible."),
    "minimum": v.number("Mínimo que se cruzó."),
    "warehouse": v.nullable(v.ref("warehouse_ref", "Bodega.")),
    "product": v.ref("product_ref", "Producto."),
}

TYPES = (
    EventType(
        name="stock.changed",
        model="stock.quant",
        aggregate_model="stock.quant",
        summary="The quantity of a product at a location changed.",
        when="Cambió la cantidad o la reserva de un producto en una ubicación interna.",
        schema=v.event_data("stock.changed", "stock.quant", _CHANGED),
        example={
            "id": 501,
            "model": "stock.quant",
            "name": "Taladro percutor 500 W",
            "product": samples.PRODUCT,
            "warehouse": samples.WAREHOUSE,
            "location": {"id": 8, "name": "BC/Existencias"},
            "on_hand": 6.0,
            "reserved": 2.0,
            "available": 4.0,
            "minimum": 5.0,
        },
        module="stock",
        warehouse=True,
    ),
    EventType(
        name="stock.low",
        model="product.product",
        aggregate_model="product.product",
        summary="The stock of a product fell below its minimum.",
        when="El disponible bajó del mínimo. No se repite hasta que vuelva a estar sobre él.",
        schema=v.event_data("stock.low", "product.product", _LOW),
        example={
            "id": 12,
            "model": "product.product",
            "name": "Taladro percutor 500 W",
            "sku": "TAL-500",
            "available": 4.0,
            "minimum": 5.0,
            "warehouse": samples.WAREHOUSE,
            "product": samples.PRODUCT,
        },
        module="stock",
    ),
)
