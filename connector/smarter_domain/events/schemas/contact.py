"""Contacts: ``contact.*`` (res.partner)."""

from __future__ import annotations

from smarter_domain.events.event_type import EventType, Schema
from smarter_domain.events.schemas import samples
from smarter_domain.events.schemas import vocabulary as v

MODEL = "res.partner"

_PROPERTIES: dict[str, Schema] = {
    "rut": v.nullable(v.rut("RUT sin puntos y con guion.")),
    "email": v.nullable(v.text("Correo electrónico.")),
    "phone": v.nullable(v.text("Teléfono tal como está en Odoo.")),
    "is_company": v.boolean("Si es una empresa."),
    "parent_id": v.nullable(v.record_id("Empresa a la que pertenece el contacto.")),
    "street": v.nullable(v.text("Calle y número.")),
    "comuna": v.nullable(v.text("Comuna.")),
    "region": v.nullable(v.text("Región.")),
    "country": v.nullable(v.text("País, código ISO 3166-1 de dos letras.")),
    "customer_since": v.nullable(v.date("Día en que pasó a ser cliente.")),
    "balance": v.nullable(v.money("Saldo por cobrar en la moneda de la empresa.")),
    "last_order": v.nullable(v.ref("document_ref", "Último pedido confirmado.")),
    "last_invoice": v.nullable(v.ref("document_ref", "Última factura publicada.")),
    "labels": v.many(v.text("Etiqueta."), "Etiquetas del contacto."),
    "active": v.boolean("Falso si está archivado."),
}
_EXAMPLE = {
    "model": MODEL,
    **{key: value for key, value in samples.PARTNER.items() if key != "balance"},
    "street": "Av. Los Aromos 1234",
    "comuna": "Ñuñoa",
    "region": "Metropolitana",
    "country": "CL",
    "balance": 119000,
    "last_order": {"name": "S00042", "date": "2026-11-20", "total": 119000},
    "last_invoice": None,
    "labels": ["Mayorista"],
    "active": True,
}


def _type(name: str, summary: str, when: str, changed: list[str]) -> EventType:
    return EventType(
        name=name,
        model=MODEL,
        aggregate_model=MODEL,
        summary=summary,
        when=when,
        schema=v.event_data(name, MODEL, _PROPERTIES),
        example={**_EXAMPLE, "changed": changed},
        module="base",
        warehouse=True,
    )


TYPES = (
    _type("contact.created", "A contact was created.", "Se creó un contacto.", []),
    _type(
        "contact.updated",
        "A contact changed, was archived or restored.",
        "Cambió un dato del contacto, o se archivó o se recuperó.",
        ["phone"],
    ),
)
