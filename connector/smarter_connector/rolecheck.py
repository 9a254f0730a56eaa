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


def role_problem(settings: Settings, database: str) -> str:
    """What the role can do beyond the protocol, or cannot do of it; empty when all is well."""
    try:
        with psycopg.connect(**connection_arguments(settings, database)) as connection:
            return "; ".join(audit_role(connection))
    except psycopg.Error as error:
        return (str(error).splitlines() or ["it cannot be asked"])[0]


async def audit(settings: Settings, tenants: Iterable[TenantSettings], metrics: Metrics) -> None:
    """Say loudly where the role is not as it must be.

    Events are delivered all the same: a right too many is for an administrator to take away, and
    stopping a business's events would not take it away.
    """
    for tenant in tenants:
        if tenant.store == "postgres":
            problem = await asyncio.to_thread(role_problem, settings, tenant.database)
            metrics.role(tenant.database, not problem)
            if problem:
                logger.error("the role of tenant %s is not safe: %s", tenant.database, problem)
