"""The bed of a measurement: a PostgreSQL of its own that syncs to disk and writes logical WAL."""

from __future__ import annotations

import json
import sys
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory

from psycopg import sql

from devkit import cluster, odoo_process, odoo_source, paths, server
from devkit.bench import processes
from devkit.locking import lock
from devkit.odoo_process import Runtime
from smarter_connector.provisioning import provision
from smarter_domain.events.signature import SigningKey
from smarter_domain.outbox import install_statements

#: The peer reads the write-ahead log, and both sides are measured with a disk that is waited for.
SETTINGS = {
    "wal_level": "logical",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "max_connections": "300",
}
RUT = "77654321-7"


@dataclass(frozen=True)
class Tenant:
    database: str
    uuid: str
    rut: str = RUT

    def listed(self) -> dict[str, str]:
        return {**asdict(self), "store": "postgres"}


@dataclass
class Bed:
    home: paths.Home
    server: server.Server
    folder: Path
    key: SigningKey

    @cached_property
    def runtime(self) -> Runtime:
        runtime = Runtime(self.home, odoo_source.ensure(self.home), self.server)
        odoo_process.write_config(runtime)
        return runtime

    @property
    def key_file(self) -> Path:
        return self.folder / "key"

    def log(self, name: str) -> Path:
        return self.home.logs / f"bench-{name}.log"

    def environment(self) -> dict[str, str]:
        return odoo_process.environment(self.runtime)

    def outbox(self, name: str) -> Tenant:
        """A tenant database that holds the outbox and nothing else."""
        tenant = Tenant(name, str(uuid.uuid4()))
        self.drop(name)
        with self.server.odoo.connect() as connection:
            connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name))
            )
        with self.server.odoo.connect(name) as connection:
            connection.execute(
                "CREATE TABLE ir_config_parameter (key text PRIMARY KEY, value text)"
            )
            connection.execute(
                "INSERT INTO ir_config_parameter VALUES ('database.uuid', %s)", [tenant.uuid]
            )
            for script in install_statements():
                connection.execute(script)
            connection.execute(
                "UPDATE smarter_outbox_state SET tenant_rut = %s, tenant_status = 'active'", [RUT]
            )
        self.provision(name)
        return tenant

    def provision(self, name: str) -> None:
        with self.server.admin.connect(name) as connection:
            provision(connection, owner=self.server.odoo.user, role=self.server.connector.user)

    def subscribe(self, database: str, url: str, batch_size: int = 1) -> int:
        with self.server.odoo.connect(database) as connection:
            connection.execute("DELETE FROM smarter_subscription")
            connection.execute("DELETE FROM smarter_subscription_key")
            made = connection.execute(
                "INSERT INTO smarter_subscription (name, target, url, batch_size, patterns) "
                "VALUES ('bench', 'webhook', %s, %s, '*') RETURNING id",
                [url, batch_size],
            ).fetchone()[0]
            connection.execute(
                "INSERT INTO smarter_subscription_key (subscription_id, secret) VALUES (%s, %s)",
                [made, self.key.text],
            )
        return made

    def drop(self, *names: str) -> None:
        with self.server.admin.connect() as connection:
            for name in names:
                connection.execute(
                    sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
                )

    @contextmanager
    def connector(
        self, tenants: Sequence[Tenant], log: str, **settings: object
    ) -> Iterator[processes.subprocess.Popen]:
        """The daemon as an operator runs it, one process."""
        login = self.server.connector
        password = processes.private_file(self.folder / "connector.pw", login.password)
        listed = processes.private_file(
            self.folder / "tenants.json", json.dumps([t.listed() for t in tenants])
        )
        environment = {
            **_without_libpq(self.environment()),
            "SMARTER_TENANTS_FILE": str(listed),
            "SMARTER_PG_HOST": login.host,
            "SMARTER_PG_PORT": login.port,
            "SMARTER_PG_USER": login.user,
            "SMARTER_PG_PASSWORD_FILE": str(password),
            "SMARTER_ALLOW_PRIVATE": '["127.0.0.0/8"]',
            "SMARTER_HTTP_PORT": str(processes.free_port()),
            "SMARTER_LOG_LEVEL": "WARNING",
            **{f"SMARTER_{name.upper()}": str(value) for name, value in settings.items()},
        }
        command = [sys.executable, "-m", "smarter_connector", "run"]
        with processes.process(command, environment, self.log(log)) as child:
            yield child


def _without_libpq(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if not name.startswith("PG")}


@contextmanager
def opened() -> Iterator[Bed]:
    """One measurement at a time: a second one waits, as each drops what the other made."""
    home = paths.open_home()
    with ExitStack() as stack:
        stack.enter_context(lock(home, "bench"))
        found = stack.enter_context(server.opened(home, "bench", environ={}))
        _configure(home, found)
        folder = Path(stack.enter_context(TemporaryDirectory(dir=home.root)))
        bed = Bed(home, found, folder, SigningKey.generate())
        processes.private_file(bed.key_file, bed.key.text)
        yield bed


def _configure(home: paths.Home, found: server.Server) -> None:
    with found.admin.connect() as connection:
        present = dict(
            connection.execute(
                "SELECT name, setting FROM pg_settings WHERE name = ANY (%s)", [list(SETTINGS)]
            ).fetchall()
        )
        if present == SETTINGS:
            return
        for name, value in SETTINGS.items():
            connection.execute(
                sql.SQL("ALTER SYSTEM SET {} = {}").format(sql.Identifier(name), sql.Literal(value))
            )
    place = cluster.locate(home.cluster("bench"))
    cluster.stop(place)
    cluster.start(place, found.admin.password, durable=True)
