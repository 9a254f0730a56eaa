"""Setting up the warehouse with an administrator's connection. Every step can be run again."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib.resources import files

import psycopg
from psycopg import sql

from smarter_connector.sinks.warehouse import policies
from smarter_connector.sinks.warehouse.names import Names
from smarter_domain.rut import Rut

#: Opens an autocommit connection to a database as a superuser of the server.
Connect = Callable[[str], psycopg.Connection]

_POWERLESS = sql.SQL("NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS")
_LIMITS = {
    "default_transaction_read_only": "on",
    "statement_timeout": "60s",
    "idle_in_transaction_session_timeout": "5min",
}
READER_CONNECTIONS = 15

_VERSION = sql.SQL(
    "epoch integer NOT NULL, number bigint NOT NULL, event_id uuid NOT NULL,"
    " event_time timestamptz NOT NULL, updated_at timestamptz NOT NULL DEFAULT now(),"
    " deleted boolean NOT NULL DEFAULT false,"
    # A row of another tenant's RUT is refused by the database itself.
    " FOREIGN KEY (tenant, rut) REFERENCES wh.tenants (tenant, rut)"
)


@dataclass(frozen=True, slots=True)
class Login:
    """A role that can log in. ``password`` is None when it was there before and was left alone."""

    role: str
    password: str | None = field(default=None, repr=False)


class RutTaken(ValueError):
    """The RUT belongs to another tenant of this warehouse."""


def install(connect: Connect, names: Names | None = None, *, password: str | None = None) -> Login:
    """Create or upgrade database, roles, tables, policies and figures; returns the writer's login.

    A new writer gets ``password`` or a generated one, an existing one only ``password``. Raises
    what psycopg raises; a failed installation leaves the one before it.
    """
    names = names or Names()
    with connect("postgres") as admin:
        _ensure_role(admin, names.owner, "NOLOGIN")
        _ensure_role(admin, names.readers, "NOLOGIN")
        login = _ensure_login(admin, names.writer, password)
        if not admin.execute(
            "SELECT 1 FROM pg_database WHERE datname = %s", [names.database]
        ).fetchone():
            statement = sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE template0 ENCODING 'UTF8'")
            admin.execute(
                statement.format(sql.Identifier(names.database), sql.Identifier(names.owner))
            )
    with connect(names.database) as admin, admin.transaction():
        policies.close_database(admin, names)
        _as_owner(admin, names)
        admin.execute(_script("schema.sql").format(version=_VERSION))
        admin.execute(_script("figures.sql"))
        policies.secure(admin, names)
    return login


def ensure_tenant(
    connect: Connect,
    rut: str,
    name: str = "",
    *,
    companies: Sequence[str] = (),
    names: Names | None = None,
    password: str | None = None,
) -> Login:
    """Enter a tenant (``rut`` its principal RUT) with its companies, and make its reader's login.

    Companies not given here enter with their first event. Raises ``InvalidRut`` and
    :class:`RutTaken`; passwords as in :func:`install`.
    """
    names, tenant = names or Names(), Rut.parse(rut)
    ruts = [tenant, *map(Rut.parse, companies)]
    with connect(names.database) as admin, admin.transaction():
        login = _ensure_login(admin, names.reader(tenant), password, READER_CONNECTIONS)
        _limit_reader(admin, login.role, names)
        _as_owner(admin, names)
        for company in ruts:
            _enter(admin, tenant.plain, company.plain, name if company == tenant else None)
            admin.execute(
                "INSERT INTO wh.role_map (rolname, rut, grows) VALUES (%s, %s, true)"
                " ON CONFLICT (rolname, rut) DO UPDATE SET grows = true",
                [login.role, company.plain],
            )
    return login


def clear_tenant(connect: Connect, rut: str, names: Names | None = None) -> None:
    """Remove a tenant's rows; its companies, map and login stay."""
    names = names or Names()
    with connect(names.database) as admin, admin.transaction():
        _delete_rows(admin, Rut.parse(rut))


def drop_tenant(connect: Connect, rut: str, names: Names | None = None) -> None:
    """Remove a tenant's rows, map and login for good."""
    names, tenant = names or Names(), Rut.parse(rut)
    role = names.reader(tenant)
    with connect(names.database) as admin, admin.transaction():
        _delete_rows(admin, tenant)
        admin.execute(
            "DELETE FROM wh.role_map WHERE rut IN (SELECT rut FROM wh.tenants WHERE tenant = %s)",
            [tenant.plain],
        )
        admin.execute("DELETE FROM wh.tenants WHERE tenant = %s", [tenant.plain])
        if _exists(admin, role):
            admin.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(role)))


def _delete_rows(admin: psycopg.Connection, tenant: Rut) -> None:
    for table in policies.written_tables():
        statement = sql.SQL("DELETE FROM {} WHERE tenant = %s")
        admin.execute(statement.format(sql.Identifier("wh", table)), [tenant.plain])


def _enter(admin: psycopg.Connection, tenant: str, rut: str, name: str | None) -> None:
    """The name given here holds until the tenant's own event brings it."""
    admin.execute(
        "INSERT INTO wh.tenants (rut, tenant, name) VALUES (%s, %s, %s) ON CONFLICT (rut) DO UPDATE"
        " SET name = coalesce(excluded.name, wh.tenants.name) WHERE wh.tenants.number = 0",
        [rut, tenant, name or None],
    )
    row = admin.execute("SELECT tenant FROM wh.tenants WHERE rut = %s", [rut]).fetchone()
    if row != (tenant,):
        raise RutTaken(f"RUT {rut} belongs to another tenant of this warehouse")


def _limit_reader(admin: psycopg.Connection, role: str, names: Names) -> None:
    identifier = sql.Identifier(role)
    for setting, value in _LIMITS.items():
        statement = sql.SQL("ALTER ROLE {} SET {} = {}")
        admin.execute(statement.format(identifier, sql.SQL(setting), sql.Literal(value)))
    # Rights come by inheritance; becoming the group itself is refused.
    statement = sql.SQL("GRANT {} TO {} WITH INHERIT TRUE, SET FALSE")
    admin.execute(statement.format(sql.Identifier(names.readers), identifier))


def _ensure_role(admin: psycopg.Connection, name: str, attributes: str) -> None:
    verb = "ALTER" if _exists(admin, name) else "CREATE"
    statement = sql.SQL("{} ROLE {} {} {}")
    admin.execute(
        statement.format(sql.SQL(verb), sql.Identifier(name), sql.SQL(attributes), _POWERLESS)
    )


def _ensure_login(
    admin: psycopg.Connection, name: str, password: str | None, connections: int = -1
) -> Login:
    if password is None and not _exists(admin, name):
        password = secrets.token_urlsafe(32)
    _ensure_role(admin, name, f"LOGIN CONNECTION LIMIT {connections}")
    if password is not None:
        # Encrypted here, so that the password is in no log of the server.
        verifier = admin.pgconn.encrypt_password(password.encode(), name.encode(), b"scram-sha-256")
        statement = sql.SQL("ALTER ROLE {} PASSWORD {}")
        admin.execute(statement.format(sql.Identifier(name), sql.Literal(verifier.decode())))
    return Login(name, password)


def _exists(admin: psycopg.Connection, role: str) -> bool:
    return admin.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone() is not None


def _as_owner(admin: psycopg.Connection, names: Names) -> None:
    """For the rest of the transaction, so that what is made belongs to the owner."""
    admin.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(names.owner)))


def _script(name: str) -> sql.SQL:
    return sql.SQL(files(__package__).joinpath(name).read_text(encoding="utf-8"))
