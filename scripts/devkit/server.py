"""The PostgreSQL the scripts work with: the embedded one, or the one ``PGHOST`` names."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from devkit import cluster, passwords, roles
from devkit.locking import lock
from devkit.paths import Home, SetupError

#: Set beside PGHOST in what we start: the server is the embedded one, not one of the user's.
OWN_SERVER = "DEVKIT_OWN_SERVER"


@dataclass(frozen=True)
class Login:
    """One role on one server; ``dsn`` names no database unless it is given one."""

    host: str
    port: str
    user: str
    password: str = field(repr=False)

    def dsn(self, database: str) -> dict[str, str]:
        return {
            "host": self.host, "port": self.port, "user": self.user,
            "password": self.password, "dbname": database,
        }  # fmt: skip

    def connect(self, database: str = "postgres") -> psycopg.Connection:
        """An autocommit connection, for statements such as CREATE DATABASE."""
        return psycopg.connect(**self.dsn(database), autocommit=True, connect_timeout=10)

    def environment(self) -> dict[str, str]:
        """The variables libpq reads; they also override whatever Odoo finds elsewhere."""
        names = ("PGHOST", "PGPORT", "PGUSER", "PGPASSWORD")
        return dict(zip(names, (self.host, self.port, self.user, self.password), strict=True))


@dataclass(frozen=True)
class Server:
    """A running server with its three roles."""

    name: str
    admin: Login
    odoo: Login
    connector: Login
    bin_dir: Path | None


@contextmanager
def opened(home: Home, name: str, environ: Mapping[str, str] = os.environ) -> Iterator[Server]:
    """The server for ``name`` ("run" keeps its data through a crash, others are throw-away).

    Raises SetupError when the server of PGHOST cannot be used, saying what is missing.
    """
    if environ.get("PGHOST") and not environ.get(OWN_SERVER):
        yield _external(home, name, environ)
        return
    secrets = home.root / "secrets" / name
    password = passwords.password(secrets, cluster.ADMIN)
    with cluster.running(home, name, password, durable=name == "run") as found:
        admin = Login(str(found.socket_dir), str(cluster.PORT), cluster.ADMIN, password)
        yield _prepare(home, name, admin, secrets, found.bin_dir)


def _external(home: Home, name: str, environ: Mapping[str, str]) -> Server:
    missing = [key for key in ("PGUSER", "PGPASSWORD") if not environ.get(key)]
    if missing:
        raise SetupError(
            f"PGHOST is set: {' and '.join(missing)} of an administrator are needed too"
        )
    host, port = environ["PGHOST"], environ.get("PGPORT", "5432")
    admin = Login(host, port, environ["PGUSER"], environ["PGPASSWORD"])
    try:
        with admin.connect() as connection:
            row = connection.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
            if not row.fetchone()[0]:
                raise SetupError(
                    f"PGUSER={admin.user} must be a superuser: it makes roles and extensions"
                )
    except psycopg.OperationalError as error:
        reason = str(error).strip().splitlines()[-1]
        raise SetupError(f"the server of PGHOST={host} cannot be used: {reason}") from error
    tools = environ.get("PGPATH")
    return _prepare(
        home, name, admin, home.root / "secrets" / "external", Path(tools) if tools else None
    )


def _prepare(home: Home, name: str, admin: Login, secrets: Path, bin_dir: Path | None) -> Server:
    logins = {
        role: Login(admin.host, admin.port, role, passwords.password(secrets, role))
        for role in roles.ROLES
    }
    with lock(home, f"roles-{name}"), admin.connect() as connection:
        for role, login in logins.items():
            if not _opens(login):
                roles.ensure(connection, role, login.password)
        roles.ensure_base_template(connection, admin.dsn("postgres"))
    tools = bin_dir or cluster.locate(home.cluster(name)).bin_dir
    return Server(name, admin, logins[roles.ODOO_ROLE], logins[roles.CONNECTOR_ROLE], tools)


def _opens(login: Login) -> bool:
    try:
        login.connect().close()
    except psycopg.OperationalError:
        return False
    return True
