"""A registry of the test session's own, with nothing but what a test enters."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
import pytest
from psycopg import sql

from devkit.server import Login, Server
from smarter_connector.registry import Registry, install
from smarter_connector.registry.new_tenant import NewTenant
from smarter_domain.tenancy import database_name

EMPTY = """
    SET session_replication_role = replica;
    ALTER TABLE registry.history DISABLE TRIGGER history_only_grows;
    TRUNCATE registry.tenant, registry.host, registry.operation, registry.backup,
             registry.history, registry.release, registry.template, routing.counter;
    ALTER TABLE registry.history ENABLE ALWAYS TRIGGER history_only_grows"""

A, B = "77.654.321-7", "12.345.678-5"


@dataclass(frozen=True)
class Registered:
    """The registry's database and who may log in to it."""

    server: Server
    database: str

    def admin(self, database: str = "") -> psycopg.Connection:
        return self.server.admin.connect(database or self.database)

    def login(self, login: Login) -> psycopg.Connection:
        return login.connect(self.database)

    def install(self) -> None:
        roles = {"odoo_role": self.server.odoo.user, "connector_role": self.server.connector.user}
        install(self.server.admin.connect, **roles, database=self.database)

    def rows(self, query: str, *values: object, login: Login | None = None) -> list[tuple]:
        with self.login(login or self.server.admin) as connection:
            return connection.execute(query, values or None).fetchall()


@pytest.fixture(scope="session")
def installed_registry(pg_cluster: Server) -> Iterator[Registered]:
    found = Registered(pg_cluster, f"reg_{os.getpid()}_{uuid.uuid4().hex[:6]}")
    found.install()
    yield found
    statement = sql.SQL("DROP DATABASE {} WITH (FORCE)")
    with pg_cluster.admin.connect() as admin:
        admin.execute(statement.format(sql.Identifier(found.database)))


@pytest.fixture
def registered(installed_registry: Registered) -> Registered:
    """The registry, empty."""
    with installed_registry.admin() as admin:
        admin.execute(EMPTY)
    return installed_registry


@pytest.fixture
def registry(registered: Registered) -> Registry:
    return Registry(registered.admin, actor="tests")


def asked(rut: str = A, slug: str = "mi-empresa", **values: object) -> NewTenant:
    """What somebody asks for, with a host under ``localhost`` unless it is given others."""
    values.setdefault("hosts", (f"{slug}.localhost",))
    return NewTenant(
        **{"rut": rut, "name": "Mi Empresa SpA", "slug": slug, "plan": "free"} | values
    )


def activate(registry: Registry, new: NewTenant, identity: str = ""):
    """Reserve and publish, as creation does in the end."""
    row = registry.reserve(new)
    values = {"database": database_name(row.rut), "uuid": identity or str(uuid.uuid4())}
    return registry.update(row.id, "created", status="active", **values)
