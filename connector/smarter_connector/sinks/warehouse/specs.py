"""Which key of an event's ``data`` fills which column; ``!`` marks a key that may not be null.

Keys and what may be null are the catalogue's (a test compares the two).
"""

from __future__ import annotations

from collections.abc import Mapping

from smarter_connector.sinks.warehouse import values as v

Spec = Mapping[str, tuple[str, v.Reader]]


def _partner() -> dict[str, tuple[str, v.Reader]]:
    return {
        "partner_key": ("partner.id", v.key),
        "partner_rut": ("partner.rut", v.text),
        "partner_name": ("partner.name", v.text),
    }


_CURRENCIES: Spec = {
    "currency": ("currency!", v.text),
    "document_currency": ("document_currency!", v.text),
    "amount_currency": ("amount_currency!", v.number),
}
_AMOUNTS: Spec = {
    **_CURRENCIES,
    "net": ("net!", v.number),
    "iva": ("tax!", v.number),
    "total": ("total!", v.number),
}
LINE: Spec = {
    "line_id": ("id!", v.integer),
    "product_key": ("product_id", v.key),
    "sku": ("sku", v.text),
    "product": ("name!", v.text),
    "kind": ("kind!", v.text),
    "qty": ("qty!", v.number),
    "uom": ("uom", v.text),
    "unit_price": ("unit_price!", v.number),
    "net": ("net!", v.number),
    "cost": ("cost", v.number),
}
ORDER: Spec = {
    "name": ("name!", v.text),
    "channel": ("channel!", v.text),
    **_partner(),
    "salesperson": ("salesperson", v.text),
    "state": ("state!", v.text),
    "ordered_at": ("ordered_at!", v.instant),
    "confirmed_at": ("confirmed_at", v.instant),
    **_AMOUNTS,
    "origin": ("origin", v.text),
    "client_ref": ("client_ref", v.text),
    "lead_id": ("lead_id", v.integer),
    "is_test": ("is_test!", v.boolean),
}
POS_ORDER: Spec = {
    "name": ("name!", v.text),
    "channel": ("channel!", v.text),
    **_partner(),
    "ordered_at": ("ordered_at!", v.instant),
    **_AMOUNTS,
    "origin": ("session", v.text),
}
INVOICE: Spec = {
    "name": ("name!", v.text),
    "move_type": ("move_type!", v.text),
    "dte": ("document_type", v.code),
    "folio": ("folio", v.integer),
    "state": ("state!", v.text),
    "payment_state": ("payment_state!", v.text),
    "issue_date": ("issue_date", v.day),
    "due_date": ("due_date", v.day),
    **_partner(),
    **_AMOUNTS,
    "exempt": ("exempt!", v.number),
    "residual": ("residual!", v.number),
    "order_ids": ("order_ids!", v.many(v.integer)),
    "reversed_id": ("reversed_id", v.integer),
}
PAYMENT: Spec = {
    "name": ("name!", v.text),
    "direction": ("direction!", v.text),
    "state": ("state!", v.text),
    "paid_at": ("paid_at", v.day),
    "amount": ("amount!", v.number),
    **_CURRENCIES,
    "method": ("method", v.text),
    **_partner(),
    "invoice_ids": ("invoice_ids!", v.many(v.integer)),
}
STOCK: Spec = {
    "product_key": ("product.id", v.key),
    "sku": ("product.sku", v.text),
    "product": ("product.name", v.text),
    "tracked": ("product.tracked", v.boolean),
    "warehouse": ("warehouse.name", v.text),
    "location": ("location.name", v.text),
    "on_hand": ("on_hand!", v.number),
    "reserved": ("reserved!", v.number),
    "available": ("available!", v.number),
    "min_qty": ("minimum", v.number),
}
LEAD: Spec = {
    "name": ("name!", v.text),
    "kind": ("kind!", v.text),
    **_partner(),
    "source": ("source", v.text),
    "medium": ("medium", v.text),
    "stage": ("stage", v.text),
    "probability": ("probability!", v.number),
    "expected_revenue": ("expected_revenue", v.number),
    "created_at": ("created_at!", v.instant),
    "won_at": ("won_at", v.instant),
    "lost_at": ("lost_at", v.instant),
    "lost_reason": ("lost_reason", v.text),
    "salesperson": ("salesperson", v.text),
    "order_ids": ("order_ids!", v.many(v.integer)),
}
DELIVERY: Spec = {
    "name": ("name!", v.text),
    "kind": ("kind!", v.text),
    "state": ("state!", v.text),
    "order_id": ("order_id", v.integer),
    "origin": ("origin", v.text),
    **_partner(),
    "scheduled_at": ("scheduled_at", v.instant),
    "done_at": ("done_at", v.instant),
    "tracking": ("tracking", v.text),
}
PRODUCT: Spec = {
    "product_key": ("id!", v.key),
    "template_id": ("template_id!", v.integer),
    "sku": ("sku", v.text),
    "barcode": ("barcode", v.text),
    "name": ("name!", v.text),
    "category": ("category", v.text),
    "kind": ("kind!", v.text),
    "price": ("price!", v.number),
    "cost": ("cost", v.number),
    "active": ("active!", v.boolean),
    "tracked": ("tracked!", v.boolean),
}
CUSTOMER: Spec = {
    "partner_key": ("id!", v.key),
    "partner_rut": ("rut", v.text),
    "name": ("name!", v.text),
    "is_company": ("is_company!", v.boolean),
    "parent_id": ("parent_id", v.integer),
    "comuna": ("comuna", v.text),
    "region": ("region", v.text),
    "country": ("country", v.text),
    "labels": ("labels!", v.many(v.text)),
    "active": ("active!", v.boolean),
}
