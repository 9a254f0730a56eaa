"""Tenants: made, listed, suspended, upgraded, backed up, deleted; all by the registry.

Every operation is a function of a :class:`Platform` and returns a value, so a portal can call what
``smarteros-tenant`` calls. Errors are those of :mod:`smarter_connector.registry.errors`.
"""

from __future__ import annotations

from smarter_connector.tenants.abandon import abandon
from smarter_connector.tenants.create import Created, CreateRequest, create
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
from smarter_connector.tenants.platform import Platform
from smarter_connector.tenants.platform_settings import PlatformSettings, load
from smarter_connector.tenants.upgrade import upgrade
from smarter_connector.tenants.upgrade_report import Outcome, Report

__all__ = [
    "CreateRequest",
    "Created",
    "Finding",
    "Outcome",
    "Platform",
    "PlatformSettings",
    "Report",
    "Shown",
    "abandon",
    "create",
    "doctor",
    "grants",
    "install",
    "invite",
    "list_",
    "load",
    "rename_host",
    "resume",
    "set_plan",
    "show",
    "suspend",
    "upgrade",
]
