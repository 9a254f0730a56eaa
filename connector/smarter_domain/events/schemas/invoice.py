"""Invoices and credit notes: ``invoice.*``, ``credit_note.posted`` (account.move)."""

from __future__ import annotations

from typing import Any

from smarter_domain.events.event_type import EventType, Schema
from smarter_domain.events.schemas import samples
from smarter_domain.events.schemas import vocabulary as v

MODEL = "account.move"

_PROPERTIES: dict[str, Schema] = {
    "move_type": v.text("Clase de documento en Odoo: out_invoice, out_refund, in_invoice…"),
    "document_type": v.nullable(
        v.text("Código del SII: 33, 34, 39, 41, 56, 61…", pattern="^[0-9]{1,3}$")
    ),
    "folio": v.nullable(v.integer("Folio del documento tributario.", minimum=1)),
    "state": v.text("Estado en Odoo: draft, posted o cancel."),
    "payment_state": v.text("Estado de pago: not_paid, in_payment, partial, paid, reversed…"),
    "sii": v.nullable({"type": "object", "description": "Estado ante el SII; hoy siempre null."}),
    "issue_date": v.nullable(v.date("Fecha de emisión.")),
    "due_date": v.nullable(v.date("Fecha de vencimiento.")),
    "partner": v.ref("partner", "Cliente o proveedor."),
    **v.amounts_in(),
    "net": v.money("Neto afecto."),
    "exempt": v.money("Exento."),
    "tax": v.money("Impuestos."),
    "total": v.money("Total."),
    "residual": v.money("Saldo por pagar."),
    "order_ids": v.many(v.record_id("Pedido (sale.order)."), "Pedidos que factura."),
    "reversed_id": v.nullable(v.record_id("Documento que corrige (account.move).")),
    "lines": v.many(v.ref("line"), "Líneas con producto o monto."),
}
_EXAMPLE: dict[str, Any] = {
    "id": 88,
    "model": MODEL,
    "name": "FAC 000123",
    "move_type": "out_invoice",
    "document_type": "33",
    "folio": 123,
    "state": "posted",
    "payment_state": "not_paid",
    "sii": None,
    "issue_date": "2026-11-22",
    "due_date": "2026-12-22",
    "partner": samples.PARTNER,
    **samples.AMOUNTS,
    "exempt": 0,
    "residual": 119000,
    "order_ids": [42],
    "reversed_id": None,
    "lines": [samples.LINE, samples.DELIVERY_LINE],
}
_PAID = {"payment_state": "paid", "residual": 0}
_PARTIAL = {
    "payment_state": "partial",
    "residual": 69000,
    "changed": ["amount_residual"],
    "previous": {"amount_residual": 119000},
}
_RESET = {"state": "draft", "changed": ["state"]}
_CANCELLED = {"state": "cancel", "residual": 0}
_OVERDUE = {"issue_date": "2026-10-01", "due_date": "2026-10-31"}
_REFUND = {
    "name": "NC 000009",
    "move_type": "out_refund",
    "document_type": "61",
    "folio": 9,
    "reversed_id": 80,
    "order_ids": [],
}


def _type(name: str, summary: str, when: str, state: dict[str, Any]) -> EventType:
    pesos = ("net", "exempt", "tax", "total", "residual")
    return EventType(
        name=name,
        model=MODEL,
        aggregate_model=MODEL,
        summary=summary,
        when=when,
        schema=v.event_data(name, MODEL, _PROPERTIES, optional=("sii",), whole_pesos=pesos),
        example={**_EXAMPLE, **state},
        module="account",
        warehouse=True,
    )


TYPES = (
    _type("invoice.posted", "An invoice was posted.", "La factura se publicó (emitió).", {}),
    _type(
        "invoice.updated",
        "What is owed of a posted document changed, or its due date.",
        "Cambió el saldo o el vencimiento de un documento publicado, por ejemplo con un abono, y no"
        " fue por publicarlo, pagarlo, anularlo ni devolverlo a borrador.",
        _PARTIAL,
    ),
    _type(
        "invoice.paid",
        "An invoice became fully paid.",
        "El estado de pago de la factura llegó a pagado.",
        _PAID,
    ),
    _type(
        "invoice.unpaid",
        "A paid invoice is owed again.",
        "La factura dejó de estar pagada, por ejemplo al anular un pago.",
        {"changed": ["payment_state"]},
    ),
    _type(
        "invoice.reset",
        "A posted invoice went back to draft.",
        "La factura publicada volvió a borrador.",
        _RESET,
    ),
    _type("invoice.cancelled", "An invoice was cancelled.", "La factura se anuló.", _CANCELLED),
    _type(
        "invoice.overdue",
        "An invoice is past its due date and unpaid.",
        "Revisión diaria: pasó el vencimiento y queda saldo. Una vez por vencimiento.",
        _OVERDUE,
    ),
    _type(
        "credit_note.posted",
        "A credit note was posted.",
        "La nota de crédito se publicó (emitió).",
        _REFUND,
    ),
)
