"""The demo's last word: a table of every event, and what did not arrive."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.table import Table
from rich.text import Text

from devkit.demo.day import Expected
from devkit.demo.watch import Arrival, Row, Watch

TARGETS = ("n8n", "Chatwoot", "KPI")
MARKS = {"delivered": ("✓", "green"), "dead": ("✗ dead", "red")}
#: What the warehouse keeps of a record: table and key column.
FACTS = {
    "sale.order": ("orders", "order_id"),
    "account.move": ("invoices", "invoice_id"),
    "account.payment": ("payments", "payment_id"),
    "stock.picking": ("deliveries", "picking_id"),
    "crm.lead": ("leads", "lead_id"),
    "res.partner": ("customers", "customer_id"),
    "product.product": ("products", "product_id"),
}


def table(rows: Iterable[Row]) -> Table:
    found = Table(title="Events of the day", title_justify="left")
    for heading in ("event", "aggregate", *TARGETS):
        found.add_column(heading, overflow="fold")
    found.add_column("latency", justify="right")
    for row in rows:
        cells = [_mark(row, name) for name in TARGETS]
        times = [a.milliseconds for a in row.arrivals.values() if a.milliseconds is not None]
        latency = f"{max(times):.0f} ms" if times else ""
        found.add_row(row.type, row.aggregate, *cells, latency)
    return found


def _mark(row: Row, target: str) -> Text:
    if row.state == "dead":
        return Text("✗ not built", style="red")
    arrival = row.arrivals.get(target, Arrival("no delivery"))
    text, style = MARKS.get(arrival.state, (arrival.state, "yellow"))
    return Text(text, style=style)


def problems(watch: Watch, rows: Sequence[Row], expected: Iterable[Expected]) -> list[str]:
    """One line for each thing that did not arrive, checked with the receivers themselves."""
    by_fact = {row.expected: row for row in rows}
    found = [
        f"{fact.type} {fact.aggregate}: Odoo announced no such event"
        for fact in expected
        if fact not in by_fact
    ]
    received = watch.received_by_n8n()
    for row in rows:
        found += _row_problems(row)
        if row.uid not in received:
            found.append(f"{row.type} {row.aggregate}: n8n has not received it")
    return found + _missing_in_receivers(watch, rows)


def _row_problems(row: Row) -> list[str]:
    if row.state == "dead":
        return [f"{row.type} {row.aggregate}: not built: {row.error}"]
    return [
        f"{row.type} {row.aggregate}: {name} is {arrival.state} ({arrival.status} {arrival.answer})"
        for name in TARGETS
        if (arrival := row.arrivals.get(name, Arrival("missing"))).state != "delivered"
    ]


def _missing_in_receivers(watch: Watch, rows: Sequence[Row]) -> list[str]:
    deleted = {row.aggregate for row in rows if row.type == "record.deleted"}
    contacts = watch.contacts_in_chatwoot()
    found = []
    for aggregate in sorted({row.aggregate for row in rows} - deleted):
        model, _, number = aggregate.partition("/")
        if model in FACTS and not watch.in_warehouse(*FACTS[model], int(number)):
            found.append(f"{aggregate}: the warehouse does not show it")
        if model == "res.partner":
            identifier = f"{watch.context.tenant.rut}:{number}"
            if identifier not in contacts:
                found.append(f"{aggregate}: Chatwoot has no contact {identifier}")
    return found
