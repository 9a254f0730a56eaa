"""One tenant's upgrade, step by step.

Odoo works on a copy. The tenant's own database is closed meanwhile and stays as it is; when the
copy has passed its checks the two change names, and the former database is the restore point. So a
failure costs the copy and nothing else, and there is no moment at which half an upgrade is served.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from smarter_connector.registry import OperationRow, ReleaseRow, TenantRow
from smarter_connector.tenants import filestore, releases, upgrade_checks
from smarter_connector.tenants.backup_dump import let_in
from smarter_connector.tenants.exchange import Replacement, close, put_back, take_place
from smarter_connector.tenants.mirror import mirror_into
from smarter_connector.tenants.platform import Platform
from smarter_connector.tenants.steps import Facts, Step
from smarter_connector.tenants.upgrade_plan import noted

KIND = "upgrade"
MAINTENANCE = "upgrade to release "
"""How the registry's reason for the maintenance of an upgrade begins."""


@dataclass(frozen=True)
class UpgradeJob(Replacement):
    """The draft is the copy that Odoo upgrades."""

    release: ReleaseRow


def _begin_maintenance(platform: Platform, job: UpgradeJob, facts: Mapping[str, Any]) -> Facts:
    reason = f"{MAINTENANCE}{job.release.name}"
    platform.registry.update(
        job.tenant.id, "maintenance", {"release": job.release.name}, maintenance=reason
    )
    return None


def _odoo(platform: Platform, job: UpgradeJob, facts: Mapping[str, Any]) -> Facts:
    """Always on a fresh copy: what a killed Odoo left behind goes with the one before."""
    databases, role = platform.databases, platform.settings.odoo_role
    databases.clone(job.database, job.draft)
    databases.copy_filestore(job.database, job.draft)
    with platform.admin(job.draft) as connection:
        let_in(connection, role)
        counts = upgrade_checks.row_counts(connection)
    platform.reached(f"{KIND}:copied")
    odoo, upgraded, new = releases.runner(platform, job.release), facts["upgrade"], facts["install"]
    if upgraded:
        odoo.upgrade(job.draft, upgraded, *(["-i", ",".join(new)] if new else []))
    elif new:
        odoo.install(job.draft, new)
    filestore.own_like(platform.settings.filestores, platform.filestore(job.draft))
    return {"counts": counts}


def _check(platform: Platform, job: UpgradeJob, facts: Mapping[str, Any]) -> Facts:
    found = upgrade_checks.check(
        platform, job.draft, job.tenant, job.release, [*facts["upgrade"], *facts["install"]],
        facts["counts"],
    )  # fmt: skip
    return {"modules": noted(job.release, found, [*job.tenant.modules])}


def _publish(platform: Platform, job: UpgradeJob, facts: Mapping[str, Any]) -> Facts:
    take_place(platform, job, KIND)
    # Plan or status may have been changed since the copy was taken, while nothing could be
    # written into the tenant's own database.
    with platform.admin(job.database) as connection, connection.transaction():
        mirror_into(connection, platform.registry.tenant(job.tenant.id))
    platform.databases.give(job.database, platform.settings.odoo_role)
    platform.reached(f"{KIND}:owner")
    detail = {"from": job.tenant.release, "to": job.release.name, "modules": facts["upgrade"]}
    platform.registry.update(
        job.tenant.id, "upgraded", detail | {"restore_point": job.restore_point},
        release=job.release.name, modules=facts["modules"], maintenance=None,
    )  # fmt: skip
    return {"restore_point": job.restore_point}


STEPS = (
    Step("maintenance", _begin_maintenance, "putting up the maintenance page"),
    Step("close", close, "letting work under way end"),
    Step("odoo", _odoo, "upgrading a copy"),
    Step("check", _check, "checking the copy"),
    Step("publish", _publish, "taking the copy into use"),
)


def is_published(tenant: TenantRow, operation: OperationRow) -> bool:
    """Whether the tenant is served by the new release: only the operation's end was not noted."""
    switched = tenant.release == operation.data.get("release") and not tenant.maintenance
    return switched and operation.step in ("check", "publish")


def undo(platform: Platform, job: UpgradeJob, why: str) -> None:
    """Serve the tenant as it was before. May be repeated, and begun at any step."""
    put_back(platform, job, KIND)
    platform.registry.update(
        job.tenant.id, "upgrade failed", {"to": job.release.name, "error": why[:2000]},
        maintenance=None,
    )  # fmt: skip


def job_of(platform: Platform, operation: OperationRow, tenant: TenantRow) -> UpgradeJob:
    release = platform.registry.release(str(operation.data.get("release")))
    return UpgradeJob(tenant, operation.id, release)
