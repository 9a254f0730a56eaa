"""Purchase orders: ``purchase.confirmed`` (purchase.order)."""

from __future__ import annotations

from smarter_domain.events.event_type import EventType, Schema
from smarter_domain.events.schemas import samples
from smarter_domain.events.schemas import vocabulary as v

MODEL = "purchase.order"

_PROPERTIES: dict[str, Schema] = {
    "state": v.text("Estado en Odoo; purchase al confirmarse."),
    "partner": v.ref("partner", "Proveedor."),
    "ordered_at": v.instant("Fecha y hora de la orden."),
    "confirmed_at": v.nullable(v.instant("Cuándo se confirmó.")),
    **v.amounts_in(),
    "net": v.money("Neto."),
    "tax": v.money("Impuestos."),
    "total": v.money("Total con impuestos."),
    "lines": v.many(v.ref("line"), "Líneas."),
}

TYPES = (
    EventType(
        name="purchase.confirmed",
        model=MODEL,
        aggregate_model=MODEL,
        summary="A purchase order was confirmed.",
        when="La solicitud de cotización se confirmó y es una orden de compra.",
        schema=v.event_data(
            "purchase.confirmed", MODEL, _PROPERTIES, whole_pesos=("net", "tax", "total")
        ),
        example={
            "id": 21,
            "model": MODEL,
            "name": "P00021",
            "state": "purchase",
            "partner": samples.SUPPLIER,
            "ordered_at": "2026-11-22T13:00:00Z",
            "confirmed_at": "2026-11-22T13:05:00Z",
            **samples.AMOUNTS,
            "lines": [{**samples.LINE, "id": 77, "unit_price": 50000, "net": 100000, "cost": None}],
        },
        module="purchase",
    ),
)
