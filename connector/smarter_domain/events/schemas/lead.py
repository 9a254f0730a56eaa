"""Leads and opportunities: ``lead.*`` (crm.lead)."""

from __future__ import annotations

from typing import Any

from smarter_domain.events.event_type import EventType, Schema
from smarter_domain.events.schemas import samples
from smarter_domain.events.schemas import vocabulary as v

MODEL = "crm.lead"

_PROPERTIES: dict[str, Schema] = {
    "kind": v.choice("Iniciativa u oportunidad.", "lead", "opportunity"),
    "partner": v.nullable(v.ref("partner", "Contacto, si ya se conoce.")),
    "contact_name": v.nullable(v.text("Nombre de la persona.")),
    "email": v.nullable(v.text("Correo electrónico.")),
    "phone": v.nullable(v.text("Teléfono tal como está en Odoo.")),
    "source": v.nullable(v.text("Origen (utm.source).")),
    "medium": v.nullable(v.text("Medio (utm.medium).")),
    "stage": v.nullable(v.text("Etapa.")),
    "probability": v.number("Probabilidad de ganar, de 0 a 100.", minimum=0, maximum=100),
    "expected_revenue": v.nullable(v.money("Ingreso esperado en la moneda de la empresa.")),
    "created_at": v.instant("Cuándo se creó."),
    "won_at": v.nullable(v.instant("Cuándo se ganó.")),
    "lost_at": v.nullable(v.instant("Cuándo se perdió.")),
    "lost_reason": v.nullable(v.text("Motivo de la pérdida.")),
    "salesperson": v.nullable(v.text("Vendedor.")),
    "order_ids": v.many(v.record_id("Pedido (sale.order)."), "Pedidos de la oportunidad."),
}
_EXAMPLE: dict[str, Any] = {
    "id": 7,
    "model": MODEL,
    "name": "Taladros para la obra de Ñuñoa",
    "kind": "opportunity",
    "partner": samples.PARTNER,
    "contact_name": "Rosa Fuentes",
    "email": "rosa@losaromos.example",
    "phone": None,
    "source": "Buscador",
    "medium": "Sitio web",
    "stage": "Nuevo",
    "probability": 20.0,
    "expected_revenue": 100000,
    "created_at": "2026-11-20T13:02:11Z",
    "won_at": None,
    "lost_at": None,
    "lost_reason": None,
    "salesperson": "Ana Soto",
    "order_ids": [],
}
_WON = {
    "stage": "Ganado",
    "probability": 100.0,
    "won_at": "2026-11-22T15:00:00Z",
    "order_ids": [42],
}
_LOST = {"probability": 0.0, "lost_at": "2026-11-22T15:00:00Z", "lost_reason": "Muy caro"}


def _type(name: str, summary: str, when: str, state: dict[str, Any]) -> EventType:
    return EventType(
        name=name,
        model=MODEL,
        aggregate_model=MODEL,
        summary=summary,
        when=when,
        schema=v.event_data(name, MODEL, _PROPERTIES),
        example={**_EXAMPLE, **state},
        module="crm",
        warehouse=True,
    )


TYPES = (
    _type("lead.created", "A lead was created.", "Se creó una iniciativa u oportunidad.", {}),
    _type(
        "lead.updated",
        "A lead changed.",
        "Cambió un dato de la iniciativa u oportunidad.",
        {"stage": "Calificado", "changed": ["stage_id"]},
    ),
    _type("lead.won", "A lead was won.", "La oportunidad se marcó como ganada.", _WON),
    _type("lead.lost", "A lead was lost.", "La oportunidad se marcó como perdida.", _LOST),
)
