"""A tenant's place in the KPI warehouse and its read-only login."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from smarter_connector.registry.errors import Conflict
from smarter_connector.secrets import read_secret
from smarter_connector.sinks.warehouse.install import (
    RutTaken,
    clear_tenant,
    drop_tenant,
    ensure_tenant,
)
from smarter_connector.tenants.platform import Platform
from smarter_domain.rut import Rut


def enter(platform: Platform, rut: str, name: str) -> None:
    """Enter the tenant where there is a warehouse; its login is saved before it is made.

    Raises Conflict when the RUT belongs to another tenant there.
    """
    settings = platform.settings
    if not settings.warehouse:
        return
    password = _password(platform, rut) if settings.secrets_dir else None
    try:
        ensure_tenant(
            platform.admin, rut, name, names=settings.warehouse_naming(), password=password
        )
    except RutTaken as error:
        raise Conflict(str(error)) from error


def clear(platform: Platform, rut: str) -> None:
    """Remove the tenant's figures; its place and its login stay. Running it again does no harm."""
    if platform.settings.warehouse:
        clear_tenant(platform.admin, rut, platform.settings.warehouse_naming())


def leave(platform: Platform, rut: str) -> None:
    """Remove figures, place and login for good, and the file with the login."""
    if platform.settings.warehouse:
        drop_tenant(platform.admin, rut, platform.settings.warehouse_naming())
    if path := dsn_file(platform, rut):
        path.unlink(missing_ok=True)


def dsn_file(platform: Platform, rut: str) -> Path | None:
    """Where the connection string of the tenant's reader stands."""
    folder = platform.settings.secrets_dir
    role = platform.settings.warehouse_naming().reader(Rut.parse(rut))
    return folder / f"{role}_dsn" if folder else None


def _password(platform: Platform, rut: str) -> str:
    """The password in the reader's file, which is written with a new one when it is not there."""
    path = dsn_file(platform, rut)
    assert path is not None
    if path.exists():
        return str(conninfo_to_dict(read_secret(path)).get("password") or "")
    password = secrets.token_urlsafe(32)
    settings, names = platform.settings, platform.settings.warehouse_naming()
    text = make_conninfo(
        host=settings.pg_host, port=settings.pg_port, dbname=names.database,
        user=names.reader(Rut.parse(rut)), password=password,
    )  # fmt: skip
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text + "\n")
    draft.rename(path)
    return password
