"""Holding records still while a backfill reads them.

An event's number says which of two states is newer. A person's change that is written but not yet
committed may already have its number, and a backfill that read the state before it would get a
higher one: the old state would win for good. So the batch's rows are locked first. Whoever wants to
change one of them then waits for the batch; and where somebody has changed one already, locking
fails, the batch is rolled back and tried again on a newer state.
"""

from __future__ import annotations

from odoo.tools import SQL

from ..types import SHIPPED
from .triggers import Relay


def hold_still(env, model: str, ids: list[int]) -> None:
    """Lock the rows that payloads of these records are made of, until the transaction ends.

    Raises psycopg2's LockNotAvailable or SerializationFailure, which Odoo's ``retrying`` knows.
    Nothing is ever waited for, so it can be part of no deadlock.
    """
    relays = [relay for relay in _relays(model) if relay.model in env]
    # FOR UPDATE also keeps new lines out: what refers to a row takes a key lock on it.
    strength = SQL("UPDATE" if any(relay.up for relay in relays) else "SHARE")
    _lock(env, model, SQL("t.id = ANY(%s)", ids), strength)
    for relay in relays:
        if relay.up:
            rows = SQL("t.%s = ANY(%s)", SQL.identifier(relay.up), ids)
        else:
            rows = SQL(
                "t.id IN (SELECT %s FROM %s WHERE id = ANY(%s))",
                SQL.identifier(relay.down),
                SQL.identifier(env[model]._table),
                ids,
            )
        _lock(env, relay.model, rows, SQL("SHARE"))


def _relays(model: str) -> set[Relay]:
    """Related records that are part of a payload; labels with ``_`` are for triggers alone."""
    return {
        relay
        for declared in SHIPPED
        if declared.model == model
        for relay in declared.trigger.relays
        if not (relay.label or "").startswith("_")
    }


def _lock(env, model: str, rows: SQL, strength: SQL) -> None:
    table = SQL.identifier(env[model]._table)
    env.cr.execute(
        SQL("SELECT 1 FROM %s t WHERE %s ORDER BY t.id FOR %s NOWAIT", table, rows, strength)
    )
