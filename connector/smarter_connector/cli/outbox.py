"""Commands that look into an outbox or change what waits in it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Annotated, Any

import typer
from rich import box
from rich.table import Table
from rich.text import Text

from smarter_connector.cli.common import (
    NOT_WELL,
    AsJson,
    Tenant,
    announce,
    console,
    execute,
    opened_store,
    print_json,
)
from smarter_connector.exceptions import ConnectorError
from smarter_connector.registry.served import Served, everyone
from smarter_connector.settings import Settings, load
from smarter_connector.stores import StoreMaker, open_maker
from smarter_connector.stores.base import COUNTED_TARGETS, Allowance, Store
from smarter_connector.supervisor import make_secrets

SubscriptionId = Annotated[int, typer.Option("--subscription", help="Id of the subscription.")]


@dataclass(frozen=True)
class Line:
    """One line of ``status``: a subscription, or a tenant that cannot be asked."""

    tenant: str
    state: str
    subscription: str = ""
    target: str = ""
    active: bool = True
    pending: int = 0
    leased: int = 0
    dead: int = 0
    oldest_seconds: float | None = None
    problem: str = ""


def status(as_json: AsJson = False) -> None:
    """Show what waits and what is dead, by tenant and subscription; 1 if a tenant is not served."""
    execute(_status(as_json))


async def _status(as_json: bool) -> int:
    settings = load()
    lines = await _all_lines(settings)
    if as_json:
        print_json([asdict(line) for line in lines])
    else:
        console.print(table_of(lines))
    return NOT_WELL if any(line.state in ("refused", "away") for line in lines) else 0


async def _all_lines(settings: Settings) -> list[Line]:
    lines: list[Line] = []
    with open_maker(settings, make_secrets(settings)) as maker:
        for item in await asyncio.to_thread(everyone, settings):
            lines += await _tenant_lines(maker, item)
    return lines


async def _tenant_lines(maker: StoreMaker, item: Served) -> list[Line]:
    name = item.tenant.database
    if item.in_maintenance:
        return [Line(name, "held", problem=item.hold)]
    try:
        store = maker.make(item.tenant)
    except ConnectorError as error:
        return [Line(name, "refused", problem=str(error))]
    store.webhooks_per_hour = item.webhooks_per_hour
    try:
        return await _lines(store, item.hold)
    finally:
        await store.close()


async def _lines(store: Store, hold: str) -> list[Line]:
    name = store.tenant.database
    try:
        identity, stats = await store.open(), await store.stats()
        allowance = await store.allowance()
    except ConnectorError as error:
        state = "refused" if error.status == "refused" else "away"
        return [Line(name, state, problem=str(error))]
    counts = {row["id"]: row for row in stats["subscriptions"]}
    state = "held" if identity.held or hold else "ready"
    found = [_line(name, state, sub, counts[sub["id"]]) for sub in identity.subscriptions]
    if allowance is not None and allowance.spent:
        found = [_over(line, allowance) for line in found]
    found = found or [Line(name, state, problem="no subscription")]
    return [replace(found[0], problem=hold), *found[1:]] if hold else found


def _over(line: Line, allowance: Allowance) -> Line:
    if line.target not in COUNTED_TARGETS or not line.pending:
        return line
    wait = f"waits {_age(allowance.opens_in)}: {allowance.limit} webhooks an hour are used up"
    return replace(line, problem=wait)


def _line(name: str, state: str, sub: Mapping[str, Any], row: Mapping[str, Any]) -> Line:
    return Line(
        name,
        state,
        f"{sub['id']} {sub['name']}",
        sub["target"],
        sub["active"],
        row["pending"],
        row["leased"],
        row["dead"],
        row["oldest_seconds"],
        sub["disabled_reason"] or "",
    )


def table_of(lines: list[Line]) -> Table:
    """Two columns of words and four of numbers, so that 80 characters are enough."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("Tenant", overflow="fold", ratio=2)
    table.add_column("Subscription", overflow="fold", ratio=3)
    for title in ("Pending", "Leased", "Dead", "Oldest"):
        table.add_column(title, justify="right", no_wrap=True)
    for line in lines:
        counts = [str(line.pending), str(line.leased), str(line.dead), _age(line.oldest_seconds)]
        counted = counts if line.subscription else []
        table.add_row(Text(f"{line.tenant}\n{line.state}"), _words(line), *counted)
    return table


def _words(line: Line) -> Text:
    """What a subscription is, where it goes, and what is wrong with it; nothing is cut."""
    where = line.target if line.active or not line.target else f"{line.target}, not active"
    words = (line.subscription, where, line.problem)
    return Text("\n".join(word for word in words if word))


def _age(seconds: float | None) -> str:
    """The largest unit that fits: 59 s, 3 min, 5 h, 12 d."""
    if seconds is None:
        return ""
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def replay(
    tenant: Tenant,
    delivery: Annotated[
        list[int] | None, typer.Option(help="Id of a delivery; may repeat.")
    ] = None,
    subscription: Annotated[int | None, typer.Option(help="All of this subscription.")] = None,
    state: Annotated[str, typer.Option(help="dead or delivered, with --subscription.")] = "dead",
    since: Annotated[datetime | None, typer.Option(help="Events from this UTC instant on.")] = None,
    until: Annotated[datetime | None, typer.Option(help="Events before this UTC instant.")] = None,
    as_json: AsJson = False,
) -> None:
    """Try dead deliveries again, or deliver delivered ones anew under a new webhook-id."""
    if bool(delivery) == (subscription is not None):
        raise typer.BadParameter("give either --delivery or --subscription")
    if state not in ("dead", "delivered"):
        raise typer.BadParameter("--state is dead or delivered")
    request: dict[str, Any] = {"deliveries": delivery}
    if not delivery:
        request = {"subscription_id": subscription, "state": state}
        bounds = {"since": since, "until": until}
        request |= {key: f"{moment.isoformat()}Z" for key, moment in bounds.items() if moment}
    execute(_replay(tenant, request, as_json))


async def _replay(tenant: str, request: Mapping[str, Any], as_json: bool) -> int:
    async with opened_store(tenant) as store:
        done = await store.replay(request)
        await announce(store.tenant)
    if as_json:
        print_json(done)
    else:
        console.print(
            f"{done['retried']} dead deliveries will be tried again, "
            f"{done['replayed']} delivered ones anew."
        )
        if done["not_built"]:
            console.print(f"{done['not_built']} have no payload yet: replay them in Odoo.")
    return 0


def send_test(
    tenant: Tenant,
    subscription: SubscriptionId,
    message: Annotated[str, typer.Option(help="Text of the event.")] = "",
    as_json: AsJson = False,
) -> None:
    """Send a test.ping event to one subscription, the way every event goes."""
    execute(_send_test(tenant, subscription, message, as_json))


async def _send_test(tenant: str, subscription: int, message: str, as_json: bool) -> int:
    async with opened_store(tenant) as store:
        event = await store.send_test(subscription, message)
        await announce(store.tenant)
    if as_json:
        print_json({"event_id": event})
    else:
        console.print(f"Event {event} waits for delivery; see the status.")
    return 0


def backfill(
    tenant: Tenant,
    subscription: SubscriptionId,
    company: Annotated[int | None, typer.Option(help="Only this company (Odoo id).")] = None,
    wait: Annotated[bool, typer.Option(help="Wait until Odoo has captured all records.")] = False,
    as_json: AsJson = False,
) -> None:
    """Ask Odoo to capture the existing records again, for one subscription."""
    execute(_backfill(tenant, subscription, company, wait, as_json))


async def _backfill(
    tenant: str, subscription: int, company: int | None, wait: bool, as_json: bool
) -> int:
    async with opened_store(tenant) as store:
        key = await store.backfill(subscription, company)
        found = await store.backfill_status(key)
        while wait and found.get("state") in ("pending", "running"):
            await asyncio.sleep(1)
            found = await store.backfill_status(key)
    if as_json:
        print_json(found)
    else:
        console.print(f"Backfill {key}: {found['state']}, {found['captured']} records captured.")
    return NOT_WELL if found.get("state") == "failed" else 0
