"""Point of sale: ``pos.order.paid`` (pos.order)."""

from __future__ import annotations

from smarter_domain.events.event_type import EventType, Schema
from smarter_domain.events.schemas import samples
from smarter_domain.events.schemas import vocabulary as v

MODEL = "pos.order"

_PAYMENT = v.record(
    {
        "method": v.text("Medio de pago."),
        "amount": v.money("Monto; negativo si es un vuelto."),
    }
)
_PROPERTIES: dict[str, Schema] = {
    "session": v.nullable(v.text("Sesión de caja.")),
    "channel": v.choice("Canal de venta.", "pos"),
    "partner": v.nullable(v.ref("partner", "Cliente, si se identificó.")),
    "ordered_at": v.instant("Fecha y hora de la venta."),
    **v.amounts_in(),
    "net": v.money("Neto."),
    "tax": v.money("Impuestos."),
    "total": v.money("Total con impuestos."),
    "lines": v.many(v.ref("line"), "Líneas."),
    "payments": v.many(_PAYMENT, "Pagos."),
}

TYPES = (
    EventType(
        name="pos.order.paid",
        model=MODEL,
        aggregate_model=MODEL,
        summary="A point of sale order was paid.",
        when="La venta del punto de venta quedó pagada.",
        schema=v.event_data(
            "pos.order.paid", MODEL, _PROPERTIES, whole_pesos=("net", "tax", "total")
        ),
        example={
            "id": 301,
            "model": MODEL,
            "name": "Caja 1/0301",
            "session": "POS/00012",
            "channel": "pos",
            "partner": None,
            "ordered_at": "2026-11-22T15:10:00Z",
            **samples.AMOUNTS,
            "lines": [{**samples.LINE, "unit_price": 50000, "net": 100000}],
            "payments": [{"method": "Efectivo", "amount": 119000}],
        },
        module="point_of_sale",
        warehouse=True,
    ),
)
