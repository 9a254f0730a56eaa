"""Payments: ``payment.*`` (account.payment)."""

from __future__ import annotations

from typing import Any

from smarter_domain.events.event_type import EventType, Schema
from smarter_domain.events.schemas import samples
from smarter_domain.events.schemas import vocabulary as v

MODEL = "account.payment"

_PROPERTIES: dict[str, Schema] = {
    "direction": v.choice("Entrante (nos pagan) o saliente (pagamos).", "inbound", "outbound"),
    "state": v.text("Estado en Odoo: draft, in_process, paid, canceled o rejected."),
    "paid_at": v.nullable(v.date("Fecha del pago.")),
    "amount": v.money("Monto."),
    **v.amounts_in(),
    "method": v.nullable(v.text("Medio de pago.")),
    "partner": v.nullable(v.ref("partner", "Quien paga o cobra.")),
    "invoice_ids": v.many(v.record_id("Factura (account.move)."), "Facturas conciliadas."),
}
_EXAMPLE: dict[str, Any] = {
    "id": 15,
    "model": MODEL,
    "name": "PBNK1/2026/00015",
    "direction": "inbound",
    "state": "paid",
    "paid_at": "2026-11-22",
    "amount": 119000,
    **samples.IN_PESOS,
    "method": "Transferencia",
    "partner": samples.PARTNER,
    "invoice_ids": [88],
}


def _type(name: str, summary: str, when: str, state: dict[str, Any]) -> EventType:
    return EventType(
        name=name,
        model=MODEL,
        aggregate_model=MODEL,
        summary=summary,
        when=when,
        schema=v.event_data(name, MODEL, _PROPERTIES, whole_pesos=("amount",)),
        example={**_EXAMPLE, **state},
        module="account",
        warehouse=True,
    )


TYPES = (
    _type("payment.registered", "A payment was registered.", "Se registró y validó un pago.", {}),
    _type(
        "payment.cancelled",
        "A payment was cancelled or rejected.",
        "El pago se anuló o fue rechazado.",
        {"state": "canceled", "invoice_ids": []},
    ),
)
