"""The tenant itself: ``tenant.updated`` (smarter.tenant)."""

from __future__ import annotations

from smarter_domain.events.event_type import EventType, Schema
from smarter_domain.events.schemas import vocabulary as v

MODEL = "smarter.tenant"

_PROPERTIES: dict[str, Schema] = {
    "rut": v.rut("RUT principal del inquilino."),
    "slug": v.text("Nombre corto para direcciones."),
    "plan": v.choice("Plan contratado.", "free", "starter", "business", "enterprise"),
    "status": v.choice("Estado del servicio.", "provisioning", "active", "suspended", "deleted"),
}

TYPES = (
    EventType(
        name="tenant.updated",
        model=MODEL,
        aggregate_model=MODEL,
        summary="Name, plan or status of the tenant changed.",
        when="Cambió el nombre, el plan o el estado del inquilino.",
        schema=v.event_data("tenant.updated", MODEL, _PROPERTIES),
        example={
            "id": 1,
            "model": MODEL,
            "name": "Comercial Ejemplo SpA",
            "rut": "77654321-7",
            "slug": "comercial-ejemplo",
            "plan": "business",
            "status": "active",
            "changed": ["plan"],
        },
        module="smarter_base",
        warehouse=True,
    ),
)
