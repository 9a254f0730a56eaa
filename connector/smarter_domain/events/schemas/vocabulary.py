"""Words the schemas are made of. Descriptions are in Spanish: integrators and staff read them.

Money is an integer number of pesos for a company in CLP, else a number in the company's
currency. Dates are ``YYYY-MM-DD`` in America/Santiago, instants are UTC with ``Z``. A fact that is
absent is ``null``: except for ``changed`` and ``previous`` every key is always there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from smarter_domain.events.event_type import Schema

DIALECT = "https://json-schema.org/draft/2020-12/schema"
URN = "urn:smarteros:event:"

_DATE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
_INSTANT = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?Z$"
_RUT = r"^[1-9][0-9]{0,7}-[0-9K]$"


def text(description: str, **more: Any) -> Schema:
    return {"type": "string", "description": description, **more}


def integer(description: str, **more: Any) -> Schema:
    return {"type": "integer", "description": description, **more}


def number(description: str, **more: Any) -> Schema:
    return {"type": "number", "description": description, **more}


def boolean(description: str) -> Schema:
    return {"type": "boolean", "description": description}


def money(description: str) -> Schema:
    return number(description)


def record_id(description: str) -> Schema:
    return integer(description, minimum=1)


def choice(description: str, *values: str) -> Schema:
    return {"enum": list(values), "description": description}


def rut(description: str) -> Schema:
    return text(description, pattern=_RUT)


def currency(description: str) -> Schema:
    return text(description, pattern="^[A-Z]{3}$")


def amounts_in() -> dict[str, Schema]:
    """What the amounts of a document are in, and its total as the document says it."""
    return {
        "currency": currency("Moneda de los montos, la de la empresa; código ISO 4217."),
        "document_currency": currency("Moneda del documento, código ISO 4217."),
        "amount_currency": money("Total en la moneda del documento."),
    }


def date(description: str) -> Schema:
    """A day in Chile. ``format`` is for readers; the pattern is what is checked."""
    return text(description, pattern=_DATE, format="date")


def instant(description: str) -> Schema:
    return text(description, pattern=_INSTANT, format="date-time")


def many(items: Schema, description: str) -> Schema:
    return {"type": "array", "items": items, "description": description}


def ref(name: str, description: str = "") -> Schema:
    schema: Schema = {"$ref": f"#/$defs/{name}"}
    return {**schema, "description": description} if description else schema


def nullable(schema: Schema) -> Schema:
    """The same, or ``null``."""
    if "$ref" in schema:
        inner = {key: value for key, value in schema.items() if key != "description"}
        described = {"description": schema["description"]} if "description" in schema else {}
        return {"anyOf": [inner, {"type": "null"}], **described}
    if "enum" in schema:
        return {**schema, "enum": [*schema["enum"], None]}
    return {**schema, "type": [schema["type"], "null"]}


def record(properties: Mapping[str, Schema], *, optional: Iterable[str] = ()) -> Schema:
    """An object whose keys are all required but for ``optional``; unknown keys are allowed."""
    skipped = set(optional)
    return {
        "type": "object",
        "properties": dict(properties),
        "required": [name for name in properties if name not in skipped],
    }


PRODUCT_REF = record(
    {
        "id": record_id("Identificador de la variante (product.product)."),
        "sku": nullable(text("Referencia interna (SKU).")),
        "name": text("Nombre del producto."),
        "tracked": boolean("Si su inventario se lleva por cantidad (producto almacenable)."),
    }
)
WAREHOUSE_REF = record(
    {
        "id": record_id("Identificador de la bodega (stock.warehouse)."),
        "code": text("Código corto de la bodega."),
        "name": text("Nombre de la bodega."),
    }
)
DOCUMENT_REF = record(
    {
        "name": text("Número del documento."),
        "date": nullable(date("Fecha del documento.")),
        "total": money("Total con impuestos."),
    }
)
PARTNER = record(
    {
        "id": record_id("Identificador del contacto (res.partner)."),
        "name": text("Nombre o razón social."),
        "rut": nullable(rut("RUT sin puntos y con guion.")),
        "email": nullable(text("Correo electrónico.")),
        "phone": nullable(text("Teléfono tal como está en Odoo.")),
        "is_company": boolean("Si es una empresa."),
        "parent_id": nullable(record_id("Empresa a la que pertenece el contacto.")),
        "balance": nullable(money("Saldo por cobrar en la moneda de la empresa.")),
        "customer_since": nullable(date("Día en que pasó a ser cliente.")),
    }
)
LINE = record(
    {
        "id": record_id("Identificador de la línea."),
        "product_id": nullable(record_id("Variante (product.product).")),
        "sku": nullable(text("Referencia interna (SKU).")),
        "name": text("Descripción de la línea."),
        "kind": choice("Clase de línea.", "product", "service", "delivery", "discount"),
        "qty": number("Cantidad en la unidad indicada."),
        "uom": nullable(text("Unidad de medida.")),
        "unit_price": money("Precio unitario."),
        "net": money("Neto de la línea, con su descuento."),
        "cost": nullable(money("Costo total de la línea; null si no se conoce.")),
    }
)
DEFINITIONS: Mapping[str, Schema] = {
    "partner": PARTNER,
    "line": LINE,
    "product_ref": PRODUCT_REF,
    "warehouse_ref": WAREHOUSE_REF,
    "document_ref": DOCUMENT_REF,
}
_ALWAYS_OPTIONAL = ("changed", "previous")


def event_data(
    name: str,
    model: str | None,
    properties: Mapping[str, Schema],
    *,
    optional: Iterable[str] = (),
    whole_pesos: Iterable[str] = (),
    version: int = 1,
) -> Schema:
    """The schema of the ``data`` of a type: ``id``, ``model``, ``name``, then ``properties``.

    ``whole_pesos`` are the amounts that must be integers when ``currency`` is CLP.
    """
    fields = {**_identity(model), **properties, **_history()}
    used = _used_definitions(properties)
    schema = {
        "$schema": DIALECT,
        "$id": f"{URN}{name}:{version}",
        **record(fields, optional=(*optional, *_ALWAYS_OPTIONAL)),
    }
    if whole_pesos:
        schema |= _in_pesos(whole_pesos)
    if used:
        schema["$defs"] = {key: DEFINITIONS[key] for key in DEFINITIONS if key in used}
    return schema


def _identity(model: str | None) -> dict[str, Schema]:
    known = {"const": model} if model else {"pattern": r"^[a-z0-9_]+(\.[a-z0-9_]+)*$"}
    return {
        "id": record_id("Identificador del registro en Odoo."),
        "model": text("Modelo de Odoo.", **known),
        "name": text("Nombre visible del registro."),
    }


def _history() -> dict[str, Schema]:
    return {
        "changed": many(text("Campo de Odoo."), "Campos de Odoo que cambiaron en la transacción."),
        "previous": {
            "type": "object",
            "description": "Primeros valores anteriores de los campos que cambiaron.",
        },
    }


def _in_pesos(amounts: Iterable[str]) -> Schema:
    whole = {amount: {"type": ["integer", "null"]} for amount in amounts}
    return {
        "if": {"properties": {"currency": {"const": "CLP"}}, "required": ["currency"]},
        "then": {"properties": whole},
    }


def _used_definitions(node: object) -> set[str]:
    if isinstance(node, Mapping):
        target = node.get("$ref")
        found = {target.removeprefix("#/$defs/")} if isinstance(target, str) else set()
        return found.union(*map(_used_definitions, node.values()))
    if isinstance(node, list):
        return set().union(*map(_used_definitions, node))
    return set()
