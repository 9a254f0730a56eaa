"""``tenant.updated``: smarter.tenant."""

from __future__ import annotations

from typing import Any

from ..capture.declaration import Batch, Declaration
from ..capture.triggers import Changes
from .blocks import changed, identity

MODEL = "smarter.tenant"


def build(batch: Batch) -> dict[int, dict[str, Any]]:
    return {
        tenant.id: {
            **identity(tenant, tenant.name),
            "rut": tenant.rut,
            "slug": tenant.slug,
            "plan": tenant.plan,
            "status": tenant.status,
            **changed(batch, tenant),
        }
        for tenant in batch.records
    }


TYPES = (
    Declaration(
        name="tenant.updated",
        model=MODEL,
        trigger=Changes(frozenset({"name", "rut", "slug", "plan", "status"})),
        build=build,
        when=lambda tenant, change: bool(tenant.rut),  # before that it is nobody's
        backfill=(("rut", "!=", False),),
    ),
)
