"""The registry: the one place that says which tenants there are and where they are.

A small database of its own (``schema.sql``). ``install`` sets it up, ``Registry`` is what an
operator's programs work with; Odoo reads ``routing.route``, the connector ``routing.served``.
"""

from __future__ import annotations

from smarter_connector.registry.errors import (
    Busy,
    Conflict,
    InvalidRequest,
    LockLost,
    RegistryError,
    RegistryUnavailable,
    StepFailed,
    UnknownTenant,
)
from smarter_connector.registry.install import CHANNEL, REGISTRY_DATABASE, install
from smarter_connector.registry.new_tenant import NewTenant
from smarter_connector.registry.operations import Lock
from smarter_connector.registry.registry import Registry
from smarter_connector.registry.rows import (
    BackupRow,
    HistoryRow,
    OperationRow,
    ReleaseRow,
    TemplateRow,
    TenantRow,
)

__all__ = [
    "CHANNEL",
    "REGISTRY_DATABASE",
    "BackupRow",
    "Busy",
    "Conflict",
    "HistoryRow",
    "InvalidRequest",
    "Lock",
    "LockLost",
    "NewTenant",
    "OperationRow",
    "Registry",
    "RegistryError",
    "RegistryUnavailable",
    "ReleaseRow",
    "StepFailed",
    "TemplateRow",
    "TenantRow",
    "UnknownTenant",
    "install",
]
