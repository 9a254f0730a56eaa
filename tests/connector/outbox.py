"""Rows in an outbox database, as Odoo would put them there."""

from __future__ import annotations

import json
from typing import Any

import psycopg

from smarter_connector.settings import TenantSettings
from smarter_connector.stores.postgres import ConnectionBudget, PostgresStore
from tests.connector.support import KEY, RUT
from tests.postgres import OutboxDatabase


def tenant_of(database: OutboxDatabase, **values: Any) -> TenantSettings:
    return TenantSettings(
        **{"database": database.name, "uuid": database.uuid, "rut": RUT, **values}
    )


def store_of(
    database: OutboxDatabase, budget: ConnectionBudget | None = None, **values: Any
) -> PostgresStore:
    """A store as the connector's own role; ``values`` replace what the tenant list says."""
    with database.owner() as owner:
        owner.execute("UPDATE smarter_outbox_state SET tenant_rut = %s", [RUT])
    arguments = {**database.dsn(database.server.connector), "connect_timeout": 5}
    budget = ConnectionBudget(10) if budget is None else budget
    return PostgresStore(tenant_of(database, **values), arguments, budget)


def subscribe(owner: psycopg.Connection, url: str = "", **values: Any) -> int:
    """A subscription with a signing key. Returns its id."""
    row = {"name": "n8n", "target": "webhook", "url": url, "batch_size": 1, "config": {}, **values}
    row["config"] = json.dumps(row["config"])
    query = """INSERT INTO smarter_subscription (name, target, url, batch_size, config)
               VALUES (%(name)s, %(target)s, %(url)s, %(batch_size)s, %(config)s) RETURNING id"""
    (key,) = owner.execute(query, row).fetchone()
    query = "INSERT INTO smarter_subscription_key (subscription_id, secret) VALUES (%s, %s)"
    owner.execute(query, [key, KEY.text])
    return key


def enqueue(
    owner: psycopg.Connection, subscription: int, aggregate: str = "sale.order/1", **data: Any
) -> None:
    """One committed event for one subscription."""
    model, _, res_id = aggregate.partition("/")
    event = {
        "type": "order.confirmed",
        "model": model,
        "res_id": int(res_id),
        "aggregate": aggregate,
        "rut": RUT,
        "data": {"id": int(res_id), "model": model, "name": aggregate, **data},
        "subscriptions": [subscription],
    }
    owner.execute("SELECT smarteros.enqueue(%s)", [json.dumps([event])])


def states(owner: psycopg.Connection) -> dict[str, int]:
    """Deliveries by state."""
    query = "SELECT state, count(*) FROM smarter_delivery GROUP BY 1"
    return dict(owner.execute(query).fetchall())


def empty(owner: psycopg.Connection) -> None:
    """As on the first day; quicker than a new database."""
    owner.execute(
        """TRUNCATE smarter_event, smarter_delivery, smarter_subscription, smarter_subscription_key,
                    smarter_external_ref, smarter_backfill, smarter_webhook_hour RESTART IDENTITY"""
    )
    state = "held = false, tenant_status = 'active', tenant_rut = %s"
    owner.execute(f"UPDATE smarter_outbox_state SET {state}", [RUT])
