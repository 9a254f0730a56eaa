"""``lead.*``: crm.lead."""

from __future__ import annotations

from typing import Any

from ..capture.declaration import Batch, Declaration
from ..capture.triggers import Changes, Created, Reaches
from ..capture.values import instant, money, text
from .blocks import balances, changed, identity, partner_block

MODEL = "crm.lead"
WATCHED = frozenset(
    {
        "name", "type", "stage_id", "probability", "expected_revenue", "partner_id",
        "contact_name", "email_from", "phone", "user_id", "active", "lost_reason_id",
        "won_status", "source_id", "medium_id",
    }
)  # fmt: skip


def build(batch: Batch) -> dict[int, dict[str, Any]]:
    balances(batch, batch.records.partner_id)
    return {lead.id: _data(batch, lead) for lead in batch.records}


def _data(batch: Batch, lead) -> dict[str, Any]:
    closed = instant(lead.date_closed or lead.write_date)
    return {
        **identity(lead, lead.name),
        "kind": lead.type,
        "partner": partner_block(batch, lead.partner_id),
        "contact_name": text(lead.contact_name),
        "email": text(lead.email_from),
        "phone": text(lead.phone),
        "source": text(lead.source_id.name),
        "medium": text(lead.medium_id.name),
        "stage": text(lead.stage_id.name),
        "probability": min(100.0, max(0.0, lead.probability)),
        "expected_revenue": money(lead.expected_revenue, batch.currency),
        "created_at": instant(lead.create_date),
        "won_at": closed if lead.won_status == "won" else None,
        "lost_at": closed if lead.won_status == "lost" else None,
        "lost_reason": text(lead.lost_reason_id.name),
        "salesperson": text(lead.user_id.name),
        "order_ids": lead.order_ids.ids if "order_ids" in lead._fields else [],
        **changed(batch, lead),
    }


TYPES = (
    Declaration(name="lead.created", model=MODEL, trigger=Created(), build=build),
    Declaration(
        name="lead.updated",
        model=MODEL,
        trigger=Changes(WATCHED),
        build=build,
        absorbed_by=("lead.created", "lead.won", "lead.lost"),
        backfill=(("won_status", "=", "pending"),),
    ),
    Declaration(
        name="lead.won",
        model=MODEL,
        trigger=Reaches("won_status", frozenset({"won"})),
        build=build,
        backfill=(("won_status", "=", "won"),),
    ),
    Declaration(
        name="lead.lost",
        model=MODEL,
        trigger=Reaches("won_status", frozenset({"lost"})),
        build=build,
        backfill=(("won_status", "=", "lost"),),
    ),
)
