"""Roles and rights of the server, with the administrator's connection that Odoo never sees.

``provision.py``: roles, the private template, the registry of tenants, the warehouse, the rights in
every tenant database.
Running it again changes nothing; it exits 1 when the connector's role can do more than it should.
"""

from __future__ import annotations

import sys

import psycopg
from start import read_secret

from smarter_connector.provisioning import CONNECTOR_ROLE, audit_role, ensure_role, provision
from smarter_connector.registry import install as install_registry
from smarter_connector.sinks.warehouse.install import install
from smarter_domain.rut import InvalidRut, Rut

ODOO_ROLE = "odoo"
BASE_TEMPLATE = "smarteros_base"
# Odoo indexes with unaccent and accepts that its dictionary does not change under an index.
TEMPLATE = (
    "CREATE EXTENSION IF NOT EXISTS unaccent",
    "CREATE EXTENSION IF NOT EXISTS pg_trgm",
    "ALTER FUNCTION unaccent(text) IMMUTABLE",
)
CLOSED = ("postgres", "template1")


def connect(database: str) -> psycopg.Connection:
    """An administrator's autocommit connection; host and user come from the PG* variables."""
    password = read_secret("pg_admin_password")
    return psycopg.connect(dbname=database, password=password, autocommit=True, connect_timeout=10)


def ensure_roles(admin: psycopg.Connection) -> None:
    ensure_role(admin, ODOO_ROLE, read_secret("pg_odoo_password"), creates_databases=True)
    ensure_role(admin, CONNECTOR_ROLE, read_secret("pg_connector_password"))
    for name in CLOSED:
        admin.execute(f"REVOKE CREATE, TEMPORARY ON DATABASE {name} FROM PUBLIC")


def ensure_template(admin: psycopg.Connection) -> None:
    """A template with the extensions that only an administrator may prepare."""
    if admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [BASE_TEMPLATE]).fetchone():
        return
    draft = f"{BASE_TEMPLATE}_draft"
    admin.execute(f"DROP DATABASE IF EXISTS {draft}")
    admin.execute(f"CREATE DATABASE {draft} TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C'")
    with connect(draft) as connection:
        for statement in TEMPLATE:
            connection.execute(statement)
    admin.execute(f"ALTER DATABASE {draft} RENAME TO {BASE_TEMPLATE}")
    admin.execute(f"ALTER DATABASE {BASE_TEMPLATE} IS_TEMPLATE true ALLOW_CONNECTIONS false")


def tenant_databases(admin: psycopg.Connection) -> list[str]:
    """Databases named by a valid RUT."""
    rows = admin.execute("SELECT datname FROM pg_database WHERE datallowconn ORDER BY 1").fetchall()
    return [name for (name,) in rows if _is_tenant(name)]


def close(database: str) -> list[str]:
    """Give the connector its rights in one tenant database; returns what is not as it should be."""
    with connect(database) as admin:
        if not provision(admin, owner=ODOO_ROLE):
            return []
        return [f"{database}: {problem}" for problem in audit_role(admin, CONNECTOR_ROLE)]


def provision_all() -> int:
    with connect("postgres") as admin:
        ensure_roles(admin)
        ensure_template(admin)
        databases = tenant_databases(admin)
    install_registry(connect, odoo_role=ODOO_ROLE, connector_role=CONNECTOR_ROLE)
    install(connect, password=read_secret("pg_kpi_writer_password"))
    problems = [problem for name in databases for problem in close(name)]
    for problem in problems:
        print(f"smarteros: {problem}", file=sys.stderr)
    print(f"smarteros: {len(databases)} tenant databases provisioned")
    return 1 if problems else 0


def _is_tenant(name: str) -> bool:
    try:
        Rut.from_database_name(name)
    except InvalidRut:
        return False
    return True


def main(argv: list[str]) -> int:
    if argv:
        print(__doc__, file=sys.stderr)
        return 2
    return provision_all()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
