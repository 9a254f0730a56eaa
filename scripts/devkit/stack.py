"""The servers of ``scripts/run``: Odoo, the sandbox of the receiving systems, the connector."""

from __future__ import annotations

import importlib.util
import json
import os
import sys
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from psycopg.conninfo import make_conninfo

from devkit import kpi, odoo_process, passwords, tenant
from devkit.odoo_process import Runtime
from devkit.paths import REPO
from devkit.progress import step
from devkit.services import Service, Services
from devkit.tenant import Addresses, Tenant
from smarter_connector.tenants.platform import Platform

HOST = "127.0.0.1"
#: Odoo loads these for all tenants; the last one leads each host to its own database.
SERVER_WIDE = "base,rpc,web,smarter_server"


@dataclass(frozen=True)
class Stack:
    """Everything that is needed to start the servers; ``tenant`` is the one for the demo."""

    runtime: Runtime
    platform: Platform
    tenant: Tenant
    ports: dict[str, int]

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
    """One server for all tenants of the registry, whatever release they run."""
    login, registry = stack.runtime.server.odoo, stack.platform.settings.registry_database
    dsn = passwords.write(stack.secrets / "odoo-registry-dsn", make_conninfo(**login.dsn(registry)))
    options = (f"--load={SERVER_WIDE}", "-p", str(stack.ports["odoo"]), "--max-cron-threads=1")
    guard = {"SMARTEROS_REGISTRY_DSN_FILE": str(dsn), "SMARTEROS_SERVED_RELEASE": ""}
    return Service(
        name="Odoo",
        command=odoo_process.odoo_command(stack.runtime, *options),
        environment=odoo_process.environment(stack.runtime) | guard,
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
    """Settings of the connector for the registry's tenants and the sandbox beside it."""
    login = stack.runtime.server.connector
    password = passwords.write(stack.secrets / "connector-password", login.password)
    settings = {
        "SMARTER_REGISTRY_DATABASE": stack.platform.settings.registry_database,
        "SMARTER_PG_HOST": login.host, "SMARTER_PG_PORT": login.port,
        "SMARTER_PG_USER": login.user, "SMARTER_PG_PASSWORD_FILE": str(password),
        "SMARTER_ALLOW_PRIVATE": json.dumps([HOST]),
        "SMARTER_HTTP_PORT": str(stack.ports["connector"]),
        "SMARTER_SECRETS_DIR": str(stack.secrets),
        "SMARTER_WAREHOUSE_DSN_FILE": str(kpi.writer_dsn_file(stack.runtime)),
    }  # fmt: skip
    token = passwords.password(stack.secrets, "chatwoot-token")
    return plain_environment() | settings | {tenant.chatwoot_variable(stack.tenant): token}


def plain_environment() -> dict[str, str]:
    """The user's environment without what would lead the connector elsewhere."""
    prefixes = odoo_process.FOREIGN_PREFIXES
    kept = {k: v for k, v in os.environ.items() if not k.startswith(prefixes)}
    return {**kept, "PYTHONPATH": str(REPO / "connector"), "LANG": "C.UTF-8", "TZ": "UTC"}
