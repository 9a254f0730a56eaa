"""The rights in a tenant's database, brought back to what they must be."""

from __future__ import annotations

from smarter_connector.provisioning import audit_role, provision
from smarter_connector.registry import InvalidRequest
from smarter_connector.tenants.jobs import check_status
from smarter_connector.tenants.platform import Platform, Say


def grants(platform: Platform, key: str | int, *, progress: Say | None = None) -> list[str]:
    """Close the database to all but Odoo's and the connector's role; returns what is wrong."""
    tenant, settings = platform.registry.tenant(key), platform.settings
    check_status(tenant)
    if tenant.kind != "production":
        raise InvalidRequest(f"{tenant.slug} is a copy for tests: the connector gets no rights")
    with platform.registry.lock(tenant.id), platform.admin(tenant.database) as connection:
        installed = provision(connection, owner=settings.odoo_role, role=settings.connector_role)
        return audit_role(connection, settings.connector_role) if installed else []
