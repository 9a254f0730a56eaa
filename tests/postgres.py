"""PostgreSQL for tests that need no Odoo: databases that hold the outbox and nothing else."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import psycopg
from psycopg import sql

from devkit import cluster, paths, server
from devkit.server import Login, Server
from smarter_connector.provisioning import provision
from smarter_domain.outbox import install_statements

PARAMETERS = "CREATE TABLE ir_config_parameter (key text PRIMARY KEY, value text)"


@dataclass(frozen=True)
class OutboxDatabase:
    """A tenant database as the connector sees it; ``uuid`` is its ``database.uuid``."""

    name: str
    uuid: str
    server: Server

    def dsn(self, login: Login) -> dict[str, str]:
        """Keyword arguments of ``psycopg.connect`` for one of ``server``'s logins."""
        return login.dsn(self.name)

    @contextmanager
    def owner(self) -> Iterator[psycopg.Connection]:
        """An autocommit connection as Odoo: it enqueues, and sees every table."""
        with self.server.odoo.connect(self.name) as connection:
            yield connection

    @contextmanager
    def connector(self) -> Iterator[psycopg.Connection]:
        """An autocommit connection as the connector: it may only call the protocol."""
        with self.server.connector.connect(self.name) as connection:
            yield connection


@dataclass
class OutboxDatabases:
    """Makes outbox databases on one server, and drops them."""

    server: Server
    template: str = ""
    made: list[str] = field(default_factory=list)

    def create(self, prefix: str = "t") -> OutboxDatabase:
        """A new tenant: empty outbox, own ``database.uuid``, the connector's rights in place."""
        name = f"{prefix}_{os.getpid()}_{uuid.uuid4().hex[:8]}"
        self._copy(self._template(), name)
        identity = str(uuid.uuid4())
        with self.server.odoo.connect(name) as connection:
            query = "INSERT INTO ir_config_parameter VALUES ('database.uuid', %s)"
            connection.execute(query, [identity])
        with self.server.admin.connect(name) as connection:
            provision(connection, owner=self.server.odoo.user, role=self.server.connector.user)
        return OutboxDatabase(name, identity, self.server)

    def drop(self, *names: str) -> None:
        with self.server.admin.connect() as connection:
            for name in names or tuple(self.made):
                statement = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
                connection.execute(statement.format(sql.Identifier(name)))
                self.made = [kept for kept in self.made if kept != name]

    def _template(self) -> str:
        if not self.template:
            self.template = f"outbox_{os.getpid()}_{uuid.uuid4().hex[:8]}"
            self._copy("template0", self.template)
            with self.server.odoo.connect(self.template) as connection:
                connection.execute(PARAMETERS)
                for script in install_statements():
                    connection.execute(script)
        return self.template

    def _copy(self, source: str, name: str) -> None:
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} ENCODING 'UTF8'")
        with self.server.odoo.connect() as connection:
            connection.execute(statement.format(sql.Identifier(name), sql.Identifier(source)))
        self.made.append(name)


@dataclass(frozen=True)
class PrivateServer:
    """A server of the test's own, which it may stop and start."""

    server: Server
    cluster: cluster.Cluster

    def stop(self) -> None:
        """What a restart for maintenance does: open transactions are rolled back."""
        cluster.stop(self.cluster)

    def start(self) -> None:
        cluster.start(self.cluster, self.server.admin.password, durable=False)


@contextmanager
def shared_server() -> Iterator[Server]:
    """The throw-away server that tests share: name databases so that they are yours alone."""
    with server.opened(paths.open_home(), "test") as found:
        yield found


@contextmanager
def private_server() -> Iterator[PrivateServer]:
    """A server made for the block alone and removed after it; takes about a second."""
    home = paths.open_home()
    name = f"x{os.getpid()}{uuid.uuid4().hex[:4]}"
    try:
        with server.opened(home, name, environ={}) as found:
            yield PrivateServer(found, cluster.locate(home.cluster(name)))
    finally:
        shutil.rmtree(home.cluster(name), ignore_errors=True)
        shutil.rmtree(home.root / "secrets" / name, ignore_errors=True)
