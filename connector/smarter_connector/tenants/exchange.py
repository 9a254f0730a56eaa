"""A draft that takes a tenant's place: an upgraded copy, or a backup that was unpacked.

The two databases change names while the tenant is closed; the former one, whole as it was, is the
restore point. So whatever goes wrong is taken back by changing the names again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import psycopg

from smarter_connector.exceptions import ConnectorError
from smarter_connector.registry import Lock, LockLost, OperationRow, TenantRow
from smarter_connector.registry.errors import StepFailed
from smarter_connector.tenants import maintenance
from smarter_connector.tenants.jobs import Drafted
from smarter_connector.tenants.platform import Platform
from smarter_domain.tenancy import restore_point_name


@dataclass(frozen=True)
class Replacement(Drafted):
    """``operation`` is the number of the operation, which names the restore point."""

    operation: int

    @property
    def database(self) -> str:
        assert self.tenant.database  # checked where the job begins
        return self.tenant.database

    @property
    def restore_point(self) -> str:
        return restore_point_name(self.tenant.id, self.operation)


Job = TypeVar("Job", bound=Replacement)


def close(platform: Platform, job: Replacement, facts: Mapping[str, Any]) -> None:
    """A step: nobody works in the tenant's database any more. It may be what was lost."""
    if platform.databases.exists(job.database):
        maintenance.close(platform, job.database)


def take_place(platform: Platform, job: Replacement, kind: str) -> None:
    """The draft gets the tenant's name, the former database that of the restore point; neither is
    Odoo's yet. May be repeated. Raises StepFailed when neither draft nor database is there."""
    databases = platform.databases
    if databases.exists(job.draft):
        if databases.exists(job.database):
            databases.rename(job.database, job.restore_point)
        platform.reached(f"{kind}:aside")
        databases.rename(job.draft, job.database)
    platform.reached(f"{kind}:renamed")
    if not databases.exists(job.database):
        raise StepFailed(f"the database {job.draft} is gone: run the command again")
    if databases.exists(job.restore_point):
        databases.give(job.restore_point, platform.settings.pg_admin_user)


def put_back(platform: Platform, job: Replacement, kind: str) -> None:
    """Let Odoo serve the tenant's own database. May be repeated, and begun at any step.

    Where there is a restore point, it is the tenant's whole former database: what took its name was
    never served.
    """
    databases = platform.databases
    if databases.exists(job.restore_point):
        databases.drop(job.database)
        platform.reached(f"{kind}:undo")
    databases.rename(job.restore_point, job.database)
    databases.drop(job.draft)
    if databases.exists(job.database):
        databases.give(job.database, platform.settings.odoo_role)
        databases.allow_connections(job.database, True)


def left_closed(platform: Platform, tenant: TenantRow, kind: str, page: str) -> OperationRow | None:
    """The failed operation that could not be taken back then: the server was away, say.

    ``page`` is how the reason for the maintenance begins that such an operation gives.
    """
    if not (tenant.maintenance or "").startswith(page):
        return None
    return next((op for op in platform.registry.operations(tenant.id) if op.kind == kind), None)


def after_failure(
    platform: Platform,
    lock: Lock,
    job: Job,
    error: ConnectorError,
    in_force: Callable[[TenantRow, OperationRow], bool],
    undo: Callable[[Platform, Job, str], None],
) -> bool:
    """Put back what was there. True when the draft was served already: only a note of it failed.

    Raises StepFailed when that fails too, and LockLost when another process may work on the tenant;
    it stays in maintenance until the command is run again.
    """
    if isinstance(error, LockLost):
        raise error
    try:
        lock.check()
        registry = platform.registry
        found = [op for op in registry.operations(job.tenant.id) if op.id == job.operation]
        if found and in_force(registry.tenant(job.tenant.id), found[0]):
            return True
        platform.say("putting back what was there")
        undo(platform, job, str(error))
    except (ConnectorError, psycopg.Error, OSError) as second:
        message = f"{error}; it could not be taken back ({second}): run the command again"
        raise StepFailed(message) from error
    return False
