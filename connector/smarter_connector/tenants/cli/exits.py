"""What the exit codes of ``smarteros-tenant`` mean."""

from __future__ import annotations

from smarter_connector.registry.errors import Busy, Conflict, InvalidRequest, UnknownTenant
from smarter_domain.rut import InvalidRut
from smarter_domain.tenancy import InvalidName

OK, FAILED, USAGE, CONFLICT, UNKNOWN, BUSY, UNHEALTHY, PARTLY = range(8)

_CODES: tuple[tuple[type[Exception], int], ...] = (
    (Conflict, CONFLICT),
    (UnknownTenant, UNKNOWN),
    (Busy, BUSY),
    (InvalidRequest, USAGE),
    (InvalidName, USAGE),
    (InvalidRut, USAGE),
)


def code_of(error: Exception) -> int:
    """The exit code that tells a program what became of its request."""
    return next((code for kind, code in _CODES if isinstance(error, kind)), FAILED)
