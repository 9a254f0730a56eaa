"""The page of the sandbox: what arrived, in plain Spanish, for the person who tries the product."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from html import escape
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from smarter_connector.sandbox.chatwoot_state import Account, Contact
    from smarter_connector.sandbox.n8n import Received
    from smarter_connector.sandbox.server import Sandbox

ROWS = 15
ZONE = ZoneInfo("America/Santiago")
NAMES = {
    "contact.created": "Cliente nuevo",
    "contact.updated": "Cliente modificado",
    "lead.created": "Oportunidad nueva",
    "lead.updated": "Oportunidad modificada",
    "lead.won": "Oportunidad ganada",
    "lead.lost": "Oportunidad perdida",
    "quotation.sent": "Cotización enviada",
    "order.confirmed": "Pedido confirmado",
    "order.updated": "Pedido modificado",
    "order.cancelled": "Pedido anulado",
    "delivery.done": "Despacho realizado",
    "stock.changed": "Cambio de stock",
    "stock.low": "Queda poco stock",
    "invoice.posted": "Factura emitida",
    "invoice.updated": "Cambió lo que se debe de una factura",
    "invoice.paid": "Factura pagada",
    "invoice.unpaid": "Factura otra vez impaga",
    "invoice.reset": "Factura devuelta a borrador",
    "invoice.cancelled": "Factura anulada",
    "invoice.overdue": "Factura vencida",
    "credit_note.posted": "Nota de crédito emitida",
    "payment.registered": "Pago registrado",
    "payment.cancelled": "Pago anulado",
    "purchase.confirmed": "Compra confirmada",
    "product.created": "Producto nuevo",
    "product.updated": "Producto modificado",
    "pos.order.paid": "Venta en caja",
    "tenant.updated": "Datos de la empresa",
    "record.deleted": "Registro eliminado",
    "test.ping": "Prueba de conexión",
}
STYLE = """
body{font-family:system-ui,sans-serif;margin:2rem auto;max-width:72rem;padding:0 1rem;color:#1c2733}
h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:2rem}p{color:#52606d}
table{border-collapse:collapse;width:100%;font-size:.92rem}
th,td{text-align:left;padding:.4rem .6rem;border-bottom:1px solid #dfe5ea;vertical-align:top}
th{background:#f3f6f8}.n{white-space:pre-line}.v{color:#8794a1}
"""


def render(sandbox: Sandbox) -> str:
    """The whole page; everything that arrived is escaped. It reloads itself every 3 seconds."""
    title = "Lo que llegó desde Odoo"
    return "\n".join(
        [
            '<!doctype html><html lang="es-CL"><head><meta charset="utf-8">',
            f'<meta http-equiv="refresh" content="3"><title>{title}</title>',
            f"<style>{STYLE}</style></head><body><h1>{title}</h1>",
            f"<p>{_totals(sandbox)}</p>",
            "<h2>Automatizaciones (n8n): lo último que pasó</h2>",
            _table(("Hora", "Qué pasó", "Sobre", "RUT", "Repetido"), _event_rows(sandbox)),
            "<h2>Notas para quien atiende (Chatwoot)</h2>",
            _table(("Hora", "Cliente", "Nota"), _note_rows(sandbox)),
            "<h2>Contactos (Chatwoot)</h2>",
            _table(("Nombre", "Correo", "Teléfono", "Datos", "Etiquetas"), _contact_rows(sandbox)),
            "</body></html>",
        ]
    )


def _totals(sandbox: Sandbox) -> str:
    n8n, chatwoot = sandbox.n8n.summary(), sandbox.chatwoot.summary()
    return escape(
        f"Eventos con firma válida: {_thousands(n8n['events'])} (repetidos y descartados: "
        f"{_thousands(n8n['duplicates'])}, rechazados: {_thousands(n8n['refused'])}). "
        f"Contactos: {_thousands(chatwoot['contacts'])}. Notas: {_thousands(chatwoot['notes'])}. "
        f"Avisos a Metabase: {_thousands(sandbox.metabase.total)}. Esta página se actualiza sola."
    )


def _event_rows(sandbox: Sandbox) -> Iterable[Sequence[str]]:
    for received in sandbox.n8n.newest(ROWS):
        again = f"{received.copies} veces" if received.copies else ""
        rut = received.source.rpartition(":")[2]
        name = NAMES.get(received.type, received.type)
        yield _hour(received.received_at), name, _about(received), rut, again


def _about(received: Received) -> str:
    data = (received.document or {}).get("data")
    name = data.get("name") if isinstance(data, dict) else None
    return str(name or received.subject)


def _note_rows(sandbox: Sandbox) -> Iterable[Sequence[str]]:
    notes = [
        (message, account.contacts.get(conversation.contact_id))
        for account in sandbox.chatwoot.accounts.values()
        for conversation in account.conversations.values()
        for message in conversation.messages.values()
        if message["private"]
    ]
    newest = sorted(notes, key=lambda note: note[0]["id"], reverse=True)
    for message, contact in newest[:ROWS]:
        yield _hour(message["created_at"]), contact.name if contact else "", message["content"]


def _contact_rows(sandbox: Sandbox) -> Iterable[Sequence[str]]:
    for account in sandbox.chatwoot.accounts.values():
        for contact in list(account.contacts.values())[: -ROWS - 1 : -1]:
            labels = ", ".join(contact.labels)
            email, phone = contact.email or "", contact.phone_number or ""
            yield contact.name, email, phone, _facts(account, contact), labels


def _facts(account: Account, contact: Contact) -> str:
    """The attributes under the names that Chatwoot shows."""
    names = {key: one["attribute_display_name"] for (key, _), one in account.definitions.items()}
    return "\n".join(
        f"{names.get(key, key)}: {_thousands(value)}"
        for key, value in contact.custom_attributes.items()
        if value is not None
    )


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    body = [
        "<tr>" + "".join(f'<td class="n">{escape(str(cell))}</td>' for cell in row) + "</tr>"
        for row in rows
    ]
    if not body:
        body = [f'<tr><td class="v" colspan="{len(heads)}">Todavía no ha llegado nada.</td></tr>']
    head = "".join(f"<th>{escape(name)}</th>" for name in heads)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody></table>"


def _thousands(value: object) -> str:
    return f"{value:,}".replace(",", ".") if isinstance(value, int) else str(value)


def _hour(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).astimezone(ZONE).strftime("%H:%M:%S")
