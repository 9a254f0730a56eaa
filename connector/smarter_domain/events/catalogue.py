"""The catalogue: every type of event, the schema of its ``data``, and patterns over type names."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from smarter_domain.events.event_type import EventType, Schema
from smarter_domain.events.schemas import (
    contact,
    delivery,
    invoice,
    lead,
    order,
    payment,
    pos,
    product,
    purchase,
    stock,
    system,
    tenant,
)

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import ValidationError

__all__ = [
    "CUSTOM_PREFIX",
    "EVENT_TYPES",
    "EventType",
    "InvalidPattern",
    "UnknownType",
    "check_data",
    "matches",
    "parse_patterns",
    "schema",
    "unmatched",
]

CUSTOM_PREFIX = "custom."
"""Types made by administrators are named ``custom.<slug>``."""

_FAMILIES = (
    contact, lead, order, invoice, payment, stock, delivery, product, purchase, pos, tenant, system,
)  # fmt: skip

EVENT_TYPES: Mapping[str, EventType] = MappingProxyType(
    {kind.name: kind for family in _FAMILIES for kind in family.TYPES}
)

_CUSTOM = re.compile(r"custom\.[a-z0-9_-]{1,60}", re.ASCII)
_PATTERN = re.compile(r"\*|[a-z0-9_-]+(?:\.[a-z0-9_-]+)*(?:\.\*)?", re.ASCII)
_PATTERNS_MAX = 100
_PATTERN_MAX = 100
_PROBLEMS_MAX = 20


class UnknownType(LookupError):
    """A type, or a version of its schema, that the catalogue does not have."""


class InvalidPattern(ValueError):
    """A pattern that cannot name a type. ``pattern`` holds it, cut."""

    def __init__(self, pattern: str, message: str) -> None:
        super().__init__(message)
        self.pattern = pattern[:_PATTERN_MAX]


def schema(type: str, version: int = 1) -> Schema:
    """A copy of the JSON Schema of a type's ``data``. Raises :class:`UnknownType`."""
    return copy.deepcopy(_schema(type, version))


def check_data(type: str, data: object, *, strict: bool = False) -> list[str]:
    """What is wrong with ``data``, as ``path: message``; an empty list means it is valid.

    Unknown keys are allowed, for newer producers and for addons that add some; ``strict`` reports
    them, which is what the tests of a payload builder want. An unknown type is a problem too.
    """
    try:
        validator = _validator(type, strict)
    except UnknownType as error:
        return [str(error)]
    errors = sorted(validator.iter_errors(data), key=lambda error: error.json_path)
    return [_problem(error) for error in errors[:_PROBLEMS_MAX]]


def matches(pattern: str, type: str) -> bool:
    """Say whether a valid pattern (``*``, ``order.*``, ``invoice.paid``) names ``type``."""
    if pattern == "*" or pattern == type:
        return True
    return pattern.endswith(".*") and type.startswith(pattern[:-1])


def parse_patterns(text: str) -> tuple[str, ...]:
    """Read patterns, one a line or parted by commas; repeated ones once, in the order given.

    Raises :class:`InvalidPattern` for one that is malformed, for none, and for more than 100.
    """
    words = [word for part in re.split(r"[\n,]", text or "") if (word := part.strip())]
    if not words:
        raise InvalidPattern("", "there is no pattern; use * for every type")
    if len(words) > _PATTERNS_MAX:
        raise InvalidPattern("", f"there are more than {_PATTERNS_MAX} patterns")
    for word in words:
        if len(word) > _PATTERN_MAX or not _PATTERN.fullmatch(word):
            raise InvalidPattern(word, f"{word[:_PATTERN_MAX]!r} is not a pattern: use order.*")
    return tuple(dict.fromkeys(words))


def unmatched(patterns: Iterable[str], types: Iterable[str] = EVENT_TYPES) -> tuple[str, ...]:
    """The patterns that name none of ``types``: most likely typing errors, or types yet to come."""
    known = tuple(types)
    return tuple(p for p in patterns if not any(matches(p, name) for name in known))


def _schema(type: str, version: int) -> Schema:
    kind = EVENT_TYPES.get(type)
    if kind is None and _CUSTOM.fullmatch(type) and version == 1:
        return system.custom_schema(type)
    if kind is None:
        raise UnknownType(f"unknown event type {type!r}")
    if version != kind.schema_version:
        raise UnknownType(f"event type {type!r} has no schema version {version!r}")
    return kind.schema


@lru_cache(maxsize=256)
def _validator(type: str, strict: bool) -> Draft202012Validator:
    # Imported here: the connector sends events without ever checking one, and saves the memory.
    from jsonschema import Draft202012Validator

    kind = EVENT_TYPES.get(type)
    found = _schema(type, kind.schema_version if kind else 1)
    return Draft202012Validator(_closed(found) if strict else found)


def _closed(node: Any) -> Any:
    """The schema with every described object closed to keys it does not know."""
    if isinstance(node, list):
        return [_closed(item) for item in node]
    if not isinstance(node, Mapping):
        return node
    closed = {key: _closed(value) for key, value in node.items()}
    if closed.get("type") == "object" and "properties" in closed:
        closed["additionalProperties"] = False
    return closed


def _problem(error: ValidationError) -> str:
    """``lines[0].net: 'x' is not of type 'number'``, cut: values may be long."""
    path = error.json_path.removeprefix("$").removeprefix(".") or "data"
    return f"{path}: {error.message}"[:300]
