"""``doctor``: is every tenant as it should be?"""

from __future__ import annotations

from collections.abc import Sequence

import typer
from rich.markup import escape
from rich.table import Table

from smarter_connector import tenants
from smarter_connector.tenants.cli import exits
from smarter_connector.tenants.cli.common import (
    AsJson,
    Keys,
    console,
    expected,
    platform_of,
    print_json,
    progress,
)
from smarter_connector.tenants.findings import Finding

COLOURS = {"ok": "green", "warning": "yellow", "error": "red"}


def doctor(context: typer.Context, keys: Keys = None, as_json: AsJson = False) -> None:
    """Examine tenants (all, unless some are named) and the platform; 6 if something is wrong."""
    with expected(), progress("examining", platform_of(context)) as platform:
        findings = tenants.doctor(platform, keys or ())
    if as_json:
        print_json(findings)
    else:
        _print(findings)
    if any(finding.level == "error" for finding in findings):
        raise typer.Exit(exits.UNHEALTHY)


def _print(findings: Sequence[Finding]) -> None:
    """What is wrong, and how many questions had a good answer."""
    table = Table("Where", "What", "Result")
    for finding in findings:
        if finding.level != "ok":
            colour = COLOURS[finding.level]
            message = f"[{colour}]{escape(finding.message)}[/]"
            table.add_row(escape(finding.tenant), finding.check, message)
    if table.row_count:
        console.print(table)
    fine = sum(finding.level == "ok" for finding in findings)
    console.print(f"{fine} of {len(findings)} checks are fine")
