"""Two tenants, their registry, and Odoo processes that serve them."""

from __future__ import annotations

import os
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from devkit import databases, odoo_process, templates
from devkit.odoo_process import Runtime
from devkit.ports import free_port
from devkit.server import Server
from devkit.services import Service, Services
from devkit.stack import SERVER_WIDE
from smarter_connector.registry import NewTenant, Registry, install
from smarter_domain.rut import Rut
from tests.odoo import odoo_runtime
from tests.server.keys import Key
from tests.server.web import PROXY, Site

PASSWORD = "una clave que nadie adivina"
FIRST_RELEASE, NEXT_RELEASE = "19.0.1", "19.0.2"


@dataclass(frozen=True)
class Tenant:
    """``key`` opens JSON-2, ``expired`` did until yesterday; both are the administrator's."""

    id: int
    rut: str
    host: str
    database: str
    key: str
    expired: str


@dataclass(frozen=True)
class Stage:
    """What the tests play on. Each process of pytest has tenants and a registry of its own."""

    runtime: Runtime
    registry: Registry
    registry_database: str
    folder: Path
    tenants: tuple[Tenant, Tenant]

    def update(self, tenant: Tenant, **columns: object) -> None:
        self.registry.update(tenant.id, "test", **columns)

    @contextmanager
    def registry_away(self) -> Iterator[None]:
        """Nobody can connect to the registry, and whoever was connected no longer is."""
        name = sql.Identifier(self.registry_database)
        with self.runtime.server.admin.connect() as admin:
            admin.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(name))
            query = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
            admin.execute(query, [self.registry_database])
            try:
                yield
            finally:
                admin.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS true").format(name))

    @contextmanager
    def odoo(
        self, release: str = "", name: str = "guarded", proxy: str = f"{PROXY}/32", *,
        awaited: bool = True, **options: str,
    ) -> Iterator[int]:  # fmt: skip
        """A server that runs a release and trusts these proxies; gives its port.

        ``awaited``: only once it answers that it lives.
        """
        port = free_port()
        given = {"max-cron-threads": "1", "log-level": "info", **options}
        command = [
            *launcher(self.runtime), f"--load={SERVER_WIDE}", "--proxy-mode",
            "--http-interface=127.0.0.1", f"--http-port={port}",
            *(f"--{key}={value}" for key, value in given.items()),
        ]  # fmt: skip
        service = Service(
            name=f"Odoo {name}",
            command=command,
            environment=odoo_process.environment(self.runtime) | self._settings(release, proxy),
            log=self.log(name),
            ready_url=f"http://127.0.0.1:{port}/web/health" if awaited else "",
        )
        with Services(self.folder / f"{name}.json") as services:
            services.start(service)
            yield port

    def log(self, name: str = "guarded") -> Path:
        return self.folder / f"{name}.log"

    def _settings(self, release: str, proxy: str) -> dict[str, str]:
        token = self.folder / "ready-token"
        token.write_text("vigilante\n")
        return {
            "SMARTEROS_REGISTRY_DSN_FILE": str(self.folder / "registry.dsn"),
            "SMARTEROS_SERVED_RELEASE": release,
            "SMARTEROS_TRUSTED_PROXIES": proxy,
            "SMARTEROS_MONITORS": "127.0.0.9/32",
            "SMARTEROS_READY_TOKEN_FILE": str(token),
        }

    def site(self, port: int, tenant: Tenant, address: str = "") -> Site:
        return Site(port, tenant.host, address)


@contextmanager
def set_up(server: Server, folder: Path) -> Iterator[Stage]:
    """Two clones of the template, which share every secret: the worst neighbours there can be."""
    runtime = odoo_runtime(server)
    database = f"registry_{os.getpid()}_{uuid.uuid4().hex[:6]}"
    install(server.admin.connect, connector_role=server.connector.user, database=database)
    dsn = psycopg.conninfo.make_conninfo(**server.odoo.dsn(database))
    (folder / "registry.dsn").write_text(dsn)
    registry = Registry(lambda: server.admin.connect(database), actor="test")
    made: list[str] = []
    try:
        template = templates.ensure(runtime)
        tenants = tuple(_tenant(runtime, registry, template, n, made) for n in (1, 2))
        yield Stage(runtime, registry, database, folder, tenants)
    finally:
        for name in made:
            databases.drop(runtime, name)
        with server.admin.connect() as admin:
            statement = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
            admin.execute(statement.format(sql.Identifier(database)))


def _tenant(
    runtime: Runtime, registry: Registry, template: str, number: int, made: list[str]
) -> Tenant:
    rut = own_rut(number)
    name, host = rut.database_name(), f"empresa-{number}-{os.getpid()}.localhost"
    databases.drop(runtime, name)
    databases.clone(runtime, template, name)
    made.append(name)
    key, expired = Key.new(), Key.new(days=-1)
    identity = _personalise(runtime, name, key, expired)
    slug = host.partition(".")[0]
    new = NewTenant(rut=rut.plain, name=f"Empresa {number}", slug=slug, plan="free", hosts=(host,))
    row = registry.reserve(new)
    columns = {"status": "active", "database": name, "uuid": identity, "release": FIRST_RELEASE}
    registry.update(row.id, "test", **columns)
    return Tenant(row.id, row.rut, host, name, key.text, expired.text)


def _personalise(runtime: Runtime, database: str, *keys: Key) -> str:
    """Give the administrator a password and keys, stop the crons; returns a uuid of its own."""
    identity = str(uuid.uuid4())
    query = "UPDATE ir_config_parameter SET value = %s WHERE key = 'database.uuid'"
    with runtime.server.odoo.connect(database) as connection:
        connection.execute("UPDATE res_users SET password = %s WHERE login = 'admin'", [PASSWORD])
        connection.execute("UPDATE ir_cron SET active = false")
        connection.execute(query, [identity])
        for key in keys:
            key.store(connection)
    return identity


def launcher(runtime: Runtime) -> list[str]:
    """Odoo's own start script: with workers, Odoo runs itself again by it."""
    modules = runtime.odoo.modules
    places = (modules.parents[2] / "bin" / "odoo", modules / "odoo-bin")
    script = next((str(place) for place in places if place.is_file()), None)
    return [sys.executable, script] if script else odoo_process.odoo_command(runtime)


def until(true: Callable[[], bool], seconds: float = 30) -> None:
    """Ask until the answer is yes: servers hear of the registry's changes within a second."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)


def own_rut(number: int) -> Rut:
    """A valid RUT of nobody's that no other process of these tests uses."""
    return Rut.from_number(90_000_000 + os.getpid() % 4_000_000 * 2 + number)
