"""What the commands share: settings, stores, errors as exit codes, output."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Annotated, Any

import psycopg
import typer
from rich.console import Console

from smarter_connector.exceptions import ConfigurationError, ConnectorError, StoreUnavailable
from smarter_connector.registry.errors import RegistryUnavailable
from smarter_connector.registry.served import everyone
from smarter_connector.settings import Settings, TenantSettings, load
from smarter_connector.stores import open_maker
from smarter_connector.stores.base import Store
from smarter_connector.stores.postgres import connection_arguments
from smarter_connector.supervisor import make_secrets
from smarter_domain.outbox import NOTIFY_CHANNEL

logger = logging.getLogger(__name__)

NOT_WELL, MISCONFIGURED, UNREACHABLE = 1, 3, 4

Tenant = Annotated[str, typer.Argument(help="Database of the tenant, or its RUT.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]

console = Console()


def execute(work: Coroutine[Any, Any, int]) -> None:
    """Run a command; an expected failure becomes one line and an exit code."""
    try:
        code = asyncio.run(work)
    except (StoreUnavailable, RegistryUnavailable) as error:
        fail(str(error), UNREACHABLE)
    except ConnectorError as error:
        fail(str(error), MISCONFIGURED)
    else:
        raise typer.Exit(code)


def fail(message: str, code: int) -> None:
    typer.echo(f"error: {message}", err=True)
    raise typer.Exit(code)


def print_json(document: Any) -> None:
    typer.echo(json.dumps(document, ensure_ascii=False, default=str))


def find_tenant(settings: Settings, name: str) -> TenantSettings:
    """The tenant with this database or RUT, of the registry or of the lists.

    Raises ConfigurationError, and RegistryUnavailable.
    """
    tenants = [item.tenant for item in everyone(settings)]
    found = [one for one in tenants if name in (one.database, one.rut)]
    if not found:
        raise ConfigurationError(f"tenant {name} is not listed")
    if len(found) > 1:
        names = ", ".join(tenant.database for tenant in found)
        raise ConfigurationError(f"RUT {name} is listed for several databases, name one: {names}")
    return found[0]


async def announce(tenant: TenantSettings) -> None:
    """Wake the connectors where Odoo would; what they do not hear they find by polling."""
    if tenant.store != "postgres":
        return
    settings = load()
    arguments = connection_arguments(settings, settings.pg_wake_database)
    try:
        async with await psycopg.AsyncConnection.connect(**arguments, autocommit=True) as line:
            await line.execute("SELECT pg_notify(%s, %s)", [NOTIFY_CHANNEL, tenant.database])
    except psycopg.Error as error:
        logger.debug("nothing was announced: %s", error)


@asynccontextmanager
async def opened_store(name: str) -> AsyncIterator[Store]:
    """The verified outbox of one tenant."""
    settings = load()
    with open_maker(settings, make_secrets(settings)) as maker:
        store = maker.make(find_tenant(settings, name))
        try:
            await store.open()
            yield store
        finally:
            await store.close()
