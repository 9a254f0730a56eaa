"""The end of a deleted tenant: nothing is left of it but lines in the history."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from smarter_connector.registry import InvalidRequest, TenantRow, UnknownTenant
from smarter_connector.tenants import backup_retention, readers
from smarter_connector.tenants.jobs import check_idle, held
from smarter_connector.tenants.platform import Platform, Say
from smarter_connector.tenants.steps import Facts, Step, run_steps
from smarter_domain.rut import Rut
from smarter_domain.tenancy import deleted_name, new_name

KIND = "purge"
#: What is left of the row.
NOTHING: dict[str, Any] = {
    "status": "purged", "database": None, "uuid": None, "admin_email": "", "maintenance": None,
    "external_ids": {},
}  # fmt: skip


@dataclass(frozen=True)
class PurgeJob:
    tenant: TenantRow


def purge(
    platform: Platform,
    key: str | int,
    *,
    force_rut: str = "",
    keep_backups: bool = False,
    progress: Say | None = None,
) -> TenantRow:
    """Remove database, files, backups, figures and logins of a deleted tenant, with its copies.

    Before its day, only with ``force_rut``: its RUT, typed again. There is no way back, and a
    killed command is run again. Raises InvalidRequest, Busy and StepFailed.
    """
    platform = replace(platform, say=progress) if progress else platform
    registry = platform.registry
    with held(platform, key) as (tenant, lock):
        operation = registry.open_operation(tenant.id, KIND)
        if operation is None:
            _check(platform, tenant, force_rut)
            operation = registry.begin(tenant.id, KIND, {"keep_backups": keep_backups})
        run_steps(platform, lock, operation, STEPS, PurgeJob(tenant))
        return registry.tenant(tenant.id)


def due(platform: Platform) -> list[TenantRow]:
    """Deleted tenants whose time is over."""
    now = platform.now()
    deleted = platform.registry.tenants(status=("deleted",), kind=None)
    return [one for one in deleted if one.purge_after and one.purge_after <= now]


def _check(platform: Platform, tenant: TenantRow, force_rut: str) -> None:
    if tenant.status != "deleted":
        raise InvalidRequest(f"the tenant {tenant.slug} is {tenant.status}: delete it first")
    check_idle(platform, tenant, KIND)
    if force_rut:
        if not Rut.is_valid(force_rut) or Rut.parse(force_rut).plain != tenant.rut:
            raise InvalidRequest(f"{force_rut[:40]!r} is not the RUT of {tenant.slug}")
        return
    now = platform.now()
    if tenant.purge_after is None or tenant.purge_after > now:
        day = f"{tenant.purge_after:%Y-%m-%d}" if tenant.purge_after else "an unknown day"
        raise InvalidRequest(f"{tenant.slug} is kept until {day}: force it with its RUT")


def _copies(platform: Platform, job: PurgeJob, facts: Mapping[str, Any]) -> Facts:
    """Copies for tests hold the same people's data. Raises Busy while one is worked on."""
    for row in platform.registry.tenants(kind="staging"):
        if row.source_tenant == job.tenant.id:
            with held(platform, row.id) as (copy, _):
                if copy.status != "purged":
                    _drop(platform, copy)
                    platform.registry.update(copy.id, "purged", {"with": job.tenant.id}, **NOTHING)
    return None


def _database(platform: Platform, job: PurgeJob, facts: Mapping[str, Any]) -> Facts:
    _drop(platform, job.tenant)
    return None


def _drop(platform: Platform, tenant: TenantRow) -> None:
    for name in _names(platform, tenant):
        platform.databases.drop(name)
        for log in platform.settings.logs.glob(f"odoo-*-{name}.log"):
            log.unlink(missing_ok=True)


def _names(platform: Platform, tenant: TenantRow) -> Iterator[str]:
    """Whatever its database was called; the files of one that is gone are there perhaps."""
    yield from platform.databases.names(f"pre_{tenant.id}_")
    yield new_name(tenant.id)
    yield deleted_name(tenant.id)
    if tenant.database:
        yield tenant.database


def _backups(platform: Platform, job: PurgeJob, facts: Mapping[str, Any]) -> Facts:
    if not facts["keep_backups"]:
        for row in platform.registry.backups(job.tenant.id):
            backup_retention.remove(platform, row)
    return None


def _warehouse(platform: Platform, job: PurgeJob, facts: Mapping[str, Any]) -> Facts:
    if job.tenant.kind == "production":
        readers.leave(platform, job.tenant.rut)
    return None


def _forget(platform: Platform, job: PurgeJob, facts: Mapping[str, Any]) -> Facts:
    """RUT, slug and hosts are free again; the line of history says whose they were."""
    tenant = job.tenant
    if _status(platform, tenant.id) == "purged":
        return None
    detail = {"uuid": tenant.uuid, "slug": tenant.slug, "hosts": list(tenant.hosts),
              "backups_kept": facts["keep_backups"]}  # fmt: skip
    platform.registry.update(tenant.id, "purged", detail, **NOTHING)
    return None


def _status(platform: Platform, tenant_id: int) -> str:
    try:
        return platform.registry.tenant(tenant_id).status
    except UnknownTenant:
        return "purged"


STEPS = (
    Step("copies", _copies, "removing its copies for tests"),
    Step("database", _database, "dropping database and files"),
    Step("backups", _backups, "removing its backups"),
    Step("warehouse", _warehouse, "removing its figures and logins"),
    Step("forget", _forget, "freeing the RUT"),
)
