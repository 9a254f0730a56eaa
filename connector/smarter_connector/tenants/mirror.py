"""What the registry says of a tenant, written into its own database for people to see."""

from __future__ import annotations

from collections.abc import Mapping

import psycopg
from psycopg import sql

from smarter_connector.registry import TenantRow
from smarter_connector.registry.errors import StepFailed
from smarter_connector.tenants.platform import Platform
from smarter_connector.tenants.reset.identity import set_parameters
from smarter_connector.tenants.reset.schema import Schema, update

SIGNAL = "orm_signaling_stable"
"""A row in it makes every Odoo process drop what it remembers, parameters and the tenant."""


def mirror(platform: Platform, tenant: TenantRow) -> None:
    """Write plan, status and reason. Running it again changes nothing.

    Raises StepFailed when the database is not the tenant's.
    """
    with platform.admin(_database(tenant)) as connection, connection.transaction():
        check_identity(connection, tenant)
        mirror_into(connection, tenant)
        signal(connection)


def mirror_into(connection: psycopg.Connection, tenant: TenantRow) -> None:
    """As :func:`mirror`, in the caller's transaction and in whatever database that is."""
    schema = Schema.read(connection)
    values = {
        "name": tenant.name, "slug": tenant.slug, "plan": tenant.plan,
        "status": tenant.status, "status_reason": tenant.status_reason or None,
    }  # fmt: skip
    update(connection, schema, "smarter_tenant", values, "true", [])
    outbox = {f"tenant_{key}": values[key] for key in ("name", "slug", "plan", "status")}
    update(connection, schema, "smarter_outbox_state", outbox, "id = 1", [])


def write_parameters(platform: Platform, tenant: TenantRow, values: Mapping[str, str]) -> None:
    """Set parameters of the tenant's Odoo."""
    with platform.admin(_database(tenant)) as connection, connection.transaction():
        check_identity(connection, tenant)
        set_parameters(connection, values)
        signal(connection)


def check_identity(connection: psycopg.Connection, tenant: TenantRow) -> None:
    """Raises StepFailed unless the database has the uuid the registry knows."""
    query = "SELECT value FROM ir_config_parameter WHERE key = 'database.uuid'"
    row = connection.execute(query).fetchone()
    if row is None or row[0] != tenant.uuid:
        raise StepFailed(f"the database {tenant.database} is not that of {tenant.slug}: its uuid")


def signal(connection: psycopg.Connection) -> None:
    """Tell the Odoo processes that serve the database."""
    found = connection.execute("SELECT to_regclass(%s) IS NOT NULL", [f"public.{SIGNAL}"])
    if found.fetchone() == (True,):
        connection.execute(sql.SQL("INSERT INTO {} DEFAULT VALUES").format(sql.Identifier(SIGNAL)))


def _database(tenant: TenantRow) -> str:
    if not tenant.database:
        raise StepFailed(f"the tenant {tenant.slug} has no database yet: create it again")
    return tenant.database
