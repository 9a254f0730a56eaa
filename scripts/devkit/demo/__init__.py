"""``scripts/run --demo``: a working day in Odoo, and the proof that every event of it arrived."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import odoorpc

from devkit.context import RunContext
from devkit.demo import report
from devkit.demo.day import Call, Day, Expected
from devkit.demo.watch import Watch
from devkit.progress import console, say, warn

PATIENCE = 90  # seconds


def play(context: RunContext) -> int:
    """Play the day as the owner of the shop. Returns 0 when everything arrived, else 1."""
    watch = Watch(context)
    expected: list[Expected] = []
    for number, step in enumerate(Day(_login(context)).play(), 1):
        say(f"{number:2}. {step.title}")
        expected += step.events
    with console.status("Waiting until everything is delivered"):
        rows = watch.settle(expected, PATIENCE)
    console.print(report.table(rows))
    missing = report.problems(watch, rows, expected)
    for line in missing:
        warn(line)
    if not missing:
        say(f"All {len(rows)} events arrived at n8n, Chatwoot and the KPI warehouse.")
    return 1 if missing else 0


def _login(context: RunContext) -> Call:
    address = urlsplit(context.odoo_url)
    odoo = odoorpc.ODOO(address.hostname, port=address.port, timeout=60)
    odoo.login(context.tenant.database, *context.credentials("owner"))

    def call(model: str, method: str, *arguments: Any, **options: Any) -> Any:
        return odoo.execute_kw(model, method, list(arguments), options)

    return call
