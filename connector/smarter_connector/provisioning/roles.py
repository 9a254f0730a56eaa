"""Login roles that hold no power of their own."""

from __future__ import annotations

import psycopg
from psycopg import sql

CONNECTOR_ROLE = "smarteros_connector"

_POWERLESS = "LOGIN NOSUPERUSER NOCREATEROLE NOREPLICATION NOBYPASSRLS NOINHERIT"


def ensure_role(
    admin: psycopg.Connection, name: str, password: str, *, creates_databases: bool = False
) -> None:
    """Make the role, or bring its attributes and its password back to what they must be.

    ``admin`` is an administrator's connection to any database of the server. Only Odoo's role
    creates databases.
    """
    known = admin.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [name]).fetchone()
    # Encrypted here, so that the password is in no log of the server.
    verifier = admin.pgconn.encrypt_password(password.encode(), name.encode(), b"scram-sha-256")
    statement = sql.SQL("{verb} ROLE {name} {attributes} {createdb} PASSWORD {password}").format(
        verb=sql.SQL("ALTER" if known else "CREATE"),
        name=sql.Identifier(name),
        attributes=sql.SQL(_POWERLESS),
        createdb=sql.SQL("CREATEDB" if creates_databases else "NOCREATEDB"),
        password=sql.Literal(verifier.decode()),
    )
    admin.execute(statement)
