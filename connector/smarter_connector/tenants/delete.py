"""Tenants taken away and brought back: for a while nothing is lost.

A deleted tenant is not served from the moment the registry says so. Its database is renamed
``del_<id>`` and belongs to the administrator, so neither Odoo nor the connector reaches it; its
RUT, its slug and its hosts stay its own until it is purged.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from smarter_connector.registry import TenantRow
from smarter_connector.registry.errors import StepFailed
from smarter_connector.tenants import maintenance
from smarter_connector.tenants.jobs import check_idle, check_status, held
from smarter_connector.tenants.mirror import mirror
from smarter_connector.tenants.platform import Platform, Say
from smarter_connector.tenants.steps import Facts, Step, run_steps
from smarter_domain.tenancy import database_name, deleted_name

DELETE, UNDELETE = "delete", "undelete"


@dataclass(frozen=True)
class Removal:
    """``name`` is what the database is called while it is served."""

    tenant: TenantRow
    name: str

    @property
    def aside(self) -> str:
        return deleted_name(self.tenant.id)


def delete(
    platform: Platform, key: str | int, *, reason: str = "", progress: Say | None = None
) -> TenantRow:
    """Stop serving a tenant at once, and keep it for ``deleted_days``; a copy for tests not at all.

    A killed command is run again. Raises InvalidRequest, Busy and StepFailed.
    """
    platform = replace(platform, say=progress) if progress else platform
    registry = platform.registry
    with held(platform, key) as (tenant, lock):
        operation = registry.open_operation(tenant.id, DELETE)
        if operation is None:
            check_status(tenant)
            check_idle(platform, tenant, DELETE)
            facts = {"name": tenant.database, "before": tenant.status, "reason": reason.strip()}
            operation = registry.begin(tenant.id, DELETE, facts)
        job = Removal(tenant, str(operation.data["name"]))
        run_steps(platform, lock, operation, DELETE_STEPS, job)
        return registry.tenant(tenant.id)


def undelete(platform: Platform, key: str | int, *, progress: Say | None = None) -> TenantRow:
    """Serve a deleted tenant again, as it was: active or suspended. A killed command is run again.

    What waited in its outbox is delivered. Raises InvalidRequest, Busy and StepFailed.
    """
    platform = replace(platform, say=progress) if progress else platform
    registry = platform.registry
    with held(platform, key) as (tenant, lock):
        operation = registry.open_operation(tenant.id, UNDELETE)
        if operation is None:
            check_status(tenant, ("deleted",))
            check_idle(platform, tenant, UNDELETE)
            before = _before(platform, tenant)
            operation = registry.begin(tenant.id, UNDELETE, before)
        job = Removal(tenant, str(operation.data["name"]))
        run_steps(platform, lock, operation, UNDELETE_STEPS, job)
        tenant = registry.tenant(tenant.id)
        mirror(platform, tenant)
        return tenant


def _before(platform: Platform, tenant: TenantRow) -> dict[str, Any]:
    """Name and status that the deletion took away."""
    for operation in platform.registry.operations(tenant.id, 1000):
        if operation.kind == DELETE and operation.state == "done":
            return {"name": operation.data["name"], "before": operation.data["before"]}
    return {"name": database_name(tenant.rut), "before": "active"}


def _mark(platform: Platform, job: Removal, facts: Mapping[str, Any]) -> Facts:
    """From here on no host leads to it and the connector lets it go."""
    now = platform.now()
    days = platform.settings.deleted_days if job.tenant.kind == "production" else 0
    platform.registry.update(
        job.tenant.id, "deleted", {"reason": facts["reason"], "before": facts["before"]},
        status="deleted", deleted_at=now, purge_after=now + timedelta(days=days),
        maintenance=None,
    )  # fmt: skip
    return None


def _close(platform: Platform, job: Removal, facts: Mapping[str, Any]) -> Facts:
    if platform.databases.exists(job.name):
        maintenance.close(platform, job.name)
    return None


def _put_aside(platform: Platform, job: Removal, facts: Mapping[str, Any]) -> Facts:
    databases = platform.databases
    if databases.exists(job.name) and databases.exists(job.aside):
        raise StepFailed(f"there are both {job.name} and {job.aside}: drop the wrong one by hand")
    databases.rename(job.name, job.aside)
    platform.reached(f"{DELETE}:renamed")
    if not databases.exists(job.aside):
        raise StepFailed(f"the database {job.name} is gone: restore it from a backup")
    databases.give(job.aside, platform.settings.pg_admin_user)
    platform.registry.update(job.tenant.id, "put aside", {"as": job.aside}, database=job.aside)
    return None


def _put_back(platform: Platform, job: Removal, facts: Mapping[str, Any]) -> Facts:
    databases = platform.databases
    if databases.exists(job.aside) and databases.exists(job.name):
        raise StepFailed(f"there is a database {job.name} that the registry does not know")
    databases.rename(job.aside, job.name)
    platform.reached(f"{UNDELETE}:renamed")
    if not databases.exists(job.name):
        raise StepFailed(f"the database {job.aside} is gone: restore it from a backup")
    databases.give(job.name, platform.settings.odoo_role)
    databases.allow_connections(job.name, True)
    return None


def _serve(platform: Platform, job: Removal, facts: Mapping[str, Any]) -> Facts:
    platform.registry.update(
        job.tenant.id, "undeleted", {}, status=facts["before"], database=job.name,
        deleted_at=None, purge_after=None,
    )  # fmt: skip
    return None


DELETE_STEPS = (
    Step("mark", _mark, "taking its hosts away"),
    Step("close", _close, "letting work under way end"),
    Step("aside", _put_aside, "putting the database aside"),
)
UNDELETE_STEPS = (
    Step("back", _put_back, "bringing the database back"),
    Step("serve", _serve, "serving it again"),
)
