"""``smarter-connector warehouse``: install it, enter tenants, rebuild and compare.

What the commands need is imported when they run: ``smarter-connector run`` need not load it.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from smarter_connector.cli.common import (
    MISCONFIGURED,
    NOT_WELL,
    AsJson,
    Tenant,
    console,
    execute,
    fail,
    find_tenant,
    opened_store,
    print_json,
)
from smarter_connector.exceptions import ConfigurationError
from smarter_connector.settings import load

if TYPE_CHECKING:
    from smarter_connector.sinks.warehouse.backfill import Progress, Rebuilt
    from smarter_connector.sinks.warehouse.install import Connect, Login
    from smarter_connector.sinks.warehouse.warehouse import Warehouse

Admin = Annotated[
    Path,
    typer.Option(
        "--admin-dsn-file",
        envvar="SMARTER_WAREHOUSE_ADMIN_DSN_FILE",
        help="File with an administrator's connection string; never given to the connector itself.",
    ),
]
Secrets = Annotated[Path, typer.Option("--secrets", help="Folder in which new logins are saved.")]

warehouse_app = typer.Typer(no_args_is_help=True, help="The KPI warehouse that Metabase reads.")


def register(app: typer.Typer) -> None:
    """Add the commands to ``smarter-connector``."""
    app.add_typer(warehouse_app, name="warehouse")


@warehouse_app.command()
def install(admin: Admin, secrets: Secrets) -> None:
    """Create or upgrade the warehouse; saves the writer's connection string in warehouse_dsn."""
    from smarter_connector.sinks.warehouse.install import install as create

    with _expected():
        _save(create(_connect(admin)), admin, secrets / "warehouse_dsn")


@warehouse_app.command()
def tenant(
    rut: Annotated[str, typer.Argument(help="Principal RUT of the tenant.")],
    admin: Admin,
    secrets: Secrets,
    name: Annotated[str, typer.Option(help="Name shown on dashboards.")] = "",
    company: Annotated[list[str] | None, typer.Option(help="Further RUTs of a holding.")] = None,
) -> None:
    """Enter a tenant and make its read-only login; saves the login's connection string."""
    from smarter_connector.sinks.warehouse.install import ensure_tenant

    with _expected():
        login = ensure_tenant(_connect(admin), rut, name, companies=company or ())
        _save(login, admin, secrets / f"{login.role}_dsn")


@warehouse_app.command()
def digest(tenant: Tenant, as_json: AsJson = False) -> None:
    """Rows and a hash of their content, by company and table: equal digests, equal figures."""
    execute(_digest(tenant, as_json))


@warehouse_app.command()
def rebuild(
    tenant: Tenant,
    subscription: Annotated[int, typer.Option("--subscription", help="Id of the subscription.")],
    rut: Annotated[str | None, typer.Option(help="Remove rows of this company only.")] = None,
    timeout: Annotated[float, typer.Option(help="Seconds to wait for Odoo and connector.")] = 3600,
    as_json: AsJson = False,
) -> None:
    """Capture a tenant's records again and remove the rows whose records are gone."""
    execute(_rebuild(tenant, subscription, rut, timeout, as_json))


async def _digest(name: str, as_json: bool) -> int:
    from smarter_connector.sinks.warehouse.compare import digest as compute

    tenant = find_tenant(load(), name)
    async with _warehouse() as warehouse, warehouse.connection() as connection:
        found = await compute(connection, tenant.rut)
    lines = [
        {"rut": rut, "table": table, "rows": one.rows, "content": one.content}
        for (rut, table), one in sorted(found.items())
    ]
    if as_json:
        print_json(lines)
    else:
        for line in lines:
            console.print("{rut}  {table:14} {rows:>9}  {content}".format(**line))
    return 0 if lines else NOT_WELL


async def _rebuild(
    name: str, subscription: int, rut: str | None, timeout: float, as_json: bool
) -> int:
    from smarter_connector.clock import SystemClock
    from smarter_connector.sinks.warehouse.backfill import Rebuild

    async with _warehouse() as warehouse, opened_store(name) as store:
        with console.status("mark") as status:

            def show(progress: Progress) -> None:
                status.update(
                    f"{progress.step}: {progress.captured} captured, {progress.open} to deliver"
                )

            rebuilt = await Rebuild(
                store, warehouse, subscription, SystemClock(), rut, timeout, show
            ).run()
    _tell(rebuilt, as_json)
    return NOT_WELL if rebuilt.unconfirmed else 0


def _tell(rebuilt: Rebuilt, as_json: bool) -> None:
    removed, kept = dict(rebuilt.removed), dict(rebuilt.unconfirmed)
    if as_json:
        print_json({"captured": rebuilt.captured, "removed": removed, "unconfirmed": kept})
        return
    console.print(f"{rebuilt.captured} records captured again.")
    for table, count in removed.items():
        console.print(f"{table}: {count} rows removed, their records are gone.")
    for table, count in kept.items():
        console.print(f"{table}: {count} rows left alone: no row of their company was confirmed.")


@asynccontextmanager
async def _warehouse() -> AsyncIterator[Warehouse]:
    from smarter_connector.secrets import read_secret
    from smarter_connector.sinks.warehouse.warehouse import Warehouse

    path = load().warehouse_dsn_file
    if path is None:
        raise ConfigurationError("no warehouse: set SMARTER_WAREHOUSE_DSN_FILE")
    warehouse = Warehouse.acquire(read_secret(path))
    try:
        yield warehouse
    finally:
        await warehouse.release()


def _connect(admin: Path) -> Connect:
    import psycopg

    from smarter_connector.secrets import read_secret

    dsn = read_secret(admin)
    return lambda database: psycopg.connect(
        dsn, dbname=database, autocommit=True, connect_timeout=10
    )


@contextmanager
def _expected() -> Iterator[None]:
    """Expected failures of an installation become one line and an exit code."""
    import psycopg

    try:
        yield
    except (psycopg.Error, ValueError, OSError, ConfigurationError) as error:
        fail(str(error).strip().split("\n")[0], MISCONFIGURED)


def _save(login: Login, admin: Path, path: Path) -> None:
    """A login's connection string goes to a file only its owner reads, never to the screen."""
    from psycopg.conninfo import conninfo_to_dict, make_conninfo

    from smarter_connector.secrets import read_secret
    from smarter_connector.sinks.warehouse.names import Names

    if login.password is None:
        console.print(f"{login.role}: in place, its password was left alone.")
        return
    server = conninfo_to_dict(read_secret(admin))
    kept = {key: server[key] for key in ("host", "port", "sslmode", "sslrootcert") if key in server}
    text = make_conninfo(**kept, user=login.role, password=login.password, dbname=Names().database)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text + "\n")
    console.print(f"{login.role}: connection string saved in {path}")
