"""Deliveries and receipts: ``delivery.done`` (stock.picking)."""

from __future__ import annotations

from smarter_domain.events.event_type import EventType, Schema
from smarter_domain.events.schemas import samples
from smarter_domain.events.schemas import vocabulary as v

MODEL = "stock.picking"

_LINE = v.record(
    {
        "id": v.record_id("Identificador del movimiento (stock.move)."),
        "product_id": v.record_id("Variante (product.product)."),
        "sku": v.nullable(v.text("Referencia interna (SKU).")),
        "name": v.text("Producto."),
        "qty": v.number("Cantidad movida."),
    }
)
_PROPERTIES: dict[str, Schema] = {
    "kind": v.choice("Despacho, recepción o traslado.", "outgoing", "incoming", "internal"),
    "state": v.text("Estado en Odoo; done al completarse."),
    "order_id": v.nullable(v.record_id("Pedido (sale.order).")),
    "origin": v.nullable(v.text("Documento de origen.")),
    "partner": v.nullable(v.ref("partner", "Destinatario o remitente.")),
    "scheduled_at": v.nullable(v.instant("Cuándo estaba programado.")),
    "done_at": v.nullable(v.instant("Cuándo se completó.")),
    "tracking": v.nullable(v.text("Número de seguimiento del transportista.")),
    "lines": v.many(_LINE, "Productos movidos."),
}

TYPES = (
    EventType(
        name="delivery.done",
        model=MODEL,
        aggregate_model=MODEL,
        summary="A delivery, receipt or internal transfer was completed.",
        when="El despacho, la recepción o el traslado se validó.",
        schema=v.event_data("delivery.done", MODEL, _PROPERTIES),
        example={
            "id": 63,
            "model": MODEL,
            "name": "BC/OUT/00063",
            "kind": "outgoing",
            "state": "done",
            "order_id": 42,
            "origin": "S00042",
            "partner": samples.PARTNER,
            "scheduled_at": "2026-11-22T16:00:00Z",
            "done_at": "2026-11-22T15:30:00Z",
            "tracking": None,
            "lines": [
                {
                    "id": 711,
                    "product_id": 12,
                    "sku": "TAL-500",
                    "name": "Taladro percutor 500 W",
                    "qty": 2.0,
                }
            ],
        },
        module="stock",
        warehouse=True,
    ),
)
