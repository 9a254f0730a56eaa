"""Tenant databases with their filestores: cloned, renamed, handed over and dropped as one thing.

All statements run as the administrator. Every function may be called again after it was broken off.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from smarter_connector.registry.errors import Busy, StepFailed
from smarter_connector.tenants import filestore
from smarter_domain.tenancy import check_database_name

_CLONE = "CREATE DATABASE {} TEMPLATE {} STRATEGY {} ALLOW_CONNECTIONS false"
SMALL = 512 * 2**20
"""Bytes up to which the write-ahead log is the quicker way: copying files forces two checkpoints
and waits for the disk with each of some 1,700 files, but logs nothing."""
#: PostgreSQL 18 can let the file system share or copy the blocks.
_CLONE_FILES = """SELECT set_config(name, 'clone', false) FROM pg_settings
                  WHERE name = 'file_copy_method' AND 'clone' = ANY(enumvals)"""
#: Nobody can come in between: connections are refused until PUBLIC has no right to any.
_CLOSED = (
    "REVOKE ALL ON DATABASE {} FROM PUBLIC",
    "ALTER DATABASE {} ALLOW_CONNECTIONS true",
)
_DISCONNECT = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"


def strategy(size: int) -> str:
    """How PostgreSQL is to clone a database of so many bytes."""
    return "wal_log" if size <= SMALL else "file_copy"


def identifier(name: str) -> sql.Identifier:
    """The name as SQL. Raises InvalidName for anything but a plain lower-case name."""
    check_database_name(name)
    return sql.Identifier(name)


@dataclass(frozen=True)
class Databases:
    """``connect`` opens an administrator's autocommit connection to the named database."""

    connect: Callable[..., psycopg.Connection]
    filestores: Path

    def exists(self, name: str) -> bool:
        return self._one("SELECT 1 FROM pg_database WHERE datname = %s", name) is not None

    def names(self, prefix: str = "") -> tuple[str, ...]:
        """Databases whose names begin so, oldest first."""
        query = "SELECT datname FROM pg_database WHERE starts_with(datname, %s) ORDER BY oid"
        with self.connect() as admin:
            return tuple(name for (name,) in admin.execute(query, [prefix]).fetchall())

    def owner(self, name: str) -> str | None:
        """The role that owns the database; None when there is no such database."""
        query = "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = %s"
        return self._one(query, name)

    def allows_connections(self, name: str) -> bool:
        return bool(self._one("SELECT datallowconn FROM pg_database WHERE datname = %s", name))

    def size(self, name: str) -> int:
        """Bytes of the database without its filestore."""
        query = "SELECT pg_database_size(oid) FROM pg_database WHERE datname = %s"
        return int(self._one(query, name) or 0)

    def filestore(self, name: str) -> Path:
        check_database_name(name)  # it becomes a path
        return self.filestores / name

    def clone(self, template: str, name: str) -> None:
        """Copy a database, not its filestore, to the administrator, closed to everybody else.

        A database of that name is replaced. Raises Busy when somebody works in the template.
        """
        way = sql.SQL(strategy(self.size(template)))
        statement = sql.SQL(_CLONE).format(identifier(name), identifier(template), way)
        try:
            with self.connect() as admin:
                admin.execute(_CLONE_FILES)
                self._create(admin, name, statement)
                for text in _CLOSED:
                    admin.execute(sql.SQL(text).format(identifier(name)))
        except psycopg.errors.ObjectInUse as error:
            raise Busy(f"somebody is connected to {template}: try again") from error

    def rename(self, old: str, new: str) -> None:
        """Give database and filestore another name; whoever is connected is thrown out.

        Raises StepFailed when a database has that name: its files must not go before it is noticed.
        """
        if self.exists(old) and self.exists(new):
            raise StepFailed(f"there are both {old} and {new}: none of them was renamed")
        if self.filestore(old).exists():
            shutil.rmtree(self.filestore(new), ignore_errors=True)
            self.filestore(old).rename(self.filestore(new))
        if self.exists(old):
            self.disconnect(old)
            self._alter("ALTER DATABASE {} RENAME TO {}", old, identifier(new))

    def drop(self, name: str) -> None:
        """Remove a database with whoever is connected to it, and its filestore."""
        self._alter("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)
        shutil.rmtree(self.filestore(name), ignore_errors=True)

    def give(self, name: str, role: str) -> None:
        """Make ``role`` the owner. Odoo lists and serves only what its own role owns."""
        self._alter("ALTER DATABASE {} OWNER TO {}", name, sql.Identifier(role))

    def allow_connections(self, name: str, allowed: bool) -> None:
        value = sql.SQL("true" if allowed else "false")
        self._alter("ALTER DATABASE {} ALLOW_CONNECTIONS {}", name, value)

    def disconnect(self, name: str) -> None:
        """End every session in the database; new ones may come unless connections are refused."""
        with self.connect() as admin:
            admin.execute(_DISCONNECT, [name])

    def copy_filestore(self, source: str, target: str) -> None:
        """Replace the filestore of ``target`` by links to (or copies of) that of ``source``."""
        filestore.replace(self.filestore(source), self.filestore(target))

    def _create(self, admin: psycopg.Connection, name: str, statement: sql.Composed) -> None:
        drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(identifier(name))
        admin.execute(drop)
        try:
            admin.execute(statement)
        except (psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
            # The server finished what a killed command had begun.
            admin.execute(drop)
            admin.execute(statement)

    def _alter(self, text: str, name: str, *more: sql.Composable) -> None:
        with self.connect() as admin:
            admin.execute(sql.SQL(text).format(identifier(name), *more))

    def _one(self, query: str, name: str):
        with self.connect() as admin:
            row = admin.execute(query, [name]).fetchone()
        return row[0] if row else None
