"""``backup`` and ``backups``: archives taken, listed, proved and thrown away."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from smarter_connector import tenants
from smarter_connector.registry import BackupRow
from smarter_connector.tenants import backup_retention, backup_verify
from smarter_connector.tenants.cli.common import (
    AsJson,
    Everyone,
    Keys,
    console,
    expected,
    for_each,
    platform_of,
    print_json,
    progress,
)
from smarter_connector.tenants.platform import Platform

MIB = 2**20
Number = Annotated[int, typer.Argument(help="Number of the backup, see backups list.")]

backups_app = typer.Typer(no_args_is_help=True, help="Backups: listed, verified, kept, pruned.")


def backup(
    context: typer.Context,
    keys: Keys = None,
    everyone: Everyone = False,
    prove: Annotated[bool, typer.Option("--verify", help="Restore each into a scratch one.")] = (
        False
    ),
    prune: Annotated[bool, typer.Option("--prune", help="Then remove what is old.")] = False,
    as_json: AsJson = False,
) -> None:
    """Back up tenants while people work, each into one encrypted file."""

    def work(platform: Platform, key: str) -> BackupRow:
        row = tenants.backup(platform, key)
        if prove:
            row = tenants.verify(platform, row.id).backup
        if prune:
            backup_retention.prune(platform, [row.tenant])
        return row

    for_each(context, "backup", keys, everyone, as_json, work)


@backups_app.command("list")
def list_(context: typer.Context, keys: Keys = None, as_json: AsJson = False) -> None:
    """List the backups of some tenants or of all, newest first."""
    with expected():
        registry = platform_of(context).registry
        chosen = {registry.tenant(key).id for key in keys or ()}
        rows = [row for row in registry.backups() if not chosen or row.tenant in chosen]
        names = {row.tenant: registry.tenant(row.tenant).slug for row in rows}
    if as_json:
        print_json(rows)
        return
    table = Table("No.")
    table.add_column("Tenant", no_wrap=True)
    for title in ("Taken (UTC)", "Size", "Release", "Verified", "Kept until"):
        table.add_column(title)
    for row in rows:
        table.add_row(
            str(row.id), names[row.tenant], f"{row.taken_at:%Y-%m-%d %H:%M}",
            f"{row.bytes // MIB} MiB", row.release, _day(row.verified_at), _day(row.kept_until),
        )  # fmt: skip
    console.print(table)


@backups_app.command()
def verify(context: typer.Context, number: Number, as_json: AsJson = False) -> None:
    """Prove a backup: restore it into a scratch database, count, and drop that again."""
    with expected(), progress("verifying", platform_of(context)) as platform:
        found = tenants.verify(platform, number)
    if as_json:
        print_json(found)
    else:
        words = f"{found.tables} tables, {found.rows} rows, {found.files} files"
        console.print(f"backup {number} is good: {words}; {found.missing} files were missing")


@backups_app.command()
def keep(
    context: typer.Context,
    number: Number,
    days: Annotated[int, typer.Option(min=0, max=36500, help="From today; 0 lets go of it.")],
    as_json: AsJson = False,
) -> None:
    """Keep a backup whatever the policy says."""
    with expected():
        platform = platform_of(context)
        row = backup_retention.keep(platform, backup_verify.find(platform, number), days)
    if as_json:
        print_json(row)
    else:
        console.print(f"backup {number} is kept until {_day(row.kept_until) or 'its time is over'}")


@backups_app.command()
def prune(context: typer.Context, keys: Keys = None, as_json: AsJson = False) -> None:
    """Remove what the policy does not keep, of some tenants or of all."""
    with expected(), progress("pruning", platform_of(context)) as platform:
        chosen = [platform.registry.tenant(key).id for key in keys] if keys else None
        gone = backup_retention.prune(platform, chosen)
    if as_json:
        print_json(gone)
    else:
        console.print(f"{len(gone)} backups removed")


def _day(moment: object) -> str:
    return f"{moment:%Y-%m-%d}" if moment else ""
