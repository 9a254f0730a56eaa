"""``payment.*``: account.payment."""

from __future__ import annotations

from typing import Any

from ..capture.declaration import Batch, Declaration
from ..capture.triggers import Leaves, Reaches
from ..capture.values import day, money, text
from .amounts import Amounts
from .blocks import balances, identity, partner_block

MODEL = "account.payment"
STANDING = frozenset({"in_process", "paid"})


def build(batch: Batch) -> dict[int, dict[str, Any]]:
    balances(batch, batch.records.partner_id)
    return {payment.id: _data(batch, payment) for payment in batch.records}


def _data(batch: Batch, payment) -> dict[str, Any]:
    amounts = Amounts.of(batch, payment.currency_id, 1.0)
    amount = payment.amount
    if amounts.is_foreign:
        amount = abs(payment.amount_company_currency_signed)
    method = payment.payment_method_line_id.name or payment.journal_id.name
    return {
        **identity(payment, payment.name),
        "direction": payment.payment_type,
        "state": payment.state,
        "paid_at": day(payment.date),
        "amount": money(amount, batch.currency),
        **amounts.labels(payment.amount),
        "method": text(method),
        "partner": partner_block(batch, payment.partner_id),
        "invoice_ids": sorted((payment.invoice_ids | payment.reconciled_invoice_ids).ids),
    }


TYPES = (
    Declaration(
        name="payment.registered",
        model=MODEL,
        trigger=Reaches("state", STANDING),
        build=build,
        backfill=(("state", "in", tuple(sorted(STANDING))),),
    ),
    # Back to draft counts too: the payment no longer stands.
    Declaration(
        name="payment.cancelled",
        model=MODEL,
        trigger=Leaves("state", STANDING),
        build=build,
        backfill=(("state", "in", ("canceled", "rejected")),),
    ),
)
