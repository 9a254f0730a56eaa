"""The registry of tenants, for an operator's programs; servers read its views instead."""

from __future__ import annotations

from smarter_connector.registry.catalogue import Catalogue
from smarter_connector.registry.operations import Operations
from smarter_connector.registry.tenants import Tenants


class Registry(Tenants, Operations, Catalogue):
    """Rows in, values out, with an administrator's connection.

    Every method is one transaction on a connection of its own, so one object may serve many
    threads. All raise :class:`~smarter_connector.registry.errors.RegistryUnavailable` when the
    database is away.
    """
