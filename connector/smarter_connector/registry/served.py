"""What the registry tells a connector: the tenants to serve, and which of them wait.

Read with the connector's own role, which sees the view ``routing.served`` and nothing else.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict
from pydantic import ValidationError

from smarter_connector.exceptions import ConfigurationError, first_line
from smarter_connector.registry.errors import RegistryUnavailable
from smarter_connector.secrets import read_secret
from smarter_connector.settings import Settings, TenantSettings
from smarter_connector.stores.postgres import connection_arguments
from smarter_domain.plans import Plan

logger = logging.getLogger(__name__)

CONNECT_SECONDS = 5
QUERY = (
    "SELECT database, uuid, rut, plan, status, status_reason, maintenance"
    " FROM routing.served ORDER BY database"
)


@dataclass(frozen=True, slots=True)
class Served:
    """A tenant to serve. ``hold`` says why its deliveries wait, and is empty when they do not.

    One ``in_maintenance`` may have no database at the moment. One that the registry does not know
    has no ``plan``.
    """

    tenant: TenantSettings
    plan: str = ""
    hold: str = ""
    in_maintenance: bool = False

    @property
    def webhooks_per_hour(self) -> int | None:
        """The plan's allowance; None is no limit, and so is a plan this release does not know."""
        try:
            return Plan(self.plan).terms.webhooks_per_hour
        except ValueError:
            return None


def arguments(settings: Settings) -> dict[str, Any]:
    """Arguments of ``psycopg.connect``. Raises ConfigurationError for an unreadable file."""
    found = connection_arguments(settings, settings.registry_database)
    if settings.registry_dsn_file is not None:
        try:
            found |= conninfo_to_dict(read_secret(settings.registry_dsn_file))
        except psycopg.ProgrammingError:
            # Its text would quote the line, which holds the password.
            raise ConfigurationError(
                f"{settings.registry_dsn_file} holds no connection string of PostgreSQL"
            ) from None
    return found | {"connect_timeout": CONNECT_SECONDS}


def read(settings: Settings) -> list[Served]:
    """Ask the registry once. Raises RegistryUnavailable and ConfigurationError."""
    given = arguments(settings)
    try:
        with psycopg.connect(**given, autocommit=True) as connection:
            return served(connection.execute(QUERY).fetchall())
    except psycopg.Error as error:
        raise RegistryUnavailable(describe(error)) from error


def everyone(settings: Settings) -> list[Served]:
    """The tenants of the registry, and those of the lists that it does not name.

    Raises RegistryUnavailable and ConfigurationError.
    """
    found = read(settings) if settings.uses_registry else []
    known = {item.tenant.database for item in found}
    others = [one for one in settings.all_tenants() if one.database not in known]
    return [*map(Served, others), *found]


def served(rows: Iterable[Sequence[Any]]) -> list[Served]:
    """The rows of the view as values; one that makes no sense is left out and told of."""
    found = []
    for database, uuid, rut, plan, status, reason, maintenance in rows:
        try:
            tenant = TenantSettings(database=database, uuid=uuid, rut=rut)
        except ValidationError:
            logger.error("the registry's entry of %s cannot be served", ascii(database)[:80])
            continue
        found.append(Served(tenant, plan, _hold(status, reason, maintenance), bool(maintenance)))
    return found


def describe(error: BaseException) -> str:
    """One line for an operator."""
    return f"the registry cannot be read: {first_line(error)}"


def _hold(status: str, reason: str, maintenance: str | None) -> str:
    if maintenance:
        return f"in maintenance: {maintenance}"
    if status == "active":
        return ""
    return f"{status}: {reason}" if reason else f"the tenant is {status}"
