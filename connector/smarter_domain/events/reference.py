"""The reference of all types in Spanish Markdown, for docs/eventos.md."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from smarter_domain.events.asyncapi import schema_name
from smarter_domain.events.catalogue import EVENT_TYPES, EventType
from smarter_domain.events.event_type import Schema
from smarter_domain.events.schemas.vocabulary import DEFINITIONS

_HIDDEN = ("model", "previous")
_TYPES = {
    "integer": "entero",
    "number": "número",
    "boolean": "sí/no",
    "object": "objeto",
    "null": "null",
}
_FORMATS = {"date": "fecha", "date-time": "instante"}


def render() -> str:
    """Markdown: an index of types, then the data of each family with examples, then the blocks."""
    families = [_family(kinds) for kinds in _families().values()]
    return "\n".join([_index(), *families, _blocks()])


def _families() -> dict[str, list[EventType]]:
    grouped: dict[str, list[EventType]] = {}
    for kind in EVENT_TYPES.values():
        grouped.setdefault(schema_name(kind), []).append(kind)
    return grouped


def _index() -> str:
    rows = [
        (f"[`{kind.name}`](#{_anchor(kind.name)})", kind.when, _model(kind), f"`{kind.module}`")
        for kind in EVENT_TYPES.values()
    ]
    return _table(("Tipo", "Cuándo ocurre", "Modelo", "Módulo de Odoo"), rows)


def _family(kinds: list[EventType]) -> str:
    first, *others = kinds
    parts = [_heading(first), _fields(first.schema), "Ejemplo de `data`:\n", _json(first.example)]
    for kind in others:
        same = f"`data` como en `{first.name}`; en este ejemplo cambia:\n"
        changes = {k: v for k, v in kind.example.items() if first.example.get(k, ...) != v}
        parts += [_heading(kind), same, _json(changes)] if changes else [_heading(kind)]
    return "\n".join(parts)


def _heading(kind: EventType) -> str:
    about = f"{kind.when} Modelo: {_model(kind)}. Versión {kind.schema_version}."
    return f"### {kind.name}\n\n{about}\n"


def _model(kind: EventType) -> str:
    return f"`{kind.model}`" if kind.model else "cualquiera"


def _blocks() -> str:
    parts = ["### Bloques\n\nPartes que se repiten en varios tipos.\n"]
    for name, block in DEFINITIONS.items():
        parts.append(f"#### Bloque {name}\n\n{_fields(block)}")
    return "\n".join(parts)


def _fields(schema: Schema) -> str:
    rows = [
        (f"`{path}`", shape, description)
        for path, shape, description in _walk(schema["properties"])
        if path not in _HIDDEN
    ]
    return _table(("Campo", "Forma", "Qué es"), rows)


def _walk(properties: Mapping[str, Schema], prefix: str = "") -> Iterable[tuple[str, str, str]]:
    for name, schema in properties.items():
        yield prefix + name, _shape(schema), schema.get("description", "")
        inner = schema.get("items", schema)
        suffix = "[]." if "items" in schema else "."
        yield from _walk(inner.get("properties", {}), prefix + name + suffix)


def _shape(schema: Schema) -> str:
    if "anyOf" in schema:
        return " o ".join(_shape(option) for option in schema["anyOf"])
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{_anchor('bloque ' + name)})"
    if "enum" in schema:
        return ", ".join("null" if value is None else f"`{value}`" for value in schema["enum"])
    if schema.get("type") == "array":
        return f"lista de {_shape(schema['items'])}"
    types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    words = {**_TYPES, "string": _FORMATS.get(schema.get("format", ""), "texto")}
    return " o ".join(words[name] for name in types)


def _anchor(heading: str) -> str:
    """The fragment that Git hosts give a heading."""
    return heading.lower().replace(".", "").replace(" ", "-")


def _json(value: Mapping[str, Any]) -> str:
    return f"```json\n{json.dumps(value, ensure_ascii=False, indent=2)}\n```\n"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"
