"""Events: the envelope they travel in, the signature they carry, the catalogue of their types."""

from __future__ import annotations

from smarter_domain.events.catalogue import (
    EVENT_TYPES,
    EventType,
    InvalidPattern,
    UnknownType,
    check_data,
    matches,
    parse_patterns,
    schema,
)
from smarter_domain.events.envelope import Event, InvalidEnvelope, batch_body
from smarter_domain.events.signature import InvalidKey, InvalidSignature, SigningKey, sign, verify

__all__ = [
    "EVENT_TYPES",
    "Event",
    "EventType",
    "InvalidEnvelope",
    "InvalidKey",
    "InvalidPattern",
    "InvalidSignature",
    "SigningKey",
    "UnknownType",
    "batch_body",
    "check_data",
    "matches",
    "parse_patterns",
    "schema",
    "sign",
    "verify",
]
