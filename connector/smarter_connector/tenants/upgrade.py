"""Tenants moved to another release: a canary first, then several at once, and none half-way."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

import psycopg

from smarter_connector.exceptions import ConnectorError
from smarter_connector.registry import InvalidRequest, TenantRow
from smarter_connector.tenants import releases, restore_points, templates
from smarter_connector.tenants.jobs import SERVED, check_status
from smarter_connector.tenants.platform import Platform
from smarter_connector.tenants.upgrade_one import (
    Backup,
    Order,
    attempt,
    configured_backup,
)
from smarter_connector.tenants.upgrade_report import Outcome, Report, Unwatched, Watch

ODOO_MB = 400
"""What one run of Odoo with all our modules takes at its peak."""


def upgrade(
    platform: Platform,
    keys: Sequence[str | int] | None = None,
    release: str = "",
    *,
    jobs: int | None = None,
    canary: str | int | None = None,
    keep: bool = False,
    backup: Backup | None = None,
    progress: Watch | None = None,
) -> Report:
    """Bring tenants to a release, the newest one without ``release``; all of them without ``keys``.

    Of several, the ``canary`` (or the smallest) goes first and alone. With the first failure no
    other is begun. A tenant that fails is served as it was before, and so is one whose command was
    killed once it is run again. ``keep`` keeps the restore points until they are dropped by hand.
    Raises for what is wrong with the order itself; what happens to a tenant stands in the report.
    """
    watch = progress or Unwatched()
    order = _order(platform, release, keep, backup)
    tenants = _chosen(platform, keys)
    first = _canary(platform, tenants, canary)
    rest = [tenant for tenant in tenants if not first or tenant.id != first.id]
    started = platform.clock.monotonic()
    watch.began(len(tenants))
    outcomes = [attempt(platform, first, order, watch)] if first else []
    workers = workers_for(platform, len(rest), jobs)
    if any(one.state == "failed" for one in outcomes):
        outcomes += [_skipped(tenant, watch) for tenant in rest]
    else:
        outcomes += _in_parallel(platform, rest, order, watch, workers)
    _sweep(platform)
    seconds = platform.clock.monotonic() - started
    return Report(order.release.name, workers, round(seconds, 3), tuple(outcomes))


def workers_for(platform: Platform, tenants: int, jobs: int | None = None) -> int:
    """How many may be upgraded at once: as asked for, and as many Odoos as the memory holds."""
    wanted = jobs or platform.settings.jobs
    return max(1, min(wanted, platform.settings.memory_budget_mb // ODOO_MB, tenants))


def _order(platform: Platform, release: str, keep: bool, backup: Backup | None) -> Order:
    chosen = templates.current_release(platform, release)
    if chosen.retired_at:
        raise InvalidRequest(f"release {chosen.name} is retired: add it again")
    releases.runner(platform, chosen)  # is its folder there?
    return Order(
        chosen, releases.release_manifests(chosen), keep, backup or configured_backup(platform)
    )


def _chosen(platform: Platform, keys: Sequence[str | int] | None) -> list[TenantRow]:
    registry = platform.registry
    if keys is None:
        return registry.tenants(status=SERVED)
    found = {tenant.id: tenant for tenant in map(registry.tenant, keys)}
    for tenant in found.values():
        check_status(tenant)
    return list(found.values())


def _canary(
    platform: Platform, tenants: Sequence[TenantRow], key: str | int | None
) -> TenantRow | None:
    if key is not None:
        wanted = platform.registry.tenant(key).id
        found = next((tenant for tenant in tenants if tenant.id == wanted), None)
        if found is None:
            raise InvalidRequest(f"the canary {key} is not among the tenants to upgrade")
        return found
    databases = platform.databases
    return min(tenants, key=lambda one: databases.size(one.database or ""), default=None)


def _in_parallel(
    platform: Platform, tenants: Sequence[TenantRow], order: Order, watch: Watch, workers: int
) -> list[Outcome]:
    """Never more begun than there are workers, so that a failure stops all that is left."""
    waiting, outcomes = list(tenants), []
    running: set[Future[Outcome]] = set()
    with ThreadPoolExecutor(workers) as pool:
        while waiting or running:
            while waiting and len(running) < workers:
                running.add(pool.submit(attempt, platform, waiting.pop(0), order, watch))
            done, running = wait(running, return_when=FIRST_COMPLETED)
            outcomes += [future.result() for future in done]
            if any(one.state == "failed" for one in outcomes):
                outcomes += [_skipped(tenant, watch) for tenant in waiting]
                waiting = []
    return outcomes


def _sweep(platform: Platform) -> None:
    """Should it fail, the report of the upgrade is told all the same."""
    try:
        restore_points.sweep(platform)
    except (ConnectorError, psycopg.Error, OSError) as error:
        platform.say(f"restore points were not swept: {error}")


def _skipped(tenant: TenantRow, watch: Watch) -> Outcome:
    outcome = Outcome(tenant.id, tenant.slug, tenant.rut, "skipped")
    watch.ended(outcome)
    return outcome
