"""Whether an upgraded database is fit to be served, and still the tenant's with all its data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import psycopg
from psycopg import sql

from smarter_connector.provisioning import audit_role
from smarter_connector.registry import ReleaseRow, TenantRow
from smarter_connector.registry.errors import StepFailed
from smarter_connector.tenants.backup_dump import let_out
from smarter_connector.tenants.grants import give_rights
from smarter_connector.tenants.mirror import check_identity
from smarter_connector.tenants.platform import Platform
from smarter_connector.tenants.reset.identity import forget_caches
from smarter_connector.tenants.reset.schema import Schema

#: Tables whose rows no upgrade takes away.
KEY_TABLES = (
    "res_users", "res_partner", "res_company", "product_template", "product_product",
    "account_account", "account_journal", "account_move", "account_move_line", "sale_order",
    "sale_order_line", "purchase_order", "stock_move", "stock_quant", "pos_order", "crm_lead",
    "smarter_event", "smarter_delivery", "smarter_subscription", "smarter_subscription_key",
)  # fmt: skip

_MODULES = "SELECT name, state, coalesce(latest_version, '') FROM ir_module_module"
_RUTS = "SELECT rut FROM smarter_tenant"
_IDENTITY = "SELECT smarteros.identity('{}')"


def row_counts(connection: psycopg.Connection) -> dict[str, int]:
    """Rows of the key tables that are there."""
    schema = Schema.read(connection)
    present = [table for table in KEY_TABLES if schema.has(table)]
    return {table: _count(connection, table) for table in present}


def check(
    platform: Platform,
    database: str,
    tenant: TenantRow,
    release: ReleaseRow,
    wanted: Sequence[str],
    before: Mapping[str, int],
) -> list[str]:
    """Give the rights, look at everything, and return the modules that are installed.

    ``wanted`` is what was to be upgraded or installed, ``before`` the rows there were. Raises
    StepFailed with the first thing that is wrong.
    """
    settings = platform.settings
    with platform.admin(database) as connection:
        check_identity(connection, tenant)
        _rut(connection, tenant)
        installed = _modules(connection, release, wanted)
        _rows(before, row_counts(connection))
        with connection.transaction():
            let_out(connection, settings.odoo_role)
            forget_caches(connection, Schema.read(connection))
        if give_rights(platform, connection):
            _outbox(connection, tenant)
            if problems := audit_role(connection, settings.connector_role):
                raise StepFailed(f"after the upgrade {problems[0]}")
    return installed


def _rut(connection: psycopg.Connection, tenant: TenantRow) -> None:
    if Schema.read(connection).has("smarter_tenant", "rut"):
        ruts = [rut for (rut,) in connection.execute(_RUTS).fetchall()]
        if ruts != [tenant.rut]:
            raise StepFailed(f"the database says that it is of {', '.join(map(str, ruts))}")


def _modules(
    connection: psycopg.Connection, release: ReleaseRow, wanted: Sequence[str]
) -> list[str]:
    rows = connection.execute(_MODULES).fetchall()
    if moving := sorted(name for name, state, _ in rows if state.startswith("to ")):
        raise StepFailed(f"Odoo left modules unfinished: {', '.join(moving)}")
    versions = {name: version for name, state, version in rows if state == "installed"}
    if missing := sorted(set(wanted) - versions.keys()):
        raise StepFailed(f"Odoo ended without installing {', '.join(missing)}")
    for name in wanted:
        expected = release.modules.get(name, {}).get("version", "")
        if expected and versions[name] != expected:
            raise StepFailed(f"{name} is {versions[name] or 'of no version'}, not {expected}")
    return sorted(versions)


def _rows(before: Mapping[str, int], after: Mapping[str, int]) -> None:
    for table, count in before.items():
        if after.get(table, 0) < count:
            raise StepFailed(f"{table} lost rows: {count} before, {after.get(table, 0)} now")


def _outbox(connection: psycopg.Connection, tenant: TenantRow) -> None:
    """The connector asks this before it serves a database."""
    row = connection.execute(_IDENTITY).fetchone()
    identity = row[0] if row else {}
    if (identity.get("uuid"), identity.get("rut")) != (tenant.uuid, tenant.rut):
        raise StepFailed(f"the outbox answers as another tenant: {identity.get('rut')}")


def _count(connection: psycopg.Connection, table: str) -> int:
    query = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))
    row = connection.execute(query).fetchone()
    return row[0] if row else 0
