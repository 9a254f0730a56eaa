"""One tenant's upgrade, step by step.

Odoo works on a copy. The tenant's own database is closed meanwhile and stays as it is; when the
copy has passed its checks the two change names, and the former database is the restore point. So a
failure costs the copy and nothing else, and there is no moment at which half an upgrade is served.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from smarter_connector.registry import OperationRow, ReleaseRow, TenantRow
from smarter_connector.tenants import filestore, maintenance, releases, upgrade_checks
from smarter_connector.tenants.mirror import mirror_into
from smarter_connector.tenants.platform import Platform
from smarter_connector.tenants.steps import Facts, Step
from smarter_connector.tenants.upgrade_plan import noted
from smarter_domain.tenancy import new_name, restore_point_name

KIND = "upgrade"
MAINTENANCE = "upgrade to release "
"""How the registry's reason for the maintenance of an upgrade begins."""


@dataclass(frozen=True)
class UpgradeJob:
    """``operation`` is the number of the operation, which names the restore point."""

    tenant: TenantRow
    release: ReleaseRow
    operation: int

    @property
    def database(self) -> str:
        assert self.tenant.database  # checked where the job begins
        return self.tenant.database

    @property
    def copy(self) -> str:
        return new_name(self.tenant.id)

    @property
    def restore_point(self) -> str:
        return restore_point_name(self.tenant.id, self.operation)


def _begin_maintenance(platform: Platform, job: UpgradeJob, facts: Mapping[str, Any]) -> Facts:
    reason = f"{MAINTENANCE}{job.release.name}"
    platform.registry.update(
        job.tenant.id, "maintenance", {"release": job.release.name}, maintenance=reason
    )
    return None


def _close(platform: Platform, job: UpgradeJob, facts: Mapping[str, Any]) -> Facts:
    maintenance.close(platform, job.database)
    return None


def _odoo(platform: Platform, job: UpgradeJob, facts: Mapping[str, Any]) -> Facts:
    """Always on a fresh copy: what a killed Odoo left behind goes with the one before."""
    databases, role = platform.databases, platform.settings.odoo_role
    databases.clone(job.database, job.copy)
    databases.copy_filestore(job.database, job.copy)
    with platform.admin(job.copy) as connection:
        _let_in(connection, job.copy, role)
        counts = upgrade_checks.row_counts(connection)
    platform.reached(f"{KIND}:copied")
    odoo, upgraded, new = releases.runner(platform, job.release), facts["upgrade"], facts["install"]
    if upgraded:
        odoo.upgrade(job.copy, upgraded, *(["-i", ",".join(new)] if new else []))
    elif new:
        odoo.install(job.copy, new)
    filestore.own_like(platform.settings.filestores, platform.filestore(job.copy))
    return {"counts": counts}


def _check(platform: Platform, job: UpgradeJob, facts: Mapping[str, Any]) -> Facts:
    found = upgrade_checks.check(
        platform, job.copy, job.tenant, job.release, [*facts["upgrade"], *facts["install"]],
        facts["counts"],
    )  # fmt: skip
    return {"modules": noted(job.release, found, [*job.tenant.modules])}


def _publish(platform: Platform, job: UpgradeJob, facts: Mapping[str, Any]) -> Facts:
    databases, settings = platform.databases, platform.settings
    if databases.exists(job.copy):
        if databases.exists(job.database):
            databases.rename(job.database, job.restore_point)
        platform.reached(f"{KIND}:aside")
        databases.rename(job.copy, job.database)
    platform.reached(f"{KIND}:renamed")
    # Plan or status may have been changed since the copy was taken, while nothing could be
    # written into the tenant's own database.
    with platform.admin(job.database) as connection, connection.transaction():
        mirror_into(connection, platform.registry.tenant(job.tenant.id))
    databases.give(job.restore_point, settings.pg_admin_user)
    databases.give(job.database, settings.odoo_role)
    platform.reached(f"{KIND}:owner")
    detail = {"from": job.tenant.release, "to": job.release.name, "modules": facts["upgrade"]}
    platform.registry.update(
        job.tenant.id, "upgraded", detail | {"restore_point": job.restore_point},
        release=job.release.name, modules=facts["modules"], maintenance=None,
    )  # fmt: skip
    return {"restore_point": job.restore_point}


STEPS = (
    Step("maintenance", _begin_maintenance, "putting up the maintenance page"),
    Step("close", _close, "letting work under way end"),
    Step("odoo", _odoo, "upgrading a copy"),
    Step("check", _check, "checking the copy"),
    Step("publish", _publish, "taking the copy into use"),
)


def is_published(tenant: TenantRow, operation: OperationRow) -> bool:
    """Whether the tenant is served by the new release: only the operation's end was not noted."""
    switched = tenant.release == operation.data.get("release") and not tenant.maintenance
    return switched and operation.step in ("check", "publish")


def undo(platform: Platform, job: UpgradeJob, why: str) -> None:
    """Serve the tenant as it was before. May be repeated, and begun at any step.

    Where there is a restore point, it is the tenant's whole former database: the copy that took its
    name was never served.
    """
    databases = platform.databases
    if databases.exists(job.restore_point):
        databases.drop(job.database)
        platform.reached(f"{KIND}:undo")
    databases.rename(job.restore_point, job.database)
    databases.drop(job.copy)
    databases.give(job.database, platform.settings.odoo_role)
    databases.allow_connections(job.database, True)
    platform.registry.update(
        job.tenant.id, "upgrade failed", {"to": job.release.name, "error": why[:2000]},
        maintenance=None,
    )  # fmt: skip


def _let_in(connection: psycopg.Connection, database: str, role: str) -> None:
    """Odoo's role may work in the copy without owning it: its servers do not list it then."""
    for target in (
        sql.SQL("DATABASE {}").format(sql.Identifier(database)),
        sql.SQL("SCHEMA public"),
    ):
        statement = sql.SQL("GRANT ALL ON {} TO {}")
        connection.execute(statement.format(target, sql.Identifier(role)))
