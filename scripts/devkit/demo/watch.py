"""What became of the day's events: asked of Odoo's outbox and, independently, of the receivers."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import psycopg
from psycopg import sql

from devkit.context import RunContext
from devkit.demo.day import Expected

OPEN = ("pending", "leased")
EVENTS = """
    SELECT e.uid::text, e.type, e.aggregate, e.state, coalesce(e.error, ''), s.name, d.state,
        coalesce(d.last_status, ''), coalesce(d.last_answer, ''),
        extract(epoch FROM d.delivered_at - e.occurred_at) * 1000
    FROM smarter_event e
    LEFT JOIN smarter_delivery d ON d.event_id = e.id
    LEFT JOIN smarter_subscription s ON s.id = d.subscription_id
    WHERE e.id > %s ORDER BY e.id, s.id
"""


@dataclass(frozen=True)
class Arrival:
    """One delivery; ``milliseconds`` from the event in Odoo to the receiver's answer."""

    state: str
    status: str = ""
    answer: str = ""
    milliseconds: float | None = None


@dataclass
class Row:
    """One event and where it went, by subscription."""

    uid: str
    type: str
    aggregate: str
    state: str
    error: str
    arrivals: dict[str, Arrival] = field(default_factory=dict)

    @property
    def expected(self) -> Expected:
        return Expected(self.type, self.aggregate)


class Watch:
    """The events since the demo began."""

    def __init__(self, context: RunContext, sleep: Callable[[float], None] = time.sleep) -> None:
        self.context = context
        self.sleep = sleep
        self.start = self._query("SELECT coalesce(max(id), 0) FROM smarter_event")[0][0]

    def rows(self) -> list[Row]:
        found: dict[str, Row] = {}
        for uid, kind, aggregate, state, error, name, *arrival in self._query(EVENTS, self.start):
            row = found.setdefault(uid, Row(uid, kind, aggregate, state, error))
            if name:
                row.arrivals[name] = Arrival(*arrival)
        return list(found.values())

    def settle(self, expected: Iterable[Expected], seconds: float) -> list[Row]:
        """Wait until all that was expected has been captured and nothing is on its way any more."""
        wanted, end = set(expected), time.monotonic() + seconds
        while True:
            rows = self.rows()
            under_way = any(a.state in OPEN for row in rows for a in row.arrivals.values())
            seen = wanted <= {row.expected for row in rows}
            if (seen and not under_way) or time.monotonic() > end:
                return rows
            self.sleep(0.3)

    def received_by_n8n(self) -> set[str]:
        """Ids of the events that the sandbox's n8n has verified and kept."""
        found, after = set(), 0
        while batch := self._sandbox(f"events?after={after}")["events"]:
            found |= {event["id"] for event in batch}
            after = batch[-1]["position"]
        return found

    def contacts_in_chatwoot(self) -> set[str]:
        """Identifiers (RUT:partner id) of the contacts that the sandbox's Chatwoot has."""
        accounts = self._sandbox("state")["chatwoot"]["accounts"].values()
        return {contact["identifier"] for account in accounts for contact in account["contacts"]}

    def in_warehouse(self, table: str, column: str, record: int) -> bool:
        """Whether the tenant's own reader sees the record in the warehouse."""
        query = sql.SQL("SELECT 1 FROM wh.{} WHERE {} = %s").format(
            sql.Identifier(table), sql.Identifier(column)
        )
        with psycopg.connect(**self.context.warehouse, connect_timeout=10) as connection:
            return connection.execute(query, [record]).fetchone() is not None

    def _query(self, query: str, *values: object) -> list[tuple]:
        with self.context.owner.connect(self.context.tenant.database) as connection:
            return connection.execute(query, values).fetchall()

    def _sandbox(self, path: str) -> dict:
        address = f"{self.context.sandbox_url}/_sandbox/{path}"
        with urllib.request.urlopen(address, timeout=10) as answer:
            return json.load(answer)
