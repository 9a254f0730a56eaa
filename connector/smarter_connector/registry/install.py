"""Setting up the registry with an administrator's connection. It can be run again."""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files

import psycopg
from psycopg import sql

from smarter_connector.registry.errors import RegistryError
from smarter_domain.tenancy import check_database_name

REGISTRY_DATABASE = "smarteros_registry"
CHANNEL = "smarteros_registry"
"""NOTIFY channel inside the registry's database; the payload is a tenant's database or empty."""

SCHEMA_VERSION = 1

#: Opens an autocommit connection to a database as a superuser of the server.
AdminConnect = Callable[[str], psycopg.Connection]

_CLOSE = (
    "REVOKE ALL ON DATABASE {database} FROM PUBLIC, {odoo}, {connector}",
    "REVOKE ALL ON SCHEMA public, registry, routing FROM PUBLIC, {odoo}, {connector}",
    "REVOKE ALL ON ALL TABLES IN SCHEMA registry, routing FROM PUBLIC, {odoo}, {connector}",
    "REVOKE ALL ON ALL SEQUENCES IN SCHEMA registry, routing FROM PUBLIC, {odoo}, {connector}",
    "REVOKE ALL ON ALL FUNCTIONS IN SCHEMA registry, routing FROM PUBLIC, {odoo}, {connector}",
)
_OPEN = (
    "GRANT CONNECT ON DATABASE {database} TO {odoo}, {connector}",
    "GRANT USAGE ON SCHEMA routing TO {odoo}, {connector}",
    "GRANT SELECT ON routing.route TO {odoo}",
    "GRANT SELECT ON routing.served TO {connector}",
    "GRANT EXECUTE ON FUNCTION routing.hit(text, text, int, int),"
    " routing.count(text, text, int), routing.forget(text, text), routing.purge() TO {odoo}",
)


def install(
    admin_connect: AdminConnect,
    *,
    odoo_role: str = "odoo",
    connector_role: str = "smarteros_connector",
    database: str = REGISTRY_DATABASE,
) -> None:
    """Make the database, its tables and views, and the rights of the two roles, which must exist.

    Raises :class:`RegistryError` when the registry there is newer than this code, and what psycopg
    raises; a failed installation leaves the one before it.
    """
    check_database_name(database)
    with admin_connect("postgres") as admin:
        _ensure_database(admin, database)
    names = {"database": database, "odoo": odoo_role, "connector": connector_role}
    identifiers = {key: sql.Identifier(name) for key, name in names.items()}
    with admin_connect(database) as admin, admin.transaction():
        admin.execute("SELECT pg_advisory_xact_lock(hashtextextended('smarteros.install', 0))")
        _refuse_newer(admin)
        # Repeating itself is what the script is for: no word of what is there already.
        admin.execute("SET LOCAL client_min_messages = warning")
        admin.execute(files(__package__).joinpath("schema.sql").read_text(encoding="utf-8"))
        for statement in (*_CLOSE, *_OPEN):
            admin.execute(sql.SQL(statement).format(**identifiers))
        admin.execute(
            "INSERT INTO registry.meta VALUES ('schema_version', %s)"
            " ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            [str(SCHEMA_VERSION)],
        )


def _ensure_database(admin: psycopg.Connection, database: str) -> None:
    if admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database]).fetchone():
        return
    statement = sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'")
    try:
        admin.execute(statement.format(sql.Identifier(database)))
    except (psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
        pass  # Made by another installation at the same moment, which is as good.


def _refuse_newer(admin: psycopg.Connection) -> None:
    if not admin.execute("SELECT to_regclass('registry.meta') IS NOT NULL").fetchone()[0]:
        return
    row = admin.execute("SELECT value FROM registry.meta WHERE key = 'schema_version'").fetchone()
    if row and int(row[0]) > SCHEMA_VERSION:
        raise RegistryError(
            f"the registry has schema version {row[0]}, this program knows {SCHEMA_VERSION}:"
            " use the newer release's program"
        )
