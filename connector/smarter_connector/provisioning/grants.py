"""Rights inside one tenant database: the connector may call the protocol, nobody else may enter."""

from __future__ import annotations

from collections.abc import Sequence

import psycopg
from psycopg import sql

from smarter_connector.provisioning.roles import CONNECTOR_ROLE
from smarter_domain.outbox import PROTOCOL_FUNCTIONS

SCHEMA = "smarteros"

_CLOSE = (
    "REVOKE CONNECT, TEMPORARY ON DATABASE {database} FROM PUBLIC",
    # Odoo grants this when it creates a database, for tools of the time before PostgreSQL 15.
    "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
    "REVOKE ALL ON DATABASE {database} FROM {role}",
    "REVOKE ALL ON SCHEMA public FROM {role}",
    "REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {role}",
    "REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM {role}",
    "GRANT CONNECT ON DATABASE {database} TO {owner}, {role}",
)
_OPEN = (
    "REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM PUBLIC, {role}",
    "REVOKE ALL ON ALL FUNCTIONS IN SCHEMA {schema} FROM PUBLIC, {role}",
    "GRANT USAGE ON SCHEMA {schema} TO {role}",
)


def provision(
    admin: psycopg.Connection,
    *,
    owner: str = "odoo",
    role: str = CONNECTOR_ROLE,
    functions: Sequence[str] = PROTOCOL_FUNCTIONS,
) -> bool:
    """Close the database ``admin`` is connected to, and let ``role`` call the protocol functions.

    Running it again changes nothing. Returns False when the outbox is not installed there yet: then
    the database is closed and the role can connect but call nothing.
    Raises ``psycopg.errors.UndefinedFunction`` when the installed outbox is older than this code.
    """
    with admin.transaction():
        _run(admin, _CLOSE, owner, role)
        row = admin.execute("SELECT to_regnamespace(%s) IS NOT NULL", [SCHEMA]).fetchone()
        if not row or not row[0]:
            return False
        _run(admin, _OPEN, owner, role)
        for name in functions:
            statement = sql.SQL("GRANT EXECUTE ON FUNCTION {}(jsonb) TO {}")
            function = sql.Identifier(SCHEMA, name)
            admin.execute(statement.format(function, sql.Identifier(role)))
    return True


def _run(admin: psycopg.Connection, statements: Sequence[str], owner: str, role: str) -> None:
    names = {
        "database": sql.Identifier(admin.info.dbname),
        "schema": sql.Identifier(SCHEMA),
        "owner": sql.Identifier(owner),
        "role": sql.Identifier(role),
    }
    for statement in statements:
        admin.execute(sql.SQL(statement).format(**names))
