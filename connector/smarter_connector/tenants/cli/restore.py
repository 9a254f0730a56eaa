"""``restore``, ``release-deliveries`` and ``clone-to-staging``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from smarter_connector import tenants
from smarter_connector.registry import InvalidRequest
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
from smarter_connector.tenants.platform import Platform
from smarter_connector.tenants.restore import Restored, file_source

Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


def restore(
    context: typer.Context,
    tenant: Key,
    number: Annotated[
        int | None, typer.Option("--backup", help="Number of a backup; the newest if not given.")
    ] = None,
    file: Annotated[
        Path | None, typer.Option(help="An archive that the registry does not know.")
    ] = None,
    sha256: Annotated[str, typer.Option(help="The hash that this file must have.")] = "",
    new: Annotated[
        bool, typer.Option("--as-new", help="Make the tenant of this RUT, which has none.")
    ] = False,
    slug: Annotated[str, typer.Option(help="With --as-new: another short name.")] = "",
    host: Annotated[list[str] | None, typer.Option(help="With --as-new: other hosts.")] = None,
    deleted: Annotated[bool, typer.Option("--deleted", help="Undelete it instead.")] = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Put a tenant back to a backup; what is there becomes a restore point, deliveries wait."""
    if not (yes or new or deleted):
        typer.confirm(f"Put {tenant} back to a backup?", abort=True, err=True)
    with expected(), progress("restoring", platform_of(context)) as platform:
        if deleted:
            done: object = tenants.undelete(platform, tenant)
        elif new:
            done = _as_new(platform, tenant, file, sha256, slug, tuple(host or ()))
        else:
            done = tenants.restore(platform, tenant, backup=number, file=file, sha256=sha256)
    if as_json:
        print_json(done)
    elif isinstance(done, Restored):
        _tell(done)
    else:
        console.print(f"{tenant} is served again", markup=False)


def release_deliveries(
    context: typer.Context, keys: Keys = None, everyone: Everyone = False, as_json: AsJson = False
) -> None:
    """Hand out again what restored tenants hold back."""
    for_each(context, "release", keys, everyone, as_json, tenants.release_deliveries)


def clone_to_staging(
    context: typer.Context,
    tenant: Key,
    host: Annotated[str, typer.Option(help="Its host name; made from the slug if empty.")] = "",
    as_json: AsJson = False,
) -> None:
    """Copy a tenant for trials; nothing leaves the copy."""
    with expected(), progress("copying", platform_of(context)) as platform:
        copy = tenants.clone_to_staging(platform, tenant, host=host)
    if as_json:
        print_json(copy)
    else:
        url = platform.settings.base_url(copy.host)
        console.print(f"{copy.database} answers at {url}", markup=False)


def _as_new(
    platform: Platform, rut: str, file: Path | None, sha256: str, slug: str, hosts: tuple[str, ...]
) -> Restored:
    if file is None:
        raise InvalidRequest("name the archive: --file and --sha256")
    source = file_source(file, sha256)
    return tenants.restore_new(platform, rut, source, slug=slug, hosts=hosts)


def _tell(done: Restored) -> None:
    console.print(f"{done.tenant.slug} is as it was at {done.taken_at}", markup=False)
    if done.missing:
        console.print(f"{done.missing} files were missing when the backup was taken")
    if done.restore_point:
        console.print(f"what was there before: {done.restore_point}", markup=False)
    console.print("Deliveries are held. Look at them, then: smarteros-tenant release-deliveries")
