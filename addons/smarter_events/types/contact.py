"""``contact.*``: res.partner."""

from __future__ import annotations

from typing import Any

from ..capture.declaration import Batch, Declaration
from ..capture.triggers import Changes, Created
from ..capture.values import day, money, text
from .blocks import balances, changed, customer_since, identity, rut_of

MODEL = "res.partner"
FIGURES = ("balance", "last_order", "last_invoice")
WATCHED = frozenset(
    {
        "name", "vat", "smarter_rut", "email", "phone", "is_company", "parent_id", "street",
        "street2", "city", "zip", "state_id", "country_id", "smarter_comuna_id", "active",
    }
)  # fmt: skip


def build(batch: Batch) -> dict[int, dict[str, Any]]:
    owed = balances(batch, batch.records)
    last = last_documents(batch)
    return {
        partner.id: {
            **identity(partner, partner.name),
            "rut": rut_of(partner),
            "email": text(partner.email),
            "phone": text(partner.phone),
            "is_company": partner.is_company,
            "parent_id": partner.parent_id.id or None,
            "street": text(partner.street),
            "comuna": partner.smarter_comuna_id.name or text(partner.city),
            "region": text(partner.state_id.name),
            "country": text(partner.country_id.code),
            "customer_since": customer_since(partner),
            "balance": owed[partner.id],
            "last_order": last.get(("order", partner.id)),
            "last_invoice": last.get(("invoice", partner.id)),
            "labels": partner.category_id.mapped("name"),
            "active": partner.active,
            **changed(batch, partner),
        }
        for partner in batch.records
    }


_ORDERS = """
    SELECT 'order', partner_id, name, date_order,
        amount_total / coalesce(nullif(currency_rate, 0), 1) FROM (
        SELECT DISTINCT ON (partner_id) * FROM sale_order
        WHERE partner_id = ANY (%(ids)s) AND company_id = ANY (%(scope)s) AND state = 'sale'
        ORDER BY partner_id, date_order DESC, id DESC) o
    UNION ALL
"""
_INVOICES = """
    SELECT 'invoice', partner_id, name, invoice_date::timestamp, amount_total_signed FROM (
        SELECT DISTINCT ON (partner_id) * FROM account_move
        WHERE partner_id = ANY (%(ids)s) AND company_id = ANY (%(scope)s)
            AND state = 'posted' AND move_type = 'out_invoice'
        ORDER BY partner_id, invoice_date DESC, id DESC) i
"""


def last_documents(batch: Batch) -> dict[tuple[str, int], dict[str, Any]]:
    """The last confirmed order and posted invoice, by ("order" or "invoice", contact id).

    A contact made in this very flush has none, which saves the query.
    """
    known = [id_ for id_ in batch.records.ids if not _is_new(batch, id_)]
    if not known:
        return {}
    query = _INVOICES if "sale.order" not in batch.env else _ORDERS + _INVOICES
    batch.env.cr.execute(query, {"ids": known, "scope": list(batch.scope)})
    return {
        (kind, partner_id): {
            "name": name,
            "date": day(date) if kind == "order" else date and date.date().isoformat(),
            "total": money(total, batch.currency),
        }
        for kind, partner_id, name, date, total in batch.env.cr.fetchall()
    }


def _is_new(batch: Batch, partner_id: int) -> bool:
    change = batch.changes.get(partner_id)
    return bool(change and change.created)


TYPES = (
    Declaration(
        name="contact.created",
        model=MODEL,
        trigger=Created(),
        build=build,
        figures=FIGURES,
    ),
    Declaration(
        name="contact.updated",
        model=MODEL,
        trigger=Changes(WATCHED),
        build=build,
        figures=FIGURES,
        absorbed_by=("contact.created",),
        backfill=(),
    ),
)
