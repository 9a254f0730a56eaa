"""Roles and extensions of a server: as in production, so that the tests prove something.

The administrator makes everything and never serves Odoo. Odoo's role may create databases and is
no superuser, so row security and revoked rights bind it. The connector's role may log in, and gets
its few rights in each tenant database from ``smarter_connector.provisioning``.
"""

from __future__ import annotations

import psycopg
from psycopg import sql

from smarter_connector.provisioning.roles import CONNECTOR_ROLE, ensure_role

ODOO_ROLE = "odoo"
ROLES = (ODOO_ROLE, CONNECTOR_ROLE)
BASE_TEMPLATE = "smarteros_base"
EXTENSIONS = ("unaccent", "pg_trgm", "vector")


def ensure(admin: psycopg.Connection, name: str, password: str) -> None:
    ensure_role(admin, name, password, creates_databases=name == ODOO_ROLE)


def ensure_base_template(admin: psycopg.Connection, dsn: dict[str, str]) -> None:
    """A private template with the extensions only an administrator may create."""
    if admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [BASE_TEMPLATE]).fetchone():
        return
    draft = f"{BASE_TEMPLATE}_draft"
    admin.execute(f"DROP DATABASE IF EXISTS {draft}")
    admin.execute(f"CREATE DATABASE {draft} TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C'")
    with psycopg.connect(**{**dsn, "dbname": draft}, autocommit=True) as connection:
        _create_extensions(connection)
    admin.execute(f"ALTER DATABASE {draft} RENAME TO {BASE_TEMPLATE}")
    admin.execute(f"ALTER DATABASE {BASE_TEMPLATE} IS_TEMPLATE true ALLOW_CONNECTIONS false")


def _create_extensions(connection: psycopg.Connection) -> None:
    rows = connection.execute("SELECT name FROM pg_available_extensions").fetchall()
    for name in EXTENSIONS:
        if (name,) in rows:
            connection.execute(sql.SQL("CREATE EXTENSION {}").format(sql.Identifier(name)))
    if ("unaccent",) in rows:
        # Odoo indexes with it and accepts that the dictionary does not change under an index.
        connection.execute("ALTER FUNCTION unaccent(text) IMMUTABLE")
