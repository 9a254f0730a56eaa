"""The KPI warehouse of ``scripts/run``, on the same server as the tenant."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from psycopg.conninfo import make_conninfo

from devkit import databases, passwords
from devkit.odoo_process import Runtime
from devkit.tenant import Tenant
from smarter_connector.sinks.warehouse import Names, drop_tenant, ensure_tenant, install


@dataclass(frozen=True)
class Warehouse:
    """``writer_dsn_file`` is for the connector; ``reader`` are psycopg.connect's arguments."""

    writer_dsn_file: Path
    reader: dict[str, str]


def prepare(runtime: Runtime, tenant: Tenant) -> Warehouse:
    """Make or upgrade the warehouse and the tenant's reader; running it again changes nothing."""
    admin, names = runtime.server.admin, Names()
    secrets = runtime.home.root / "secrets" / "run"
    written = passwords.password(secrets, "warehouse-writer")
    read = passwords.password(secrets, "warehouse-reader")
    writer = install(admin.connect, names, password=written)
    facts = {"names": names, "password": read}
    reader = ensure_tenant(admin.connect, tenant.rut, tenant.name, **facts)
    place = {"host": admin.host, "port": admin.port, "dbname": names.database}
    text = make_conninfo(**place, user=writer.role, password=written)
    dsn_file = passwords.write(secrets / "warehouse-dsn", text)
    return Warehouse(dsn_file, {**place, "user": reader.role, "password": read})


def forget(runtime: Runtime, tenant: Tenant) -> None:
    """Remove what the warehouse holds of the tenant, if there is a warehouse."""
    if databases.exists(runtime, Names().database):
        drop_tenant(runtime.server.admin.connect, tenant.rut)
