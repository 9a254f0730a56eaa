"""A tenant's database at rest: nobody begins new work in it, what was begun may end."""

from __future__ import annotations

import time
from collections.abc import Callable

import psycopg

from smarter_connector.tenants.platform import Platform

LEARNT_SECONDS = 1.2
"""Odoo's servers ask the registry for its tenants once a second."""
PAUSE_SECONDS = 0.2

_SESSIONS = """SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()
    AND backend_type = 'client backend' AND state NOT LIKE 'idle'"""
_LEASES = """SELECT count(*) FROM smarter_delivery WHERE state = 'leased'
    AND due_at > clock_timestamp() AT TIME ZONE 'utc'"""


def close(platform: Platform, database: str, *, wait: Callable[[float], None] = time.sleep) -> None:
    """Let requests and deliveries under way end, then let nobody in, not even Odoo's role.

    What has not ended after ``drain_seconds`` is broken off: Odoo's transaction is rolled back, and
    a delivery whose end could not be noted is made once more. Running it again does no harm.
    """
    limit = platform.settings.drain_seconds
    started = platform.clock.monotonic()
    if platform.databases.allows_connections(database):
        wait(min(LEARNT_SECONDS, limit))
        while platform.clock.monotonic() - started < limit and at_work(platform, database):
            wait(PAUSE_SECONDS)
    platform.databases.allow_connections(database, False)
    platform.databases.disconnect(database)


def at_work(platform: Platform, database: str) -> int:
    """Sessions in the middle of something, and deliveries that the connector is making."""
    with platform.admin(database) as connection:
        (sessions,) = connection.execute(_SESSIONS, [database]).fetchone() or (0,)
        try:
            (leases,) = connection.execute(_LEASES).fetchone() or (0,)
        except psycopg.errors.UndefinedTable:
            leases = 0
    return sessions + leases
