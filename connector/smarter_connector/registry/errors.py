"""What can go wrong with the registry, under the classes of :mod:`smarter_connector.exceptions`."""

from __future__ import annotations

from smarter_connector.exceptions import ConnectorError, Rejected, Retryable


class RegistryError(ConnectorError):
    """The registry or an operation on a tenant failed."""


class RegistryUnavailable(RegistryError, Retryable):
    """The registry cannot be reached; nothing was changed, or it is unclear."""


class Busy(RegistryError, Retryable):
    """Another process works on this tenant."""


class LockLost(Busy):
    """The tenant is no longer ours to work on: the session that held it has ended."""


class Conflict(RegistryError, Rejected):
    """The RUT, the slug, the host or the name belongs to another tenant."""


class UnknownTenant(RegistryError, Rejected):
    """The registry has no such tenant."""


class InvalidRequest(RegistryError, Rejected):
    """What was asked for cannot be: it must be put differently."""


class StepFailed(RegistryError):
    """A step of an operation failed; running the operation again goes on from there."""
