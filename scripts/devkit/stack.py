"""The servers of ``scripts/run``: Odoo, the sandbox of the receiving systems, the connector."""

from __future__ import annotations

import importlib.util
import json
import os
import sys
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from devkit import odoo_process, passwords, ports, tenant
from devkit.kpi import Warehouse
from devkit.odoo_process import Runtime
from devkit.paths import REPO, SetupError
from devkit.progress import step
from devkit.services import Service, Services
from devkit.tenant import Addresses, Tenant

HOST = "127.0.0.1"
USUAL_PORTS = {"odoo": 8069, "sandbox": 8100, "connector": 9108}


@dataclass(frozen=True)
class Stack:
    """Everything that is needed to start the servers of one tenant."""

    runtime: Runtime
    tenant: Tenant
    ports: dict[str, int]
    warehouse: Warehouse

    def url(self, name: str) -> str:
        return f"http://{HOST}:{self.ports[name]}"

    @property
    def addresses(self) -> Addresses:
        return Addresses(self.url("odoo"), self.url("sandbox"))

    @property
    def folder(self) -> Path:
        return self.runtime.home.root / "run"

    @property
    def secrets(self) -> Path:
        return self.runtime.home.root / "secrets" / "run"


def choose_ports(folder: Path, wanted: dict[str, int]) -> dict[str, int]:
    """The ports of the last run when they are free, so that bookmarks stay true."""
    place = folder / "ports.json"
    known = json.loads(place.read_text()) if place.exists() else {}
    chosen: dict[str, int] = {}
    for name, usual in USUAL_PORTS.items():
        first = wanted.get(name) or known.get(name, usual)
        if name in wanted and not ports.is_free(first):
            raise SetupError(f"port {first} is taken: choose another with --port")
        chosen[name] = ports.choose(first, set(chosen.values()))
    place.write_text(json.dumps(chosen))
    return chosen


def has(module: str) -> bool:
    """Whether a part of the connector can be imported."""
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def start(stack: Stack, services: Services) -> None:
    """Start the servers in the order in which they need each other."""
    with step("Starting Odoo"):
        services.start(_odoo(stack))
    if has("smarter_connector.sandbox.__main__"):
        with step("Starting the sandbox of n8n, Chatwoot and Metabase"):
            services.start(_sandbox(stack))
            _give_keys(stack)
    if has("smarter_connector.cli"):
        with step("Starting the connector"):
            services.start(_connector(stack))


def _odoo(stack: Stack) -> Service:
    database, port = stack.tenant.database, str(stack.ports["odoo"])
    options = ("-d", database, f"--db-filter=^{database}$", "-p", port, "--max-cron-threads=1")
    return Service(
        name="Odoo",
        command=odoo_process.odoo_command(stack.runtime, *options),
        environment=odoo_process.environment(stack.runtime),
        log=stack.runtime.home.logs / "odoo.log",
        ready_url=f"{stack.url('odoo')}/web/login",
    )


def _sandbox(stack: Stack) -> Service:
    passwords.password(stack.secrets, "chatwoot-token")
    options = (
        "--port", str(stack.ports["sandbox"]), "--open-conversations",
        "--chatwoot-token-file", str(stack.secrets / "chatwoot-token"),
    )  # fmt: skip
    return Service(
        name="the sandbox",
        command=[sys.executable, "-m", "smarter_connector.sandbox", *options],
        environment=plain_environment(),
        log=stack.runtime.home.logs / "sandbox.log",
        ready_url=f"{stack.url('sandbox')}/_sandbox/state",
    )


def _give_keys(stack: Stack) -> None:
    keys = json.loads(tenant.keys_file(stack.runtime).read_text())
    body = json.dumps({"keys": list(keys.values())}).encode()
    address = f"{stack.url('sandbox')}/_sandbox/keys"
    request = urllib.request.Request(
        address, body, {"Content-Type": "application/json"}, method="PUT"
    )
    with urllib.request.urlopen(request, timeout=10):
        return


def _connector(stack: Stack) -> Service:
    return Service(
        name="the connector",
        command=[sys.executable, "-m", "smarter_connector", "run"],
        environment=connector_environment(stack),
        log=stack.runtime.home.logs / "connector.log",
        ready_url=f"{stack.url('connector')}/ready",
        ready_seconds=30,
    )


def connector_environment(stack: Stack) -> dict[str, str]:
    """Settings of the connector for this tenant and the sandbox beside it."""
    login = stack.runtime.server.connector
    tenants = stack.folder / "tenants.json"
    uuid = tenant.identity(stack.runtime, stack.tenant)
    facts = {"database": stack.tenant.database, "uuid": uuid, "rut": stack.tenant.rut}
    tenants.write_text(json.dumps([facts]))
    token = passwords.password(stack.secrets, "chatwoot-token")
    password = passwords.write(stack.secrets / "connector-password", login.password)
    settings = {
        "TENANTS_FILE": str(tenants),
        "PG_HOST": login.host, "PG_PORT": login.port, "PG_USER": login.user,
        "PG_PASSWORD_FILE": str(password),
        "ALLOW_PRIVATE": json.dumps([HOST]),
        "SECRET_CHATWOOT_TOKEN": token,
        "HTTP_PORT": str(stack.ports["connector"]),
        "SECRETS_DIR": str(stack.secrets),
        "WAREHOUSE_DSN_FILE": str(stack.warehouse.writer_dsn_file),
    }  # fmt: skip
    return plain_environment() | {f"SMARTER_{name}": value for name, value in settings.items()}


def plain_environment() -> dict[str, str]:
    """The user's environment without what would lead the connector elsewhere."""
    prefixes = odoo_process.FOREIGN_PREFIXES
    kept = {k: v for k, v in os.environ.items() if not k.startswith(prefixes)}
    return {**kept, "PYTHONPATH": str(REPO / "connector"), "LANG": "C.UTF-8", "TZ": "UTC"}
