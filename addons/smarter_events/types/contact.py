"""``contact.*``: res.partner."""

from __future__ import annotations

from typing import Any

from ..capture.declaration import Batch, Declaration
from ..capture.triggers import Changes, Created
from ..capture.values import text
from .blocks import changed, customer_since, identity, rut_of

MODEL = "res.partner"
WATCHED = frozenset(
    {
        "name", "vat", "smarter_rut", "email", "phone", "is_company", "parent_id", "street",
        "street2", "city", "zip", "state_id", "country_id", "smarter_comuna_id", "active",
    }
)  # fmt: skip


def build(batch: Batch) -> dict[int, dict[str, Any]]:
    """All but labels, balance and last documents, which :func:`customer` asks for."""
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
            "active": partner.active,
            **changed(batch, partner),
        }
        for partner in batch.records
    }


def customer(batch: Batch, partner) -> dict[str, Any]:
    """What ``smarteros.customer_figures`` needs to know. Of a contact that several RUTs share it
    answers null for the figures of one company."""
    return {
        "id": partner.id,
        "owner": partner.commercial_partner_id.id,
        "lang": batch.sender.lang,
        "scope": None if batch.sender.mixed else batch.scope,
        "rounding": batch.currency.rounding,
    }


TYPES = (
    Declaration(
        name="contact.created",
        model=MODEL,
        trigger=Created(),
        build=build,
        customer=customer,
    ),
    Declaration(
        name="contact.updated",
        model=MODEL,
        trigger=Changes(WATCHED),
        build=build,
        customer=customer,
        absorbed_by=("contact.created",),
        backfill=(),
    ),
)
