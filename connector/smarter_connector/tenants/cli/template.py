"""``template``: the databases that tenants are cloned from, and ``registry install``."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from smarter_connector.registry import install as install_registry
from smarter_connector.tenants import templates
from smarter_connector.tenants.cli.common import (
    AsJson,
    console,
    expected,
    platform_of,
    print_json,
    progress,
)

Set = Annotated[str, typer.Option("--set", help="Set of modules; that of the settings if empty.")]
Release = Annotated[str, typer.Option(help="Release; the newest if empty.")]

template_app = typer.Typer(no_args_is_help=True, help="Databases that tenants are cloned from.")
registry_app = typer.Typer(no_args_is_help=True, help="The registry of tenants.")


@template_app.command()
def build(
    context: typer.Context,
    module_set: Set = "",
    module: Annotated[list[str] | None, typer.Option(help="Module of a new set.")] = None,
    release: Release = "",
    as_json: AsJson = False,
) -> None:
    """Build the template of a set of modules, once for each state of the code; takes minutes."""
    with expected(), progress("building", platform_of(context)) as platform:
        wanted = templates.recipe(platform, release, module_set, tuple(module or ()))
        row = templates.build(platform, wanted)
    _answer(row.database, row, as_json)


@template_app.command()
def register(
    context: typer.Context,
    database: Annotated[str, typer.Argument(help="A database built from the present code.")],
    module_set: Set = "",
    release: Release = "",
    as_json: AsJson = False,
) -> None:
    """Enter a database that was built elsewhere as a template; nobody can connect to it then."""
    with expected():
        row = templates.register(
            platform_of(context), database, release=release, module_set=module_set
        )
    _answer(row.database, row, as_json)


@template_app.command("list")
def list_(context: typer.Context, as_json: AsJson = False) -> None:
    """List templates and what is wrong with them."""
    with expected():
        platform = platform_of(context)
        rows = [(row, templates.problem(platform, row)) for row in platform.registry.templates()]
    if as_json:
        print_json([{"template": row, "problem": problem} for row, problem in rows])
        return
    table = Table("Database", "Set", "Release", "Usable")
    for row, problem in rows:
        table.add_row(row.database, row.module_set, row.release, problem or "yes")
    console.print(table)


@template_app.command()
def prune(context: typer.Context, as_json: AsJson = False) -> None:
    """Drop templates that were made from other code."""
    with expected():
        names = templates.prune(platform_of(context))
    _answer(", ".join(names) or "nothing to drop", names, as_json)


@registry_app.command()
def install(context: typer.Context, as_json: AsJson = False) -> None:
    """Create or upgrade the registry's database; running it again changes nothing."""
    with expected():
        platform = platform_of(context)
        settings = platform.settings
        install_registry(
            platform.admin,
            odoo_role=settings.odoo_role,
            connector_role=settings.connector_role,
            database=settings.registry_database,
        )
    _answer(settings.registry_database, {"database": settings.registry_database}, as_json)


def _answer(text: str, document: object, as_json: bool) -> None:
    if as_json:
        print_json(document)
    else:
        console.print(text, markup=False)
