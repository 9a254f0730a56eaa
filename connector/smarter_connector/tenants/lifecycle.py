"""Looking at tenants, suspending them, and moving them to another host name."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from smarter_connector.registry import HistoryRow, InvalidRequest, OperationRow, TenantRow
from smarter_connector.tenants import filestore
from smarter_connector.tenants.invitation import invite as make_link
from smarter_connector.tenants.jobs import check_status, held
from smarter_connector.tenants.mirror import check_identity, mirror, write_parameters
from smarter_connector.tenants.platform import Platform, Say
from smarter_domain.plans import Plan


@dataclass(frozen=True)
class Shown:
    """A tenant with its sizes in bytes, what was last done to it, and where it answers."""

    tenant: TenantRow
    urls: tuple[str, ...]
    database_bytes: int
    filestore_bytes: int
    operations: tuple[OperationRow, ...] = field(default=())
    history: tuple[HistoryRow, ...] = field(default=())


def list_(
    platform: Platform,
    *,
    status: Collection[str] = (),
    release: str | None = None,
    staging: bool = False,
    progress: Say | None = None,
) -> list[TenantRow]:
    """Tenants by slug, all but purged ones; ``staging`` adds the clones for trials."""
    kind = None if staging else "production"
    return platform.registry.tenants(status=status, kind=kind, release=release)


def show(platform: Platform, key: str | int, *, progress: Say | None = None) -> Shown:
    """All there is to know about one tenant. Raises UnknownTenant."""
    registry = platform.registry
    tenant = registry.tenant(key)
    base = tenant.database
    return Shown(
        tenant,
        tuple(map(platform.settings.base_url, tenant.hosts)),
        platform.databases.size(base) if base else 0,
        filestore.size(platform.filestore(base)) if base else 0,
        tuple(registry.operations(tenant.id, 10)),
        tuple(registry.history(tenant.id, 20)),
    )


def suspend(
    platform: Platform, key: str | int, reason: str, *, progress: Say | None = None
) -> TenantRow:
    """Stop serving the tenant's work: people see ``reason`` and may export, deliveries wait.

    May be repeated, with another reason too. Raises InvalidRequest for a tenant that is not active.
    """
    if not reason.strip():
        raise InvalidRequest("say why: the people of the tenant will read it")
    return _set_status(platform, key, "suspended", reason.strip())


def resume(platform: Platform, key: str | int, *, progress: Say | None = None) -> TenantRow:
    """Serve a suspended tenant again; what waited is delivered."""
    return _set_status(platform, key, "active", "")


def rename_host(
    platform: Platform,
    key: str | int,
    host: str,
    *,
    aliases: Sequence[str] = (),
    keep_old: bool = False,
    progress: Say | None = None,
) -> TenantRow:
    """Give the tenant another main host name; with ``keep_old`` the ones before still answer.

    Its database keeps its name. Raises Conflict when the host belongs to another tenant.
    """
    registry = platform.registry
    with held(platform, key) as (tenant, _):
        check_status(tenant)
        old = tenant.hosts if keep_old else ()
        registry.set_hosts(tenant.id, tuple(dict.fromkeys((host.lower(), *aliases, *old))))
        tenant = registry.tenant(tenant.id)
        write_parameters(platform, tenant, {
            "web.base.url": platform.settings.base_url(tenant.host),
            "web.base.url.freeze": "True",
        })  # fmt: skip
    return tenant


def set_plan(
    platform: Platform, key: str | int, plan: str, *, progress: Say | None = None
) -> TenantRow:
    """Put the tenant on another plan. Raises InvalidRequest for an unknown one."""
    if plan not in {one.value for one in Plan}:
        raise InvalidRequest(f"there is no plan {plan[:40]!r}")
    registry = platform.registry
    with held(platform, key) as (tenant, _):
        check_status(tenant)
        if tenant.plan != plan:
            detail = {"before": tenant.plan, "after": plan}
            tenant = registry.update(tenant.id, "plan", detail, plan=plan)
        mirror(platform, tenant)
    return tenant


def invite(platform: Platform, key: str | int, *, progress: Say | None = None) -> str:
    """A new link with which the owner of the tenant chooses a password."""
    tenant = platform.registry.tenant(key)
    check_status(tenant)
    url, hours = platform.settings.base_url(tenant.host), platform.settings.invitation_hours
    with platform.admin(tenant.database or "") as connection:
        check_identity(connection, tenant)
        link = make_link(connection, url, now=platform.clock.time(), hours=hours)
    platform.registry.note(tenant.id, "invited", {"hours": hours})
    return link


def _set_status(platform: Platform, key: str | int, status: str, reason: str) -> TenantRow:
    """The registry first: it decides. A command that was killed is run again and mirrors it."""
    registry = platform.registry
    with held(platform, key) as (tenant, _):
        check_status(tenant)
        if (tenant.status, tenant.status_reason) != (status, reason):
            event = "suspended" if status == "suspended" else "resumed"
            tenant = registry.update(
                tenant.id, event, {"reason": reason}, status=status, status_reason=reason
            )
        platform.reached(f"{status}:registry")
        mirror(platform, tenant)
    return tenant
