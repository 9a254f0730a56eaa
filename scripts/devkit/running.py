"""``scripts/run``: the whole product on this machine, for trying it out.

    scripts/run             start Odoo, the connector and a sandbox of the receiving systems
    scripts/run --demo      then play a working day, wait for every event, and end
    scripts/run --port N    Odoo's port (8069, or the next free one)
    scripts/run --fresh     throw the demo tenant away first, with all its data

It serves every tenant of its registry: ``scripts/tenant create`` makes another one meanwhile.
Ctrl-C stops everything that was started and nothing else.
"""

from __future__ import annotations

import argparse
import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.table import Table

from devkit import kpi, odoo_process, odoo_source, paths, ports, server, stack, tenant
from devkit import platform as local
from devkit.context import RunContext
from devkit.odoo_process import Runtime
from devkit.paths import Home, SetupError
from devkit.progress import console, say, warn
from devkit.services import Services, stop_recorded
from devkit.stack import Stack
from smarter_connector.exceptions import ConnectorError


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="scripts/run", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--demo", action="store_true")
    parser.add_argument("--port", type=int)
    parser.add_argument("--fresh", action="store_true")
    options = parser.parse_args(argv)
    home = paths.open_home()
    odoo = odoo_source.ensure(home)
    with only_one(home), server.opened(home, "run") as found:
        runtime = Runtime(home, odoo, found)
        odoo_process.write_config(runtime)
        try:
            return _serve(runtime, options)
        except ConnectorError as error:
            raise SetupError(str(error)) from error


@contextmanager
def only_one(home: Home) -> Iterator[None]:
    """Refuse a second ``scripts/run`` with the same home: both would serve the same tenant."""
    folder = home.root / "run"
    folder.mkdir(mode=0o700, exist_ok=True)
    with (folder / "lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise SetupError("scripts/run is already running for this home") from error
        yield


def _serve(runtime: Runtime, options: argparse.Namespace) -> int:
    record = runtime.home.root / "run" / "processes.json"
    stop_recorded(record)
    chosen = ports.assign(runtime.home, {"odoo": options.port} if options.port else {})
    platform = local.prepare(runtime)
    if options.fresh:
        tenant.forget(platform, tenant.DEMO)
    row = tenant.ensure(platform, runtime, tenant.DEMO)
    tenant.readdress(platform)
    set_up = Stack(runtime, platform, tenant.DEMO, chosen)
    tenant.fill(runtime, tenant.DEMO, row, set_up.addresses)
    with Services(record) as services:
        stack.start(set_up, services)
        context = describe(set_up)
        if options.demo:
            return _demo(context)
        show(context)
        while (ended := services.ended()) is None:
            time.sleep(1)
        raise SetupError(f"{ended} ended by itself: see {runtime.home.logs}")


def describe(set_up: Stack) -> RunContext:
    logins = set_up.runtime.server
    return RunContext(
        tenant=set_up.tenant,
        odoo_url=set_up.url("odoo"),
        tenant_url=set_up.platform.settings.base_url(set_up.tenant.hosts[0]),
        sandbox_url=set_up.url("sandbox"),
        connector_url=set_up.url("connector"),
        passwords=tenant.user_passwords(set_up.runtime),
        owner=logins.odoo,
        connector=logins.connector,
        admin=logins.admin,
        warehouse=kpi.reader(set_up.platform, set_up.tenant.rut),
    )


def _demo(context: RunContext) -> int:
    from devkit import demo

    if not hasattr(demo, "play"):
        raise SetupError("this check-out has no demo to play")
    return demo.play(context)


def show(context: RunContext) -> None:
    """Say where to log in and what to try."""
    table = Table(title=f"{context.tenant.name} ({context.tenant.rut})", title_justify="left")
    for heading in ("role", "login", "password"):
        table.add_column(heading, overflow="fold")
    for role in tenant.ROLES:
        table.add_row(role, *context.credentials(role))
    console.print(table)
    say(f"Odoo       {context.tenant_url}/odoo")
    say(f"Sandbox    {context.sandbox_url}   what n8n, Chatwoot and Metabase received")
    say(f"Connector  {context.connector_url}/metrics")
    say("Try: log in as owner, make a customer and confirm a quotation, then look at the sandbox.")
    say("     scripts/run --demo plays a whole working day.")
    say("     scripts/tenant create RUT --name NAME --admin-email ADDRESS makes another tenant.")
    warn("Ctrl-C stops everything.")
