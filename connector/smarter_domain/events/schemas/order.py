"""Quotations and sale orders: ``quotation.sent``, ``order.*`` (sale.order)."""

from __future__ import annotations

from typing import Any

from smarter_domain.events.event_type import EventType, Schema
from smarter_domain.events.schemas import samples
from smarter_domain.events.schemas import vocabulary as v

MODEL = "sale.order"

_PROPERTIES: dict[str, Schema] = {
    "state": v.text("Estado en Odoo: draft, sent, sale o cancel."),
    "channel": v.choice("Canal de venta.", "odoo", "shopify", "pos", "website"),
    "partner": v.ref("partner", "Cliente."),
    "salesperson": v.nullable(v.text("Vendedor.")),
    "ordered_at": v.instant("Fecha y hora del pedido."),
    "confirmed_at": v.nullable(v.instant("Cuándo se confirmó.")),
    **v.amounts_in(),
    "net": v.money("Neto."),
    "tax": v.money("Impuestos."),
    "total": v.money("Total con impuestos."),
    "origin": v.nullable(v.text("Documento de origen.")),
    "client_ref": v.nullable(v.text("Referencia del cliente (orden de compra).")),
    "lead_id": v.nullable(v.record_id("Oportunidad de la que viene (crm.lead).")),
    "is_test": v.boolean("Si es un pedido de prueba: no cuenta en los indicadores."),
    "lines": v.many(
        v.ref("line"), "Líneas. Una línea que ya no está en una versión mayor fue eliminada."
    ),
}
_EXAMPLE: dict[str, Any] = {
    "id": 42,
    "model": MODEL,
    "name": "S00042",
    "state": "sale",
    "channel": "odoo",
    "partner": samples.PARTNER,
    "salesperson": "Ana Soto",
    "ordered_at": "2026-11-22T14:58:30Z",
    "confirmed_at": "2026-11-22T15:00:00Z",
    **samples.AMOUNTS,
    "origin": None,
    "client_ref": "OC-1187",
    "lead_id": 7,
    "is_test": False,
    "lines": [samples.LINE, samples.DELIVERY_LINE],
}
_SENT = {"state": "sent", "confirmed_at": None}


def _type(name: str, summary: str, when: str, state: dict[str, Any]) -> EventType:
    schema = v.event_data(name, MODEL, _PROPERTIES, whole_pesos=("net", "tax", "total"))
    return EventType(
        name=name,
        model=MODEL,
        aggregate_model=MODEL,
        summary=summary,
        when=when,
        schema=schema,
        example={**_EXAMPLE, **state},
        module="sale",
        warehouse=True,
    )


TYPES = (
    _type(
        "quotation.sent",
        "A quotation was sent to the customer.",
        "La cotización pasó a estado enviada.",
        _SENT,
    ),
    _type(
        "order.confirmed",
        "A sale order was confirmed.",
        "La cotización se confirmó y es un pedido de venta.",
        {},
    ),
    _type(
        "order.updated",
        "A confirmed sale order or its lines changed.",
        "Cambió un pedido confirmado o una de sus líneas.",
        {"changed": ["order_line"]},
    ),
    _type(
        "order.cancelled", "A sale order was cancelled.", "El pedido se anuló.", {"state": "cancel"}
    ),
)
