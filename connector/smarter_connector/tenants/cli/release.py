"""``release``: code that tenants run, side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from smarter_connector.tenants import releases
from smarter_connector.tenants.cli.common import (
    AsJson,
    console,
    expected,
    platform_of,
    print_json,
    progress,
)

release_app = typer.Typer(no_args_is_help=True, help="Code that tenants run, side by side.")


@release_app.command()
def add(
    context: typer.Context,
    path: Annotated[Path, typer.Argument(help="Folder with addons/, or of addons.")],
    name: Annotated[str, typer.Option(help="Its name; its hash if empty.")] = "",
    odoo_build: Annotated[str, typer.Option(help="Odoo's build; asked of Odoo if empty.")] = "",
    pool: Annotated[str, typer.Option(help="host:port of the servers that run it.")] = "",
    as_json: AsJson = False,
) -> None:
    """Enter a release; new tenants get it once it has a template."""
    with expected(), progress("reading", platform_of(context)) as platform:
        row = releases.add(platform, path, name=name, odoo_build=odoo_build, pool=pool)
    if as_json:
        print_json(row)
    else:
        console.print(f"{row.name}: {len(row.modules)} modules, Odoo {row.odoo_build}")


@release_app.command("list")
def list_(
    context: typer.Context,
    retired: Annotated[bool, typer.Option("--retired", help="Retired ones too.")] = False,
    as_json: AsJson = False,
) -> None:
    """List releases and how many tenants run each."""
    with expected():
        rows = releases.list_(platform_of(context), retired=retired)
    if as_json:
        print_json(rows)
        return
    table = Table("Release", "Tenants", "Pool", "Odoo", "Path")
    for row in rows:
        one = row.release
        name = f"{one.name} (retired)" if one.retired_at else one.name
        table.add_row(name, str(row.tenants), one.pool, one.odoo_build, one.path)
    console.print(table)


@release_app.command()
def retire(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Release that no tenant runs any more.")],
    as_json: AsJson = False,
) -> None:
    """Take a release out of use."""
    with expected():
        row = releases.retire(platform_of(context), name)
    if as_json:
        print_json(row)
    else:
        console.print(f"{row.name} is retired")
