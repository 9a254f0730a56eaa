"""A warehouse of the test session's own, with roles of its own, emptied before each test."""

from __future__ import annotations

import os
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from devkit.server import Login, Server
from smarter_connector.sinks.warehouse import Names, drop_tenant, ensure_tenant, install
from smarter_connector.sinks.warehouse.warehouse import Warehouse
from tests.connector.warehouse.samples import A, B


@dataclass
class Installed:
    """The warehouse and who may log in to it."""

    server: Server
    names: Names
    logins: dict[str, Login] = field(default_factory=dict)

    def connect(self, database: str) -> psycopg.Connection:
        return self.server.admin.connect(database)

    def admin(self) -> psycopg.Connection:
        return self.connect(self.names.database)

    def login(self, role: str, password: str | None = None) -> Login:
        if password is not None:
            admin = self.server.admin
            self.logins[role] = Login(admin.host, admin.port, role, password)
        return self.logins[role]

    @property
    def writer(self) -> Login:
        return self.logins[self.names.writer]

    def enter(self, rut: str, name: str = "", companies: tuple[str, ...] = ()) -> Login:
        """Enter a tenant and return its reader."""
        made = ensure_tenant(self.connect, rut, name, companies=companies, names=self.names)
        return self.login(made.role, made.password)

    @property
    def dsn(self) -> str:
        return make_conninfo(**self.writer.dsn(self.names.database))

    def rows(self, query: str, *values: object, role: Login | None = None) -> list[tuple]:
        login = role or self.server.admin
        with login.connect(self.names.database) as connection:
            return connection.execute(query, values or None).fetchall()


@contextmanager
def installed_on(pg_cluster: Server) -> Iterator[Installed]:
    """A warehouse with roles of its own, gone at the end of the block."""
    mark = f"{os.getpid()}_{uuid.uuid4().hex[:6]}"
    names = Names(
        f"kpi_test_{mark}", f"o_{mark}_owner", f"o_{mark}_writer", f"o_{mark}_readers", f"o_{mark}_"
    )
    found = Installed(pg_cluster, names)
    made = install(found.connect, names)
    found.login(made.role, made.password)
    yield found
    with pg_cluster.admin.connect() as admin:
        admin.execute(
            sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(names.database))
        )
        query = "SELECT rolname FROM pg_roles WHERE starts_with(rolname, %s)"
        for (role,) in admin.execute(query, [names.prefix]).fetchall():
            admin.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(role)))


@pytest.fixture(scope="session")
def installed(pg_cluster: Server) -> Iterator[Installed]:
    with installed_on(pg_cluster) as found:
        yield found


def emptied(installed: Installed) -> Installed:
    """Two tenants and no rows."""
    tenants = installed.rows("SELECT DISTINCT tenant FROM wh.tenants")
    for (rut,) in tenants:
        drop_tenant(installed.connect, rut, installed.names)
    installed.enter(A, "Comercial Ejemplo SpA")
    installed.enter(B, "Ferretería Los Aromos Ltda.")
    return installed


@pytest.fixture
def kpi(installed: Installed) -> Installed:
    return emptied(installed)


@pytest.fixture
def reader(kpi: Installed) -> Iterator[psycopg.Connection]:
    """Tenant A's login, with what a person may switch off already switched off."""
    with kpi.logins[f"{kpi.names.prefix}77654321_7"].connect(kpi.names.database) as connection:
        connection.execute("SET default_transaction_read_only = off")
        yield connection


@pytest.fixture
async def warehouse(kpi: Installed) -> AsyncIterator[Warehouse]:
    found = Warehouse.acquire(kpi.dsn)
    yield found
    await found.release()
