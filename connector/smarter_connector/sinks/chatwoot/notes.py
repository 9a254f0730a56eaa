"""What a note says, in Spanish, for the person who is talking with the customer. Pure.

One or two short sentences, with the amount and the day that matter, and a reference by which the
note of an event can be recognised.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from smarter_connector.sinks.chatwoot.texts import amount, day, plain
from smarter_domain.events.envelope import Event

Data = Mapping[str, Any]

INVOICES = {
    "33": "Factura",
    "34": "Factura exenta",
    "39": "Boleta",
    "41": "Boleta exenta",
    "56": "Nota de débito",
    "61": "Nota de crédito",
}
"""Document types of the SII (Formato de documentos tributarios electrónicos, annex)."""

SILENT = frozenset({"test.ping", "record.deleted", "tenant.updated"})


def note_text(event: Event) -> str | None:
    """The note for an event, None for a type that is never worth one."""
    if event.type in SILENT:
        return None
    write = _TEXTS.get(event.type)
    # Of a type made by an administrator no more is known than its name and the record's.
    text = write(event.data) if write else f"{plain(event.type)}: {_name(event.data)}."
    return f"{text}\n\n{reference(event.id)}"


def reference(event_id: str) -> str:
    """The last line of an event's note: short, and the same for every attempt and replay."""
    return f"Ref. Odoo {event_id.replace('-', '')[-12:]}"


def _order(verb: str) -> Callable[[Data], str]:
    return lambda data: f"Pedido {_name(data)} {verb}: {_total(data)}."


def _order_cancelled(data: Data) -> str:
    return f"Pedido {_name(data)} anulado (era de {_total(data)})."


def _quotation(data: Data) -> str:
    return f"Cotización {_name(data)} enviada: {_total(data)}."


def _delivery(data: Data) -> str:
    done = {"outgoing": "despachado", "incoming": "recibido"}.get(data.get("kind"), "completado")
    origin = f" del pedido {plain(data['origin'])}" if data.get("origin") else ""
    tracking = f" Seguimiento: {plain(data['tracking'])}." if data.get("tracking") else ""
    return f"Envío {_name(data)}{origin} {done}.{tracking}"


def _invoice_posted(data: Data) -> str:
    due = day(data.get("due_date"))
    return f"{_invoice(data)} emitida: {_total(data)}.{f' Vence el {due}.' if due else ''}"


def _invoice_updated(data: Data) -> str:
    due = day(data.get("due_date"))
    until = f", vence el {due}" if due else ""
    return f"{_invoice(data)}: queda por pagar {_residual(data)}{until}."


def _invoice_paid(data: Data) -> str:
    return f"{_invoice(data)} pagada: {_total(data)}."


def _invoice_unpaid(data: Data) -> str:
    return f"{_invoice(data)} quedó otra vez impaga. Saldo: {_residual(data)}."


def _invoice_reset(data: Data) -> str:
    return f"{_invoice(data)} volvió a borrador para corregirla."


def _invoice_cancelled(data: Data) -> str:
    return f"{_invoice(data)} anulada."


def _invoice_overdue(data: Data) -> str:
    due = day(data.get("due_date"))
    since = f" desde el {due}" if due else ""
    return f"{_invoice(data)} vencida{since}. Saldo pendiente: {_residual(data)}."


def _credit_note(data: Data) -> str:
    return f"{_invoice(data)} emitida a favor del cliente: {_total(data)}."


def _payment(data: Data) -> str:
    verb = "Pago hecho al proveedor" if data.get("direction") == "outbound" else "Pago recibido"
    method = f" ({plain(data['method'])})" if data.get("method") else ""
    return f"{verb}: {amount(data.get('amount'), data.get('currency'))}{method}."


def _payment_cancelled(data: Data) -> str:
    return f"Pago {_name(data)} anulado: {amount(data.get('amount'), data.get('currency'))}."


def _lead(verb: str) -> Callable[[Data], str]:
    return lambda data: f"Oportunidad {verb}: {_name(data)}."


def _lead_lost(data: Data) -> str:
    reason = f" Motivo: {plain(data['lost_reason'])}." if data.get("lost_reason") else ""
    return f"Oportunidad perdida: {_name(data)}.{reason}"


def _lead_updated(data: Data) -> str:
    stage = f" Etapa: {plain(data['stage'])}." if data.get("stage") else ""
    return f"Oportunidad modificada: {_name(data)}.{stage}"


def _purchase(data: Data) -> str:
    return f"Orden de compra {_name(data)} confirmada: {_total(data)}."


def _pos(data: Data) -> str:
    return f"Compra en el local {_name(data)}: {_total(data)}."


def _fixed(text: str) -> Callable[[Data], str]:
    return lambda _data: text


_TEXTS: Mapping[str, Callable[[Data], str]] = {
    "contact.created": _fixed("Cliente creado en Odoo."),
    "contact.updated": _fixed("Los datos del cliente cambiaron en Odoo."),
    "quotation.sent": _quotation,
    "order.confirmed": _order("confirmado"),
    "order.updated": _order("modificado"),
    "order.cancelled": _order_cancelled,
    "delivery.done": _delivery,
    "invoice.posted": _invoice_posted,
    "invoice.updated": _invoice_updated,
    "invoice.paid": _invoice_paid,
    "invoice.unpaid": _invoice_unpaid,
    "invoice.reset": _invoice_reset,
    "invoice.cancelled": _invoice_cancelled,
    "invoice.overdue": _invoice_overdue,
    "credit_note.posted": _credit_note,
    "payment.registered": _payment,
    "payment.cancelled": _payment_cancelled,
    "lead.created": _lead("nueva"),
    "lead.updated": _lead_updated,
    "lead.won": _lead("ganada"),
    "lead.lost": _lead_lost,
    "purchase.confirmed": _purchase,
    "pos.order.paid": _pos,
}


def _name(data: Data) -> str:
    return plain(data.get("name")) or "sin número"


def _invoice(data: Data) -> str:
    kind = INVOICES.get(str(data.get("document_type")))
    refund = "Nota de crédito" if data.get("move_type") == "out_refund" else "Factura"
    folio = data.get("folio")
    number = str(folio) if isinstance(folio, int) and kind else _name(data)
    whose = " de proveedor" if str(data.get("move_type")).startswith("in_") else ""
    return f"{kind or refund}{whose} {number}"


def _total(data: Data) -> str:
    return amount(data.get("total"), data.get("currency")) or "sin monto"


def _residual(data: Data) -> str:
    return amount(data.get("residual"), data.get("currency")) or "sin monto"
