"""Tenants: made, listed, suspended, upgraded, backed up, deleted; all by the registry.

Every operation is a function of a :class:`Platform` and returns a value, so a portal can call what
``smarteros-tenant`` calls. Errors are those of :mod:`smarter_connector.registry.errors`.
"""

from __future__ import annotations

from smarter_connector.tenants.abandon import abandon
from smarter_connector.tenants.archive import BadArchive
from smarter_connector.tenants.backup import backup
from smarter_connector.tenants.backup_verify import Verified, verify
from smarter_connector.tenants.create import Created, CreateRequest, create
from smarter_connector.tenants.delete import delete, undelete
from smarter_connector.tenants.doctor import doctor
from smarter_connector.tenants.findings import Finding
from smarter_connector.tenants.grants import grants
from smarter_connector.tenants.install import install
from smarter_connector.tenants.lifecycle import (
    Shown,
    invite,
    list_,
    rename_host,
    resume,
    set_plan,
    show,
    suspend,
)
from smarter_connector.tenants.operator_access import close_operator_access, operator_access
from smarter_connector.tenants.outbox_state import release_deliveries
from smarter_connector.tenants.platform import Platform
from smarter_connector.tenants.platform_settings import PlatformSettings, load
from smarter_connector.tenants.purge import purge
from smarter_connector.tenants.restore import Restored, restore
from smarter_connector.tenants.restore_new import restore_new
from smarter_connector.tenants.staging import clone_to_staging
from smarter_connector.tenants.upgrade import upgrade
from smarter_connector.tenants.upgrade_report import Outcome, Report

__all__ = [
    "BadArchive",
    "CreateRequest",
    "Created",
    "Finding",
    "Outcome",
    "Platform",
    "PlatformSettings",
    "Report",
    "Restored",
    "Shown",
    "Verified",
    "abandon",
    "backup",
    "clone_to_staging",
    "close_operator_access",
    "create",
    "delete",
    "doctor",
    "grants",
    "install",
    "invite",
    "list_",
    "load",
    "operator_access",
    "purge",
    "release_deliveries",
    "rename_host",
    "restore",
    "restore_new",
    "resume",
    "set_plan",
    "show",
    "suspend",
    "undelete",
    "upgrade",
    "verify",
]
