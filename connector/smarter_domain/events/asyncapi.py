"""The catalogue as an AsyncAPI 3.0.0 document, for integrators and their generators.

The schema of ``data`` is shared by the types that describe the same record (``order.confirmed`` and
``order.updated`` both carry ``sale.order``), so it stands once, under the name of the model.
"""

from __future__ import annotations

from typing import Any

from smarter_domain.events.catalogue import EVENT_TYPES, EventType
from smarter_domain.events.envelope import Event
from smarter_domain.events.event_type import Schema

SAMPLE = {
    "id": "0b9e5c0e-1f6d-4a35-8f8e-52a3f3b7c001",
    "tenant": "77654321-7",
    "rut": "77654321-7",
    "time": "2026-11-22T15:00:00.123456Z",
    "epoch": 1,
    "number": 1234,
}
_ATTRIBUTES = {
    "specversion": {"const": "1.0", "type": "string"},
    "id": {
        "type": "string",
        "format": "uuid",
        "description": "Único por evento: deduplicar con él.",
    },
    "source": {"type": "string", "description": "urn:smarteros:<RUT de la empresa>."},
    "type": {"type": "string", "description": "Tipo del evento."},
    "subject": {"type": "string", "description": "modelo/id: el orden vale dentro de él."},
    "time": {"type": "string", "format": "date-time", "description": "Cuándo ocurrió, en UTC."},
    "datacontenttype": {"const": "application/json", "type": "string"},
    "dataschema": {"type": "string", "description": "urn:smarteros:event:<tipo>:<versión>."},
    "sequence": {
        "type": "string",
        "pattern": "^[0-9]{10}-[0-9]{19}$",
        "description": "Versión: época e identificador; se compara como texto.",
    },
    "smostenant": {"type": "string", "description": "RUT principal del inquilino."},
    "smosreplay": {
        "type": "string",
        "description": "Número de repetición pedida; sin él, ninguna.",
    },
    "data": {"type": "object", "description": "Lo que ocurrió; depende del tipo."},
}
_HEADERS = {
    "webhook-id": "Identificador del mensaje; el mismo en cada reintento.",
    "webhook-timestamp": "Segundos Unix del intento; rechazar si difiere en más de 300.",
    "webhook-signature": "v1,<base64> por clave de firma viva, separadas por un espacio.",
    "X-SMOS-HMAC": "sha256=<hex> sobre «timestamp.cuerpo», una por clave de firma viva.",
    "X-SMOS-Identity": "RUT de la empresa. Etiqueta: no autentica nada.",
    "X-SMOS-Tenant": "RUT del inquilino. Etiqueta: no autentica nada.",
}


def sample_event(kind: EventType) -> Event:
    """An event of ``kind`` that carries the catalogue's example."""
    aggregate = f"{kind.model or kind.example['model']}/{kind.example['id']}"
    return Event(type=kind.name, aggregate=aggregate, data=kind.example, **SAMPLE)


def document() -> dict[str, Any]:
    """The whole AsyncAPI document as plain data; the same catalogue gives the same document."""
    messages = {name: _message(kind) for name, kind in EVENT_TYPES.items()}
    return {
        "asyncapi": "3.0.0",
        "id": "urn:smarteros:events",
        "info": _info(),
        "defaultContentType": "application/json",
        "channels": _channels(messages),
        "operations": _operations(messages),
        "components": {"messages": {**messages, "batch": _batch()}, "schemas": _schemas()},
    }


def _info() -> dict[str, Any]:
    return {
        "title": "Eventos de SmarterOS para Odoo 19",
        "version": "1.0.0",
        "description": (
            "Cada evento de negocio sale de Odoo después de confirmada su transacción, como "
            "CloudEvents 1.0 en JSON, firmado con Standard Webhooks. Entrega al menos una vez; "
            "el orden vale dentro de cada subject. Las reglas están en docs/eventos.md."
        ),
        "license": {"name": "LGPL-3.0-or-later"},
    }


def _channels(messages: dict[str, Any]) -> dict[str, Any]:
    links = {name: {"$ref": f"#/components/messages/{name}"} for name in (*messages, "batch")}
    return {
        "webhook": {
            "address": None,
            "description": "La dirección https que la suscripción indica.",
            "messages": links,
        }
    }


def _operations(messages: dict[str, Any]) -> dict[str, Any]:
    return {
        "deliverEvent": _operation("Entrega un evento con POST.", list(messages)),
        "deliverBatch": _operation("Entrega un lote con POST, si se pidió así.", ["batch"]),
    }


def _operation(summary: str, names: list[str]) -> dict[str, Any]:
    return {
        "action": "send",
        "channel": {"$ref": "#/channels/webhook"},
        "summary": summary,
        "messages": [{"$ref": f"#/channels/webhook/messages/{name}"} for name in names],
        "bindings": {"http": {"method": "POST", "bindingVersion": "0.3.0"}},
    }


def _message(kind: EventType) -> dict[str, Any]:
    return {
        "name": kind.name,
        "title": kind.name,
        "summary": kind.summary,
        "description": kind.when,
        "contentType": "application/json",
        "headers": {"$ref": "#/components/schemas/headers"},
        "payload": {
            "allOf": [
                {"$ref": "#/components/schemas/envelope"},
                {
                    "type": "object",
                    "properties": {
                        "type": {"const": kind.name},
                        "dataschema": {
                            "const": f"urn:smarteros:event:{kind.name}:{kind.schema_version}"
                        },
                        "data": {"$ref": f"#/components/schemas/{schema_name(kind)}"},
                    },
                },
            ]
        },
        "examples": [{"name": kind.name, "payload": sample_event(kind).to_cloudevent()}],
    }


def _batch() -> dict[str, Any]:
    return {
        "name": "batch",
        "title": "Lote",
        "summary": "Several events in one request, in order; dedupe each by its own id.",
        "contentType": "application/json",
        "headers": {"$ref": "#/components/schemas/headers"},
        "payload": {
            "type": "array",
            "minItems": 1,
            "maxItems": 500,
            "items": {"$ref": "#/components/schemas/envelope"},
        },
    }


def schema_name(kind: EventType) -> str:
    """Under which name the schema of the type's ``data`` stands in the document.

    The model's, when all types of the model share it; else the family's; else the type's own.
    """
    family = kind.name.partition(".")[0]
    types = EVENT_TYPES.values()
    if kind.model and _alike(kind, [other for other in types if other.model == kind.model]):
        return kind.model
    if _alike(kind, [other for other in types if other.name.startswith(family + ".")]):
        return family
    return kind.name


def _alike(kind: EventType, others: list[EventType]) -> bool:
    return all(_bare(other.schema) == _bare(kind.schema) for other in others)


def _schemas() -> dict[str, Schema]:
    schemas: dict[str, Schema] = {"headers": _headers(), "envelope": _envelope()}
    blocks: dict[str, Schema] = {}
    for kind in EVENT_TYPES.values():
        schemas[schema_name(kind)] = _relinked(_bare(kind.schema))
        blocks |= kind.schema.get("$defs", {})
    return schemas | {name: _relinked(block) for name, block in blocks.items()}


def _bare(schema: Schema) -> Schema:
    return {key: value for key, value in schema.items() if not key.startswith("$")}


def _headers() -> Schema:
    properties = {name: {"type": "string", "description": text} for name, text in _HEADERS.items()}
    return {"type": "object", "properties": properties, "required": list(_HEADERS)}


def _envelope() -> Schema:
    required = [name for name in _ATTRIBUTES if name != "smosreplay"]
    return {"type": "object", "properties": _ATTRIBUTES, "required": required}


def _relinked(node: Any) -> Any:
    """The schema with its ``$defs`` looked for among the components."""
    if isinstance(node, list):
        return [_relinked(item) for item in node]
    if not isinstance(node, dict):
        return node
    return {
        key: value.replace("#/$defs/", "#/components/schemas/")
        if key == "$ref"
        else _relinked(value)
        for key, value in node.items()
    }
