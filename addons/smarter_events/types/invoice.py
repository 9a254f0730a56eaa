"""``invoice.*`` and ``credit_note.posted``: account.move, what is issued to customers.

*Paid* is ``payment_state`` entering ``paid``, as the accounts say. Odoo Community never uses
``in_payment`` (``AccountMove._get_invoice_in_payment_state``); where an addon brings it, the money
has not been seen at the bank yet, so it does not count.
"""

from __future__ import annotations

import re
from typing import Any

from ..capture.declaration import Batch, Declaration
from ..capture.triggers import Change, Changes, Leaves, Reaches
from ..capture.values import day, money
from .amounts import Amounts
from .blocks import balances, changed, identity, partner_block
from .lines import cost_of, line_block

MODEL = "account.move"
INVOICES = ("out_invoice", "out_receipt")
ISSUED = (*INVOICES, "out_refund")
PAID = frozenset({"paid"})
POSTED = frozenset({"posted"})


def build(batch: Batch) -> dict[int, dict[str, Any]]:
    balances(batch, batch.records.partner_id)
    return {move.id: _data(batch, move) for move in batch.records}


def _data(batch: Batch, move) -> dict[str, Any]:
    amounts = Amounts.of(batch, move.currency_id, move.invoice_currency_rate)
    lines = move.invoice_line_ids.filtered(lambda line: line.display_type == "product")
    # Odoo keeps a document in its own currency, and signed in the company's; its sign undone.
    own, sign = batch.currency, -move.direction_sign
    exempt = sum(_net(line, amounts) for line in lines if not any(line.tax_ids.mapped("amount")))
    return {
        **identity(move, move.name if move.name not in (False, "/") else move.display_name),
        "move_type": move.move_type,
        "document_type": move.l10n_latam_document_type_id.code or None,
        "folio": folio(move),
        "state": move.state,
        "payment_state": move.payment_state,
        "sii": None,
        "issue_date": day(move.invoice_date),
        "due_date": day(move.invoice_date_due),
        "partner": partner_block(batch, move.partner_id),
        **amounts.labels(move.amount_total),
        "net": money(sign * move.amount_untaxed_signed - exempt, own),
        "exempt": money(exempt, own),
        "tax": money(sign * move.amount_tax_signed, own),
        "total": money(sign * move.amount_total_signed, own),
        "residual": money(sign * move.amount_residual_signed, own),
        "order_ids": _order_ids(lines),
        "reversed_id": move.reversed_entry_id.id or None,
        "lines": [_line(line, amounts) for line in lines],
        **changed(batch, move),
    }


def folio(move) -> int | None:
    """The number of the tax document, without its prefix."""
    digits = re.search(r"(\d+)$", move.l10n_latam_document_number or "")
    return int(digits[1]) or None if digits else None


def _order_ids(lines) -> list[int]:
    return lines.sale_line_ids.order_id.ids if "sale_line_ids" in lines._fields else []


def _line(line, amounts: Amounts) -> dict[str, Any]:
    qty, uom = line.quantity, line.product_uom_id
    cost = cost_of(line.product_id, qty, uom)
    return line_block(line, amounts, qty=qty, uom=uom, net=_net(line, amounts), cost=cost)


def _net(line, amounts: Amounts) -> float:
    """The line's net in the company's currency, as it was booked."""
    return line.move_id.direction_sign * line.balance if amounts.is_foreign else line.price_subtotal


def _is_invoice(move, change: Change) -> bool:
    return move.move_type in INVOICES


def _is_credit_note(move, change: Change) -> bool:
    return move.move_type == "out_refund"


def _is_issued(move, change: Change) -> bool:
    return move.move_type in ISSUED


def _is_posted(move, change: Change) -> bool:
    """A draft without amount is 'paid' for Odoo; for nobody else."""
    return move.move_type in ISSUED and move.state == "posted"


def _was_posted(move, change: Change) -> bool:
    return move.move_type in ISSUED and change.before("state") == "posted"


def _declare(name: str, trigger, when, **more) -> Declaration:
    return Declaration(name=name, model=MODEL, trigger=trigger, build=build, when=when, **more)


def _existing(*conditions):
    return (("move_type", "in", ISSUED), *conditions)


TYPES = (
    _declare(
        "invoice.posted",
        Reaches("state", POSTED),
        _is_invoice,
        backfill=(("move_type", "in", INVOICES), ("state", "=", "posted")),
    ),
    _declare(
        "credit_note.posted",
        Reaches("state", POSTED),
        _is_credit_note,
        backfill=(("move_type", "=", "out_refund"), ("state", "=", "posted")),
    ),
    _declare(
        "invoice.paid",
        Reaches("payment_state", PAID),
        _is_posted,
        backfill=_existing(("state", "=", "posted"), ("payment_state", "=", "paid")),
    ),
    _declare("invoice.unpaid", Leaves("payment_state", PAID), _was_posted),
    _declare(
        "invoice.reset",
        Leaves("state", POSTED),
        lambda move, change: _is_issued(move, change) and move.state == "draft",
        backfill=_existing(("state", "=", "draft"), ("posted_before", "=", True)),
    ),
    _declare(
        "invoice.cancelled",
        Reaches("state", frozenset({"cancel"})),
        _is_issued,
        backfill=_existing(("state", "=", "cancel")),
    ),
)

# A partial payment moves nothing but what is left to pay; whatever else happens to the document in
# the same transaction tells it too. Its customer changes when contacts are merged.
UPDATED = _declare(
    "invoice.updated",
    Changes(frozenset({"amount_residual", "invoice_date_due", "partner_id"})),
    lambda move, change: _is_posted(move, change) and change.before("state") == "posted",
    absorbed_by=tuple(declared.name for declared in TYPES),
)
TYPES += (UPDATED,)

OVERDUE = Declaration(
    name="invoice.overdue", model=MODEL, trigger=Reaches("state", frozenset()), build=build
)
"""Fired by the daily check alone: nothing is written when a day passes."""
