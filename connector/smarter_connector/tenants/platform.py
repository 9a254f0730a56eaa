"""What every operation on tenants gets: the server, the registry, Odoo, the files."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from smarter_connector.clock import Clock, SystemClock
from smarter_connector.exceptions import StoreUnavailable
from smarter_connector.registry import Registry
from smarter_connector.secrets import read_secret
from smarter_connector.tenants.databases import Databases
from smarter_connector.tenants.odoo_runner import OdooRunner
from smarter_connector.tenants.platform_settings import PlatformSettings

KILL_VARIABLE = "SMARTEROS_TEST_KILL_AFTER"
MIB = 2**20

Say = Callable[[str], None]


def silent(_: str) -> None:
    """For callers that show no progress."""


@dataclass(frozen=True)
class Platform:
    """``say`` is told in a few words what is being done; ``actor`` stands in the history."""

    settings: PlatformSettings
    actor: str = "operator"
    clock: Clock = field(default_factory=SystemClock)
    say: Say = silent

    @property
    def registry(self) -> Registry:
        return Registry(lambda: self.admin(self.settings.registry_database), actor=self.actor)

    @property
    def databases(self) -> Databases:
        return Databases(self.admin, self.settings.filestores)

    @property
    def odoo(self) -> OdooRunner:
        return OdooRunner(self.settings)

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.clock.time(), UTC)

    def admin(self, database: str = "postgres") -> psycopg.Connection:
        """An administrator's autocommit connection. Raises StoreUnavailable."""
        settings = self.settings
        arguments = {
            "host": settings.pg_host, "port": settings.pg_port, "user": settings.pg_admin_user,
            "dbname": database, "connect_timeout": 10, "application_name": "smarteros-tenant",
            "sslmode": settings.pg_sslmode, "password": self.admin_password(),
        }  # fmt: skip
        given = {key: value for key, value in arguments.items() if value is not None}
        try:
            return psycopg.connect(**given, autocommit=True)
        except psycopg.OperationalError as error:
            reason = str(error).strip().splitlines()[-1]
            raise StoreUnavailable(f"the database {database} cannot be opened: {reason}") from error

    def filestore(self, database: str) -> Path:
        return self.databases.filestore(database)

    def reached(self, point: str) -> None:
        """Die here, as if the power had gone, when a test asked for it."""
        if self.settings.testing and os.environ.get(KILL_VARIABLE) == point:
            os.kill(os.getpid(), signal.SIGKILL)

    def telling(self, what: str) -> Callable[[int], None]:
        """``told(count)`` says how many bytes ``what`` has done, a mebibyte at a time."""
        last = -1

        def told(count: int) -> None:
            nonlocal last
            if count // MIB != last:
                last = count // MIB
                self.say(f"{what}: {last} MiB")

        return told

    def admin_password(self) -> str | None:
        """The administrator's password; None where none is needed."""
        path = self.settings.pg_admin_password_file
        return read_secret(path) if path else None
