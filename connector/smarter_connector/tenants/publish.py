"""A draft published: a database that nobody was served becomes a new tenant's, under its name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from smarter_connector.registry import TenantRow
from smarter_connector.registry.errors import StepFailed
from smarter_connector.tenants.ownership import made_by_creation
from smarter_connector.tenants.platform import Platform


class NewTenantJob(Protocol):
    """``draft`` is what the database is called until it is published as ``database``."""

    @property
    def tenant(self) -> TenantRow: ...
    @property
    def draft(self) -> str: ...
    @property
    def database(self) -> str: ...


def publish(
    platform: Platform, job: NewTenantJob, kind: str, event: str, detail: Mapping[str, Any],
    **columns: Any,
) -> None:  # fmt: skip
    """The database gets its name, then Odoo's role, and only then the registry shows it.

    May be repeated. ``columns`` of the registry are written with it. Raises StepFailed when the
    name is that of a database which the registry does not know.
    """
    databases = platform.databases
    if databases.exists(job.draft):
        _make_room(platform, job)
        databases.rename(job.draft, job.database)
    platform.reached(f"{kind}:renamed")
    databases.give(job.database, platform.settings.odoo_role)
    platform.reached(f"{kind}:owner")
    platform.registry.update(
        job.tenant.id, event, detail, status="active", database=job.database,
        activated_at=platform.now(), **columns,
    )  # fmt: skip


def _make_room(platform: Platform, job: NewTenantJob) -> None:
    """What an earlier try renamed and could not publish gives way; any other database does not."""
    if not platform.databases.exists(job.database):
        return
    if not made_by_creation(platform, job.tenant, job.database):
        raise StepFailed(
            f"there is a database {job.database} that the registry does not know: rename it"
        )
    platform.databases.drop(job.database)
