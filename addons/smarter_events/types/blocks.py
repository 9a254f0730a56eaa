"""Pieces that payloads share: partner, lines, the identity of a record."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..capture.declaration import Batch
from ..capture.values import day, money, text


def identity(record, name: str | None = None) -> dict[str, Any]:
    return {"id": record.id, "model": record._name, "name": name or record.display_name or ""}


def changed(batch: Batch, record) -> dict[str, Any]:
    change = batch.changes.get(record.id)
    return {"changed": change.changed_names if change else []}


def rut_of(partner) -> str | None:
    return partner.smarter_rut or partner.commercial_partner_id.smarter_rut or None


def partner_block(batch: Batch, partner) -> dict[str, Any] | None:
    """The ``partner`` block. Call :func:`balances` for all partners of a batch before, or pay one
    query for each."""
    if not partner:
        return None
    return {
        "id": partner.id,
        "name": partner.name or partner.display_name,
        "rut": rut_of(partner),
        "email": text(partner.email),
        "phone": text(partner.phone),
        "is_company": partner.is_company,
        "parent_id": partner.parent_id.id or None,
        "balance": balances(batch, partner)[partner.id],
        "customer_since": customer_since(partner),
    }


def customer_since(partner) -> str | None:
    """The day the contact was entered, once it has been invoiced (Odoo's customer rank)."""
    return day(partner.create_date) if partner.customer_rank else None


def balances(batch: Batch, partners) -> dict[int, int | float]:
    """What each partner's commercial entity owes the companies of the RUT, in their currency.

    One query for those not yet known in this flush; it uses account's index of open items.
    """
    known = batch.memo.setdefault("balances", {})
    owners = {partner.id: partner.commercial_partner_id.id for partner in partners}
    unknown = {owner for owner in owners.values() if owner not in known}
    if unknown:
        known.update(dict.fromkeys(unknown, 0))
        for owner, amount in _open_items(batch.env.cr, unknown, batch.scope):
            known[owner] = money(amount, batch.currency)
    return {id_: known[owner] for id_, owner in owners.items()}


def _open_items(cr, owners: Iterable[int], scope: Iterable[int]):
    cr.execute(
        """
        SELECT l.partner_id, sum(l.amount_residual)
        FROM account_move_line l JOIN account_account a ON a.id = l.account_id
        WHERE l.partner_id = ANY (%s) AND l.company_id = ANY (%s) AND l.parent_state = 'posted'
            AND l.reconciled IS NOT TRUE AND a.account_type = 'asset_receivable'
        GROUP BY l.partner_id
        """,
        [list(owners), list(scope)],
    )
    return cr.fetchall()
