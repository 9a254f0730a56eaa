"""One tenant's upgrade: begun, gone on with after a kill, or taken back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import psycopg

from smarter_connector.exceptions import ConnectorError
from smarter_connector.registry import Lock, OperationRow, ReleaseRow, TenantRow
from smarter_connector.tenants import templates, upgrade_plan
from smarter_connector.tenants.exchange import after_failure, left_closed
from smarter_connector.tenants.jobs import check_idle, check_no_page, check_status
from smarter_connector.tenants.modules import Manifest
from smarter_connector.tenants.platform import Platform
from smarter_connector.tenants.steps import run_steps
from smarter_connector.tenants.upgrade_plan import Installed, Plan
from smarter_connector.tenants.upgrade_report import Outcome, Watch
from smarter_connector.tenants.upgrade_steps import (
    KIND,
    MAINTENANCE,
    STEPS,
    UpgradeJob,
    is_published,
    job_of,
    undo,
)

_INSTALLED = "SELECT name FROM ir_module_module WHERE state = 'installed'"

Backup = Callable[[Platform, TenantRow], object]


@dataclass(frozen=True)
class Order:
    """What to do to each tenant; the same for all of them."""

    release: ReleaseRow
    offered: dict[str, Manifest]
    keep: bool
    backup: Backup | None


def configured_backup(platform: Platform) -> Backup | None:
    """What makes a backup before an upgrade; None where no backups are set up."""
    settings = platform.settings
    if not (settings.backup_recipient and settings.backups_dir):
        return None
    from smarter_connector.tenants.backup import backup

    return lambda platform, tenant: backup(platform, tenant.id)


def attempt(platform: Platform, tenant: TenantRow, order: Order, watch: Watch) -> Outcome:
    """One tenant, whatever happens to it."""
    own = replace(platform, say=lambda text: watch.told(tenant, text))
    started = platform.clock.monotonic()
    blank = Outcome(tenant.id, tenant.slug, tenant.rut, "unchanged")
    try:
        outcome = _upgrade_one(own, tenant, order, blank)
    except (ConnectorError, psycopg.Error, OSError) as error:
        outcome = replace(blank, state="failed", error=str(error))
    outcome = replace(outcome, seconds=round(platform.clock.monotonic() - started, 3))
    watch.ended(outcome)
    return outcome


def _upgrade_one(platform: Platform, tenant: TenantRow, order: Order, blank: Outcome) -> Outcome:
    """The backup is made while the tenant is served, and takes its lock itself."""
    registry = platform.registry
    if order.backup and _is_ahead(platform, tenant.id, order):
        platform.say("backing up")
        order.backup(platform, tenant)
    with registry.lock(tenant.id) as lock:
        if outcome := _go_on(platform, lock, tenant.id, order, blank):
            return outcome
        tenant = _free(platform, tenant.id)
        plan = make_plan(platform, tenant, order)
        if plan.is_empty:
            return _switch(platform, tenant, order, blank)
        facts = {
            "release": order.release.name, "from": tenant.release, "keep": order.keep,
            "upgrade": list(plan.upgrade), "install": list(plan.install),
        }  # fmt: skip
        operation = registry.begin(tenant.id, KIND, facts)
        return _run(platform, lock, tenant, order, operation, blank)


def _is_ahead(platform: Platform, tenant_id: int, order: Order) -> bool:
    """Whether an upgrade will begin: not gone on with, not refused, and more than a new name."""
    tenant = platform.registry.tenant(tenant_id)
    if tenant.maintenance or platform.registry.open_operation(tenant_id, KIND):
        return False
    return not make_plan(platform, tenant, order).is_empty


def make_plan(platform: Platform, tenant: TenantRow, order: Order) -> Plan:
    """What the tenant needs; reads its database. Raises InvalidRequest, as :func:`plan` does."""
    with platform.admin(tenant.database or "") as connection:
        names = frozenset(name for (name,) in connection.execute(_INSTALLED).fetchall())
    return upgrade_plan.plan(
        Installed(names, tenant.modules),
        _old_release(platform, tenant),
        order.release,
        order.offered,
        _module_set(platform, tenant, order.release),
    )


def _old_release(platform: Platform, tenant: TenantRow) -> ReleaseRow | None:
    known = {row.name: row for row in platform.registry.releases(retired=True)}
    return known.get(tenant.release)


def _module_set(platform: Platform, tenant: TenantRow, release: ReleaseRow) -> tuple[str, ...]:
    """What the tenant's set of modules consists of in the release."""
    rows = templates.of_release(platform, tenant.module_set, release)
    settings = platform.settings
    if rows:
        return rows[0].modules
    return settings.modules if tenant.module_set == settings.module_set else ()


def _go_on(
    platform: Platform, lock: Lock, tenant_id: int, order: Order, blank: Outcome
) -> Outcome | None:
    """End what a killed command began, or take it back when something else is asked for now.

    None when there is nothing left of it.
    """
    registry = platform.registry
    tenant = registry.tenant(tenant_id)
    operation = registry.open_operation(tenant_id, KIND)
    if operation is None:
        if left := left_closed(platform, tenant, KIND, MAINTENANCE):
            undo(platform, job_of(platform, left, tenant), left.error)
        return None
    if is_published(tenant, operation):
        registry.finish(operation)
        return None
    if operation.data.get("release") == order.release.name:
        return _run(platform, lock, tenant, order, operation, blank)
    undo(platform, job_of(platform, operation, tenant), "another release was asked for")
    registry.finish(operation, error="another release was asked for")
    return None


def _free(platform: Platform, tenant_id: int) -> TenantRow:
    """The tenant as it is now. Raises Busy and InvalidRequest when something else is under way."""
    tenant = platform.registry.tenant(tenant_id)
    check_status(tenant)
    check_idle(platform, tenant, KIND)
    check_no_page(tenant)
    return tenant


def _switch(platform: Platform, tenant: TenantRow, order: Order, blank: Outcome) -> Outcome:
    """The modules are the same in both releases: no Odoo, no interruption."""
    if tenant.release == order.release.name:
        return blank
    digests = {
        name: upgrade_plan.digest(order.release, name) if noted else ""
        for name, noted in tenant.modules.items()
    }
    detail = {"from": tenant.release, "to": order.release.name, "modules": []}
    platform.registry.update(
        tenant.id, "upgraded", detail, release=order.release.name, modules=digests
    )
    return replace(blank, state="switched")


def _run(
    platform: Platform,
    lock: Lock,
    tenant: TenantRow,
    order: Order,
    operation: OperationRow,
    blank: Outcome,
) -> Outcome:
    job = UpgradeJob(tenant, operation.id, order.release)
    modules = (*operation.data["upgrade"], *operation.data["install"])
    done = replace(blank, state="upgraded", modules=modules, restore_point=job.restore_point)
    try:
        run_steps(platform, lock, operation, STEPS, job)
    except ConnectorError as error:
        failed = replace(blank, state="failed", modules=modules, error=str(error))
        return done if after_failure(platform, lock, job, error, is_published, undo) else failed
    return done
