"""``delete``, ``undelete`` and ``purge``."""

from __future__ import annotations

from typing import Annotated

import typer

from smarter_connector import tenants
from smarter_connector.registry import InvalidRequest
from smarter_connector.tenants.cli.common import (
    AsJson,
    Key,
    Keys,
    console,
    expected,
    for_each,
    platform_of,
    print_json,
    progress,
)
from smarter_connector.tenants.purge import due

Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


def delete(
    context: typer.Context,
    tenant: Key,
    reason: Annotated[str, typer.Option(help="Why, for the history.")] = "",
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Stop serving a tenant at once; it is kept for a while and can be brought back."""
    if not yes:
        typer.confirm(f"Delete {tenant}?", abort=True, err=True)
    with expected(), progress("deleting", platform_of(context)) as platform:
        row = tenants.delete(platform, tenant, reason=reason)
    if as_json:
        print_json(row)
    else:
        console.print(f"{row.slug} is deleted; it is kept until {row.purge_after:%Y-%m-%d}")


def undelete(context: typer.Context, keys: Keys = None, as_json: AsJson = False) -> None:
    """Serve deleted tenants again, as they were."""
    for_each(context, "undelete", keys, False, as_json, tenants.undelete)


def purge(
    context: typer.Context,
    tenant: Annotated[str | None, typer.Argument(help="A deleted tenant.")] = None,
    all_due: Annotated[bool, typer.Option("--due", help="All whose time is over.")] = False,
    force: Annotated[str, typer.Option(help="Its RUT, typed again: before its day.")] = "",
    keep_backups: Annotated[bool, typer.Option("--keep-backups", help="Leave them.")] = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Remove a deleted tenant for good: database, files, backups, figures, logins."""
    with expected():
        platform = platform_of(context)
        if bool(tenant) == all_due or (all_due and force):
            raise InvalidRequest("name one tenant, or give --due")
        keys = [f"id:{row.id}" for row in due(platform)] if all_due else [str(tenant)]
    if not (yes or force):
        typer.confirm(f"Remove {len(keys)} tenants for good?", abort=True, err=True)
    gone = []
    with expected(), progress("purging", platform) as shown:
        for key in keys:
            gone.append(tenants.purge(shown, key, force_rut=force, keep_backups=keep_backups))
    if as_json:
        print_json(gone)
    else:
        console.print(f"{len(gone)} tenants are gone for good")
