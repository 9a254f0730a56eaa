"""Commands that change tenants: one, several, or all of them."""

from __future__ import annotations

from typing import Annotated

import typer

from smarter_connector import tenants
from smarter_connector.tenants.cli.common import (
    AsJson,
    Everyone,
    Key,
    Keys,
    console,
    expected,
    for_each,
    platform_of,
    print_json,
    progress,
)


def suspend(
    context: typer.Context,
    reason: Annotated[str, typer.Option(help="Why, for the people of the tenant to read.")],
    keys: Keys = None,
    everyone: Everyone = False,
    as_json: AsJson = False,
) -> None:
    """Suspend: people see why and may export, deliveries wait."""
    for_each(context, "suspend", keys, everyone, as_json,
             lambda platform, key: tenants.suspend(platform, key, reason))  # fmt: skip


def resume(
    context: typer.Context, keys: Keys = None, everyone: Everyone = False, as_json: AsJson = False
) -> None:
    """Serve suspended tenants again."""
    for_each(context, "resume", keys, everyone, as_json, tenants.resume)


def install(
    context: typer.Context,
    module: Annotated[list[str], typer.Option("--module", "-m", help="Module to install.")],
    keys: Keys = None,
    everyone: Everyone = False,
    as_json: AsJson = False,
) -> None:
    """Install modules of the release, one tenant after the other, each in maintenance."""
    for_each(context, "install", keys, everyone, as_json,
             lambda platform, key: tenants.install(platform, key, module))  # fmt: skip


def plan(
    context: typer.Context,
    to: Annotated[str, typer.Option(help="free, starter, business or enterprise.")],
    keys: Keys = None,
    everyone: Everyone = False,
    as_json: AsJson = False,
) -> None:
    """Put tenants on another plan."""
    for_each(context, "plan", keys, everyone, as_json,
             lambda platform, key: tenants.set_plan(platform, key, to))  # fmt: skip


def grants(
    context: typer.Context, keys: Keys = None, everyone: Everyone = False, as_json: AsJson = False
) -> None:
    """Bring the rights in tenants' databases back to what they must be."""
    for_each(context, "grants", keys, everyone, as_json, tenants.grants)


def abandon(context: typer.Context, keys: Keys = None, as_json: AsJson = False) -> None:
    """Clean up after creations that were broken off and shall not be completed."""
    for_each(context, "abandon", keys, False, as_json, tenants.abandon)


def rename_host(
    context: typer.Context,
    tenant: Key,
    host: Annotated[str, typer.Argument(help="The new main host name.")],
    alias: Annotated[list[str] | None, typer.Option(help="A further host name.")] = None,
    keep_old: Annotated[bool, typer.Option("--keep-old", help="Old ones still answer.")] = False,
    as_json: AsJson = False,
) -> None:
    """Give a tenant another host name; its database keeps its own."""
    with expected(), progress("renaming", platform_of(context)) as platform:
        row = tenants.rename_host(platform, tenant, host, aliases=alias or (), keep_old=keep_old)
    if as_json:
        print_json(row)
    else:
        console.print(f"{row.slug} answers at {', '.join(row.hosts)}", markup=False)


def invite(context: typer.Context, tenant: Key, as_json: AsJson = False) -> None:
    """Print a new link with which the owner chooses a password."""
    with expected():
        link = tenants.invite(platform_of(context), tenant)
    if as_json:
        print_json({"invitation": link})
    else:
        console.print(link, markup=False, soft_wrap=True)


def operator_access(
    context: typer.Context,
    tenant: Key,
    close: Annotated[bool, typer.Option("--close", help="Take the password away again.")] = False,
    as_json: AsJson = False,
) -> None:
    """Print a link, good for an hour, to choose the password of the operator's account there."""
    with expected():
        platform = platform_of(context)
        if close:
            tenants.close_operator_access(platform, tenant)
        link = None if close else tenants.operator_access(platform, tenant)
    if as_json:
        print_json({"link": link})
    else:
        console.print(link or "closed", markup=False, soft_wrap=True)
