"""``smarter-connector check``: is everything in place, before the first event must go."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlsplit

from rich.table import Table

from smarter_connector.cli.common import NOT_WELL, AsJson, console, execute, print_json
from smarter_connector.exceptions import ConnectorError
from smarter_connector.registry.errors import RegistryUnavailable
from smarter_connector.registry.served import Served, everyone
from smarter_connector.rolecheck import registry_problem, role_problem
from smarter_connector.secrets import SecretResolver, read_secret
from smarter_connector.settings import Settings, TenantSettings, load
from smarter_connector.sinks import SINKS
from smarter_connector.stores import StoreMaker, open_maker
from smarter_connector.stores.base import Identity
from smarter_connector.supervisor import make_secrets
from smarter_connector.transport import Transport

CLOCK_TOLERANCE = 30.0
"""Seconds between our clock and the database's; receivers accept signatures within 300."""
SIGNED = ("webhook", "n8n")


@dataclass(frozen=True)
class Finding:
    """One question and its answer; ``problem`` is empty when all is well."""

    place: str
    question: str
    problem: str = ""


def check(as_json: AsJson = False) -> None:
    """Check configuration, databases, clocks, keys, targets and rights; 1 if not well."""
    execute(_check(as_json))


async def _check(as_json: bool) -> int:
    settings = load()
    findings = [finding async for finding in find(settings, make_secrets(settings))]
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        table = Table("Where", "What", "Result")
        for finding in findings:
            table.add_row(finding.place, finding.question, finding.problem or "[green]ok[/]")
        console.print(table)
    return NOT_WELL if any(finding.problem for finding in findings) else 0


async def find(settings: Settings, secrets: SecretResolver) -> AsyncIterator[Finding]:
    """All findings, tenant by tenant. Raises ConfigurationError for an unreadable tenant list."""
    listed = [Served(tenant) for tenant in settings.all_tenants()]
    if settings.uses_registry:
        question = "the registry answers, and the role reads the tenants to serve and nothing else"
        yield Finding("registry", question, await asyncio.to_thread(registry_problem, settings))
        with suppress(RegistryUnavailable):
            listed = await asyncio.to_thread(everyone, settings)
    else:
        yield Finding("settings", "tenants are listed", "" if listed else "no tenant is listed")
    with open_maker(settings, secrets) as maker:
        async with Transport(settings) as transport:
            for item in listed:
                async for finding in _listed(settings, maker, transport, item):
                    yield finding


async def _listed(
    settings: Settings, maker: StoreMaker, transport: Transport, item: Served
) -> AsyncIterator[Finding]:
    if item.hold:
        yield Finding(item.tenant.database, f"deliveries are held, {item.hold}")
    if not item.in_maintenance:
        async for finding in _tenant(settings, maker, transport, item.tenant):
            yield finding


async def _tenant(
    settings: Settings, maker: StoreMaker, transport: Transport, tenant: TenantSettings
) -> AsyncIterator[Finding]:
    name = tenant.database
    store = None
    try:
        store = maker.make(tenant)
        identity = await store.open()
    except ConnectorError as error:
        yield Finding(name, "the outbox answers and is the listed one", str(error))
        return
    finally:
        if store is not None:
            await store.close()
    yield Finding(name, "the outbox answers and is the listed one")
    yield Finding(name, "clocks agree", clock_problem(identity, time.time()))
    if tenant.store == "postgres":
        question = "the role can do nothing but the protocol"
        yield Finding(name, question, await asyncio.to_thread(role_problem, settings, name))
    if any(one["active"] and one["target"] == "warehouse" for one in identity.subscriptions):
        question = "the warehouse takes this tenant's figures"
        yield Finding(name, question, await warehouse_problem(settings, tenant.rut))
    for subscription in identity.subscriptions:
        place = f"{name}: {subscription['id']} {subscription['name']}"
        problem = await subscription_problem(transport, subscription)
        yield Finding(place, "the subscription can be served", problem)


def clock_problem(identity: Identity, now: float) -> str:
    drift = now - identity.now
    if abs(drift) <= CLOCK_TOLERANCE:
        return ""
    return (
        f"this machine's clock is {drift:+.0f} s from the database's; set up time synchronisation"
    )


async def subscription_problem(transport: Transport, subscription: Mapping[str, Any]) -> str:
    """What would keep the subscription from being served; nothing of an event is sent."""
    if not subscription["active"]:
        return ""
    if subscription["target"] not in SINKS:
        return f"unknown target {subscription['target']}"
    if subscription["target"] in SIGNED and not subscription["keys"]:
        return "it has no live signing key"
    url = subscription["url"]
    if not url:
        return "it has no URL" if subscription["target"] in SIGNED else ""
    try:
        place = urlsplit(url)
        await transport.request("HEAD", f"{place.scheme}://{place.netloc}/", timeout=10)
    except (ConnectorError, ValueError) as error:
        return str(error)
    return ""


async def warehouse_problem(settings: Settings, rut: str) -> str:
    """Whether the configured warehouse answers and knows the tenant; nothing is written."""
    from smarter_connector.sinks.warehouse.warehouse import Warehouse

    if settings.warehouse_dsn_file is None:
        return ""  # the subscription may name one of its own
    try:
        warehouse = Warehouse.acquire(read_secret(settings.warehouse_dsn_file))
    except ConnectorError as error:
        return str(error)
    try:
        return str((await warehouse.refused(rut, [rut])).get(rut, ""))
    except ConnectorError as error:
        return str(error)
    finally:
        await warehouse.release()
