"""``upgrade``: tenants moved to another release, with a bar for all and a line for each at work."""

from __future__ import annotations

import threading
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn
from rich.progress import TimeElapsedColumn as Elapsed
from rich.table import Table

from smarter_connector.registry import InvalidRequest, TenantRow
from smarter_connector.tenants import restore_points as points
from smarter_connector.tenants.cli import exits
from smarter_connector.tenants.cli.common import (
    AsJson,
    Everyone,
    Keys,
    console,
    errors,
    expected,
    platform_of,
    print_json,
)
from smarter_connector.tenants.upgrade import upgrade as upgrade_tenants
from smarter_connector.tenants.upgrade_report import Outcome, Report

COLOURS = {"upgraded": "green", "switched": "green", "failed": "red", "skipped": "yellow"}


class Bars:
    """Shows on standard error how it goes; what failed stays on the screen."""

    def __init__(self) -> None:
        parts = (SpinnerColumn(), TextColumn("{task.description}", markup=False), BarColumn(20))
        self.bars = Progress(
            *parts, MofNCompleteColumn(), Elapsed(), console=errors, transient=True
        )
        self._lines: dict[int, int] = {}
        self._all: int | None = None
        self._lock = threading.Lock()

    def began(self, total: int) -> None:
        self._all = self.bars.add_task("tenants", total=total)

    def told(self, tenant: TenantRow, text: str) -> None:
        with self._lock:
            if tenant.id not in self._lines:
                self._lines[tenant.id] = self.bars.add_task(tenant.slug, total=1)
            self.bars.update(self._lines[tenant.id], description=f"  {tenant.slug}: {text}")

    def ended(self, outcome: Outcome) -> None:
        with self._lock:
            if outcome.tenant in self._lines:
                self.bars.remove_task(self._lines.pop(outcome.tenant))
        if self._all is not None:
            self.bars.advance(self._all)
        if outcome.state == "failed":
            self.bars.console.print(f"{outcome.slug}: {outcome.error}", style="red", markup=False)


def upgrade(
    context: typer.Context,
    keys: Keys = None,
    everyone: Everyone = False,
    release: Annotated[str, typer.Option(help="Release to go to; the newest if empty.")] = "",
    jobs: Annotated[int | None, typer.Option(min=1, help="Odoo processes at once.")] = None,
    canary: Annotated[
        str | None, typer.Option(help="Tenant that goes first and alone; else the smallest.")
    ] = None,
    keep: Annotated[
        bool, typer.Option("--keep", help="Keep the restore points until they are dropped by hand.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Bring tenants to a release; with the first failure no other is begun.

    Each is in maintenance while a copy of its database is upgraded and checked; one that fails is
    served as it was. Exit code 7: some run the new release, others do not. A command that was
    broken off is simply run again.
    """
    bars = Bars()
    with expected():
        if bool(keys) == everyone:
            raise InvalidRequest("name tenants, or give --all")
        with bars.bars:
            report = upgrade_tenants(
                platform_of(context), keys or None, release,
                jobs=jobs, canary=canary, keep=keep, progress=bars,
            )  # fmt: skip
    if as_json:
        print_json(report)
    else:
        _show(report)
    raise typer.Exit(code_of(report))


def restore_points(
    context: typer.Context,
    sweep: Annotated[bool, typer.Option("--sweep", help="Drop those whose time is over.")] = False,
    drop: Annotated[list[str] | None, typer.Option(help="Drop this one, kept or not.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the databases as they were before upgrades and restores, or drop some."""
    with expected():
        platform = platform_of(context)
        for name in drop or ():
            points.drop(platform, name)
        if sweep:
            points.sweep(platform)
        rows = points.list_(platform)
    if as_json:
        print_json(rows)
        return
    table = Table("Database", "Tenant", "Made", "Kept")
    for row in rows:
        made = row.made_at.isoformat(timespec="minutes") if row.made_at else "in use"
        table.add_row(row.database, row.slug or str(row.tenant), made, "yes" if row.kept else "")
    console.print(table)


def code_of(report: Report) -> int:
    """0: all run the release. 7: some do. 1: none does."""
    if not report.failed:
        return exits.OK
    return exits.PARTLY if report.partly else exits.FAILED


def _show(report: Report) -> None:
    table = Table("Tenant", "State", "Modules", "Seconds")
    for one in report.outcomes:
        colour = COLOURS.get(one.state, "default")
        modules = ", ".join(one.modules)
        table.add_row(one.slug, f"[{colour}]{one.state}[/]", modules, f"{one.seconds:.1f}")
    console.print(table)
    done = len(report.of("upgraded", "switched", "unchanged"))
    text = f"{done} of {len(report.outcomes)} run release {report.release}"
    console.print(f"{text}; {report.seconds:.0f} s, {report.jobs} at once", markup=False)
