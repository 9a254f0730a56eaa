"""What tenants are measured on: a platform of the bench's own, with a server and a connector."""

from __future__ import annotations

import http.client
import re
import secrets
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from psycopg.conninfo import make_conninfo

from devkit import odoo_process, passwords
from devkit import platform as local
from devkit.bench.bed import Bed
from devkit.bench.processes import process
from devkit.paths import SetupError
from devkit.ports import free_port
from devkit.services import POLL_SECONDS, answers
from devkit.stack import SERVER_WIDE
from smarter_connector import tenants
from smarter_connector.registry import TenantRow
from smarter_connector.sinks.warehouse import Names
from smarter_connector.sinks.warehouse import install as install_warehouse
from smarter_connector.tenants.platform import Platform
from smarter_domain.rut import Rut

REGISTRY = "bench_registry"
FIRST = 76_900_000
"""The first RUT's number; the ones after it follow."""
START_SECONDS = 120


@dataclass
class TenantBed:
    """``odoo`` and ``connector`` are processes that serve the registry's tenants."""

    bed: Bed
    platform: Platform
    made: int = 0

    def create(self) -> TenantRow:
        """One more tenant, as the operator's command makes it."""
        self.made += 1
        request = tenants.CreateRequest(
            rut=Rut.from_number(FIRST + self.made).plain,
            name=f"Empresa de medida {self.made}",
            admin_email="dueno@medida.invalid",
            plan="business",
        )
        return tenants.create(self.platform, request).tenant

    @contextmanager
    def odoo(self) -> Iterator[tuple[int, int]]:
        """(port, process id) of a server without crons: they would open new tenants unasked."""
        port, runtime = free_port(), self.bed.runtime
        login = runtime.server.odoo
        dsn = passwords.write(
            self.bed.folder / "registry.dsn", make_conninfo(**login.dsn(REGISTRY))
        )
        environment = odoo_process.environment(runtime) | {
            "SMARTEROS_REGISTRY_DSN_FILE": str(dsn), "SMARTEROS_SERVED_RELEASE": "",
        }  # fmt: skip
        options = (f"--load={SERVER_WIDE}", "-p", str(port), "--max-cron-threads=0")
        command = odoo_process.odoo_command(runtime, *options)
        with process(command, environment, self.bed.log("tenants-odoo")) as child:
            _until_it_answers(child, port)
            yield port, child.pid

    @contextmanager
    def connector(self) -> Iterator[Served]:
        port = free_port()
        settings = {"registry_database": REGISTRY, "http_port": port}
        with self.bed.connector([], "tenants-connector", **settings):
            yield Served(port)


@dataclass(frozen=True)
class Served:
    """Which tenants the connector serves, by its metrics."""

    port: int

    def wait_for(self, database: str, seconds: float = 30) -> float:
        """The moment (seconds since 1970) when it was seen serving the database."""
        line = re.compile(
            rf'^smarter_tenant_state{{[^}}]*state="serving"[^}}]*tenant="{database}"[^}}]*}} 1',
            re.M,
        )
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if line.search(self._metrics()):
                return time.time()
            time.sleep(0.01)
        raise SetupError(f"the connector does not serve {database}")

    def _metrics(self) -> str:
        try:
            with urllib.request.urlopen(
                f"http://127.0.0.1:{self.port}/metrics", timeout=10
            ) as page:
                return page.read().decode()
        except OSError:
            return ""


def open_page(port: int, host: str, path: str = "/web/login") -> float:
    """Seconds until the whole page of the tenant is there. Raises SetupError for any other."""
    started = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    connection.request("GET", path, headers={"Host": f"{host}:{port}"})
    answer = connection.getresponse()
    answer.read()
    seconds = time.perf_counter() - started
    connection.close()
    if answer.status != 200:
        raise SetupError(f"http://{host}{path} answers {answer.status}")
    return seconds


@contextmanager
def opened(bed: Bed) -> Iterator[TenantBed]:
    """The platform with its template; everything made on it is dropped at the end."""
    install_warehouse(bed.server.admin.connect, Names(), password=secrets.token_urlsafe())
    settings = local.settings(
        bed.runtime,
        registry_database=REGISTRY,
        warehouse=True,
        secrets_dir=bed.folder / "readers",
    )
    platform = Platform(settings, actor="bench")
    platform.databases.drop(REGISTRY)
    _drop_tenants(platform)
    local.install_registry(platform)
    local.register_release(platform, bed.runtime)
    template = local.ensure_template(platform, bed.runtime)
    try:
        yield TenantBed(bed, platform)
    finally:
        _drop_tenants(platform)
        platform.databases.drop(template.database)
        platform.databases.drop(REGISTRY)


def _drop_tenants(platform: Platform) -> None:
    for prefix in (f"t_{FIRST // 100_000}", "new_", "pre_"):
        for name in platform.databases.names(prefix):
            platform.databases.drop(name)


def _until_it_answers(child: subprocess.Popen[bytes], port: int) -> None:
    end = time.monotonic() + START_SECONDS
    while not answers(f"http://127.0.0.1:{port}/web/health"):
        if child.poll() is not None or time.monotonic() > end:
            raise SetupError(f"Odoo did not start (process {child.pid})")
        time.sleep(POLL_SECONDS)
