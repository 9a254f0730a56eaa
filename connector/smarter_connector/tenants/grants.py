"""The rights in a tenant's database, brought to what they must be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import psycopg

from smarter_connector.provisioning import audit_role, provision
from smarter_connector.registry import InvalidRequest
from smarter_connector.tenants.jobs import Drafted, check_status
from smarter_connector.tenants.platform import Platform, Say


def grants(platform: Platform, key: str | int, *, progress: Say | None = None) -> list[str]:
    """Close the database to all but Odoo's and the connector's role; returns what is wrong."""
    tenant = platform.registry.tenant(key)
    check_status(tenant)
    if tenant.kind != "production":
        raise InvalidRequest(f"{tenant.slug} is a copy for tests: the connector gets no rights")
    with platform.registry.lock(tenant.id), platform.admin(tenant.database or "") as connection:
        installed = give_rights(platform, connection)
        return audit_role(connection, platform.settings.connector_role) if installed else []


def give_rights(platform: Platform, connection: psycopg.Connection) -> bool:
    """Whether there is an outbox that the connector may now read."""
    settings = platform.settings
    return provision(connection, owner=settings.odoo_role, role=settings.connector_role)


def give_rights_in_draft(platform: Platform, job: Drafted, facts: Mapping[str, Any]) -> None:
    """A step: the rights in a database that is to be a tenant's."""
    with platform.admin(job.draft) as connection:
        give_rights(platform, connection)
