"""Proof, at the start and on demand, that our database role can do no more than it must."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable

import psycopg

from smarter_connector.metrics import Metrics
from smarter_connector.provisioning import audit_role
from smarter_connector.settings import Settings, TenantSettings
from smarter_connector.stores.postgres import connection_arguments

logger = logging.getLogger(__name__)

CONNECT_SECONDS = 5
"""A connector that is told to stop waits for a connection that is being made here."""


def role_problem(settings: Settings, database: str) -> str:
    """What the role can do beyond the protocol, or cannot do of it; empty when all is well."""
    try:
        return _ask(settings, database)
    except psycopg.OperationalError as error:
        return (str(error).splitlines() or ["it cannot be asked"])[0]


def _ask(settings: Settings, database: str) -> str:
    """Raises ``psycopg.OperationalError`` when the database cannot be reached."""
    arguments = connection_arguments(settings, database) | {"connect_timeout": CONNECT_SECONDS}
    try:
        with psycopg.connect(**arguments) as connection:
            return "; ".join(audit_role(connection))
    except psycopg.OperationalError:
        raise
    except psycopg.Error as error:
        return (str(error).splitlines() or ["it cannot be asked"])[0]


async def audit(settings: Settings, tenants: Iterable[TenantSettings], metrics: Metrics) -> None:
    """Say loudly where the role is not as it must be; a database that is away is asked again.

    Events are delivered all the same: a right too many is for an administrator to take away, and
    stopping a business's events would not take it away.
    """
    left = [tenant.database for tenant in tenants if tenant.store == "postgres"]
    while left := [name for name in left if not await _audit_one(settings, name, metrics)]:
        await asyncio.sleep(settings.identity_seconds)


async def _audit_one(settings: Settings, database: str, metrics: Metrics) -> bool:
    try:
        problem = await asyncio.to_thread(_ask, settings, database)
    except psycopg.OperationalError:
        logger.warning("the role of tenant %s cannot be audited yet", database)
        return False
    metrics.role(database, not problem)
    if problem:
        logger.error("the role of tenant %s is not safe: %s", database, problem)
    return True
