"""The KPI warehouse of ``scripts/run``, on the same server as the tenants."""

from __future__ import annotations

from pathlib import Path

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from devkit import passwords
from devkit.odoo_process import Runtime
from smarter_connector.secrets import read_secret
from smarter_connector.sinks.warehouse import Names
from smarter_connector.sinks.warehouse import install as install_warehouse
from smarter_connector.tenants.platform import Platform
from smarter_connector.tenants.readers import dsn_file


def install(runtime: Runtime) -> None:
    """Make or upgrade the warehouse; running it again changes nothing."""
    admin, names = runtime.server.admin, Names()
    written = passwords.password(_secrets(runtime), "warehouse-writer")
    writer = install_warehouse(admin.connect, names, password=written)
    place = {"host": admin.host, "port": admin.port, "dbname": names.database}
    dsn = make_conninfo(**place, user=writer.role, password=written)
    passwords.write(writer_dsn_file(runtime), dsn)


def writer_dsn_file(runtime: Runtime) -> Path:
    """The connection string of the connector."""
    return _secrets(runtime) / "warehouse-dsn"


def reader(platform: Platform, rut: str) -> dict[str, str]:
    """Arguments of ``psycopg.connect`` for the tenant's reader, which its creation made."""
    place = dsn_file(platform, rut)
    assert place is not None  # the platform of the scripts has a folder of secrets
    return {key: str(value) for key, value in conninfo_to_dict(read_secret(place)).items()}


def _secrets(runtime: Runtime) -> Path:
    return runtime.home.root / "secrets" / "run"
