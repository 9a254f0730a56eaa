"""Tenants: made, listed, suspended, upgraded, backed up, deleted; all by the registry.

Every operation is a function of a :class:`Platform` and returns a value, so a portal can call what
``smarteros-tenant`` calls. Errors are those of :mod:`smarter_connector.registry.errors`.
"""

from __future__ import annotations

from smarter_connector.tenants.create import Created, CreateRequest, create
from smarter_connector.tenants.platform import Platform
from smarter_connector.tenants.platform_settings import PlatformSettings, load

__all__ = ["CreateRequest", "Created", "Platform", "PlatformSettings", "create", "load"]
