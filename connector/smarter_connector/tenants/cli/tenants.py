"""``create``, ``list``, ``show``: tenants made and looked at."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from smarter_connector.registry import InvalidRequest, TenantRow
from smarter_connector.tenants import CreateRequest, Shown
from smarter_connector.tenants import create as make
from smarter_connector.tenants import list_ as all_tenants
from smarter_connector.tenants import show as look
from smarter_connector.tenants.cli.common import (
    AsJson,
    Key,
    console,
    expected,
    platform_of,
    print_json,
    progress,
)
from smarter_connector.tenants.reset.passwords import read_password

MIB = 2**20


def create(
    context: typer.Context,
    rut: Annotated[str, typer.Argument(help="RUT of the business, 77.654.321-7.")],
    name: Annotated[str, typer.Option(help="Name of the business.")],
    admin_email: Annotated[str, typer.Option(help="Login of its owner.")],
    plan: Annotated[str, typer.Option(help="free, starter, business or enterprise.")] = "free",
    slug: Annotated[str, typer.Option(help="Short name; made from the name if empty.")] = "",
    host: Annotated[
        list[str] | None, typer.Option(help="Host name, the main one first; else slug.domain.")
    ] = None,
    admin_name: Annotated[str, typer.Option(help="The administrator's name.")] = "",
    password_file: Annotated[
        Path | None, typer.Option(help="File with a first password, instead of an invitation.")
    ] = None,
    module_set: Annotated[str, typer.Option("--set", help="Set of modules.")] = "",
    release: Annotated[str, typer.Option(help="Release; the newest if empty.")] = "",
    external: Annotated[
        list[str] | None, typer.Option(help="An id elsewhere, clerk_org_id=org_1.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make a tenant; run it again if it was broken off. Prints the owner's invitation."""
    with expected():
        request = CreateRequest(
            rut=rut,
            name=name,
            admin_email=admin_email,
            plan=plan,
            slug=slug,
            hosts=tuple(host or ()),
            admin_name=admin_name,
            password=read_password(password_file) if password_file else None,
            module_set=module_set,
            release=release,
            external_ids=dict(_pair(text) for text in external or ()),
        )
        with progress("creating", platform_of(context)) as platform:
            made = make(platform, request)
    if as_json:
        print_json(made)
        return
    console.print(f"{made.tenant.name} ({made.tenant.rut}) answers at {made.url}", markup=False)
    if made.invitation:
        console.print("Invitation to choose a password (who has it can use it, once):")
        console.print(made.invitation, markup=False, soft_wrap=True)


def list_(
    context: typer.Context,
    status: Annotated[list[str] | None, typer.Option(help="Only those of this status.")] = None,
    release: Annotated[str | None, typer.Option(help="Only those of this release.")] = None,
    staging: Annotated[bool, typer.Option("--staging", help="Clones for trials too.")] = False,
    as_json: AsJson = False,
) -> None:
    """List tenants."""
    with expected():
        platform = platform_of(context)
        found = all_tenants(platform, status=status or (), release=release, staging=staging)
    if as_json:
        print_json(found)
        return
    table = Table("RUT", "Name", "Plan", "Status", "Release")
    table.add_column("Host", overflow="fold")
    for tenant in found:
        table.add_row(tenant.rut, tenant.name, tenant.plan, _state(tenant), tenant.release,
                      tenant.host)  # fmt: skip
    console.print(table)


def show(context: typer.Context, tenant: Key, as_json: AsJson = False) -> None:
    """Show all there is to know about one tenant."""
    with expected():
        shown = look(platform_of(context), tenant)
    if as_json:
        print_json(shown)
        return
    _print(shown)


def _print(shown: Shown) -> None:
    tenant = shown.tenant
    table = Table(show_header=False)
    lines = {
        "RUT": tenant.rut, "name": tenant.name, "slug": tenant.slug, "plan": tenant.plan,
        "status": _state(tenant), "addresses": "\n".join(shown.urls),
        "database": f"{tenant.database} ({tenant.uuid})", "release": tenant.release,
        "modules": f"{len(tenant.modules)} ({tenant.module_set})",
        "size": f"{shown.database_bytes // MIB} MiB + {shown.filestore_bytes // MIB} MiB of files",
        "administrator": tenant.admin_email, "created": f"{tenant.created_at:%Y-%m-%d %H:%M}",
    }  # fmt: skip
    for name, value in lines.items():
        table.add_row(name, value)
    console.print(table)
    for line in shown.history:
        console.print(f"{line.at:%Y-%m-%d %H:%M}  {line.event}  {line.actor}", markup=False)


def _state(tenant: TenantRow) -> str:
    return f"{tenant.status}, maintenance" if tenant.maintenance else tenant.status


def _pair(text: str) -> tuple[str, str]:
    name, mark, value = text.partition("=")
    if not (name and mark and value):
        raise InvalidRequest(f"an external id is NAME=VALUE, not {text[:60]!r}")
    return name, value
