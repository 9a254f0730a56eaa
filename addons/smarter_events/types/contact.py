"""``contact.*``: res.partner."""

from __future__ import annotations

from typing import Any

from ..capture.declaration import Batch, Declaration
from ..capture.triggers import Changes, Created
from ..capture.values import day, money, text
from .blocks import balances, changed, customer_since, identity, rut_of

MODEL = "res.partner"
WATCHED = frozenset(
    {
        "name", "vat", "smarter_rut", "email", "phone", "is_company", "parent_id", "street",
        "street2", "city", "zip", "state_id", "country_id", "smarter_comuna_id", "active",
    }
)  # fmt: skip


def build(batch: Batch) -> dict[int, dict[str, Any]]:
    owed = balances(batch, batch.records)
    orders, invoices = last_orders(batch), last_invoices(batch)
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
            "last_order": orders.get(partner.id),
            "last_invoice": invoices.get(partner.id),
            "labels": partner.category_id.mapped("name"),
            "active": partner.active,
            **changed(batch, partner),
        }
        for partner in batch.records
    }


def last_orders(batch: Batch) -> dict[int, dict]:
    if "sale.order" not in batch.env:
        return {}
    return _last(
        batch,
        """
        SELECT DISTINCT ON (partner_id) partner_id, name, date_order, amount_total, currency_id
        FROM sale_order WHERE partner_id = ANY (%s) AND company_id = ANY (%s) AND state = 'sale'
        ORDER BY partner_id, date_order DESC, id DESC
        """,
    )


def last_invoices(batch: Batch) -> dict[int, dict]:
    return _last(
        batch,
        """
        SELECT DISTINCT ON (partner_id) partner_id, name, invoice_date, amount_total, currency_id
        FROM account_move WHERE partner_id = ANY (%s) AND company_id = ANY (%s)
            AND state = 'posted' AND move_type = 'out_invoice'
        ORDER BY partner_id, invoice_date DESC, id DESC
        """,
    )


def _last(batch: Batch, query: str) -> dict[int, dict]:
    known = [id_ for id_ in batch.records.ids if not _is_new(batch, id_)]
    if not known:
        return {}
    batch.env.cr.execute(query, [known, list(batch.scope)])
    currencies = batch.env["res.currency"]
    return {
        partner_id: {
            "name": name,
            "date": day(date),
            "total": money(total, currencies.browse(currency_id)),
        }
        for partner_id, name, date, total, currency_id in batch.env.cr.fetchall()
    }


def _is_new(batch: Batch, partner_id: int) -> bool:
    """A contact made in this very flush mostly has no documents: two queries saved."""
    change = batch.changes.get(partner_id)
    return bool(change and change.created)


TYPES = (
    Declaration(name="contact.created", model=MODEL, trigger=Created(), build=build),
    Declaration(
        name="contact.updated",
        model=MODEL,
        trigger=Changes(WATCHED),
        build=build,
        absorbed_by=("contact.created",),
        backfill=(),
    ),
)
