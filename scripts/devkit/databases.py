"""Tenant databases as files and rows: clone, drop, move, each with its filestore."""

from __future__ import annotations

import os
import shutil
import subprocess

import psycopg
from psycopg import sql

from devkit.odoo_process import Runtime
from devkit.paths import SetupError
from smarter_connector.tenants import filestore
from smarter_connector.tenants.databases import identifier


def exists(runtime: Runtime, name: str) -> bool:
    with runtime.server.odoo.connect() as connection:
        query = "SELECT 1 FROM pg_database WHERE datname = %s"
        return connection.execute(query, [name]).fetchone() is not None


def names(runtime: Runtime, prefix: str) -> list[str]:
    with runtime.server.odoo.connect() as connection:
        query = "SELECT datname FROM pg_database WHERE starts_with(datname, %s) ORDER BY oid"
        return [row[0] for row in connection.execute(query, [prefix])]


def clone(runtime: Runtime, template: str, name: str) -> None:
    """Copy a database and its filestore. Whoever serves the copy renews its secrets."""
    statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy")
    with runtime.server.odoo.connect() as connection:
        connection.execute(statement.format(identifier(name), identifier(template)))
    filestore.replace(runtime.filestore(template), runtime.filestore(name))


def rename(runtime: Runtime, old: str, new: str) -> None:
    statement = sql.SQL("ALTER DATABASE {} RENAME TO {}")
    with runtime.server.odoo.connect() as connection:
        connection.execute(statement.format(identifier(old), identifier(new)))
    shutil.rmtree(runtime.filestore(new), ignore_errors=True)
    if runtime.filestore(old).exists():
        runtime.filestore(old).rename(runtime.filestore(new))


def drop(runtime: Runtime, name: str) -> None:
    """Remove a database with whoever is connected to it, and its filestore; both may be missing."""
    statement = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(identifier(name))
    with runtime.server.odoo.connect() as connection:
        connection.execute(statement)
    shutil.rmtree(runtime.filestore(name), ignore_errors=True)


def transfer(source: Runtime, name: str, target: Runtime, new_name: str) -> None:
    """Copy a database from one server to another by dump and restore."""
    with psycopg.connect(**target.server.odoo.dsn("postgres"), autocommit=True) as connection:
        template = sql.SQL("CREATE DATABASE {} TEMPLATE smarteros_base")
        connection.execute(template.format(identifier(new_name)))
    dump = source.home.root / f"transfer-{os.getpid()}.dump"
    try:
        _tool(source, "pg_dump", "-Fc", "-Z0", "-f", str(dump), name)
        options = ("--no-owner", "--no-comments", "--exit-on-error", "-j", "2")
        _tool(target, "pg_restore", *options, "-d", new_name, str(dump))
    finally:
        dump.unlink(missing_ok=True)
    filestore.replace(source.filestore(name), target.filestore(new_name))


def _tool(runtime: Runtime, tool: str, *arguments: str) -> None:
    command = [str(runtime.server.bin_dir / tool), *arguments]
    environment = {**os.environ, **runtime.server.odoo.environment()}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode:
        lines = done.stderr.strip().splitlines()
        raise SetupError(f"{tool} failed: {lines[-1] if lines else done.returncode}")
