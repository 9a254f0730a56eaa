"""Databases with all addons, for tests that let a real Odoo work beside a connector."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from devkit import databases, odoo_process, odoo_source, paths, templates, testing
from devkit.odoo_process import Runtime
from devkit.server import Server
from tests.postgres import OutboxDatabase


def odoo_runtime(server: Server) -> Runtime:
    """Odoo of this machine, set up against ``server``; fetched the first time."""
    home = paths.open_home()
    found = Runtime(home, odoo_source.ensure(home), server)
    odoo_process.write_config(found)
    return found


@contextmanager
def odoo_database(runtime: Runtime, name: str) -> Iterator[OutboxDatabase]:
    """A clone of the template with our addons, which the connector may serve; dropped after."""
    databases.drop(runtime, name)
    databases.clone(runtime, templates.ensure(runtime), name)
    testing.provision(runtime, name)
    query = "SELECT value FROM ir_config_parameter WHERE key = 'database.uuid'"
    with runtime.server.odoo.connect(name) as connection:
        connection.execute("UPDATE smarter_outbox_state SET tenant_status = 'active'")
        uuid = connection.execute(query).fetchone()[0]
    try:
        yield OutboxDatabase(name, uuid, runtime.server)
    finally:
        databases.drop(runtime, name)


def shell(
    runtime: Runtime, name: str, script: str, **values: str
) -> subprocess.CompletedProcess[str]:
    """Run ``script`` in Odoo's shell; ``values`` reach it as variables of its environment."""
    command = odoo_process.odoo_command(
        runtime, "shell", "-d", name, "--no-http", "--log-level=error"
    )
    environment = odoo_process.environment(runtime) | values
    return subprocess.run(
        command, env=environment, input=script, text=True, capture_output=True, timeout=120
    )
