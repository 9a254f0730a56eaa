"""A creation given up: what was made of the tenant goes, and its RUT, slug and hosts are free."""

from __future__ import annotations

from smarter_connector.registry import InvalidRequest, TenantRow
from smarter_connector.tenants import readers
from smarter_connector.tenants.jobs import held
from smarter_connector.tenants.ownership import made_by_creation
from smarter_connector.tenants.platform import Platform, Say
from smarter_domain.tenancy import database_name, new_name


def abandon(platform: Platform, key: str | int, *, progress: Say | None = None) -> TenantRow:
    """Clean up after a creation that was broken off and shall not be completed.

    May be repeated. Raises InvalidRequest for a tenant whose creation is finished: delete that one.
    """
    registry = platform.registry
    with held(platform, key) as (tenant, _):
        if tenant.status != "provisioning":
            raise InvalidRequest(f"the tenant {tenant.slug} is {tenant.status}: delete it instead")
        platform.databases.drop(new_name(tenant.id))
        _drop_renamed(platform, tenant)
        _forget_reader(platform, tenant)
        if operation := registry.open_operation(tenant.id, "create"):
            registry.finish(operation, error="it was abandoned")
        return registry.update(tenant.id, "abandoned", status="purged", database=None, uuid=None)


def _drop_renamed(platform: Platform, tenant: TenantRow) -> None:
    """The database may have its final name already; another one of that name stays."""
    name = database_name(tenant.rut)
    if platform.databases.exists(name) and made_by_creation(platform, tenant, name):
        platform.databases.drop(name)


def _forget_reader(platform: Platform, tenant: TenantRow) -> None:
    if tenant.kind != "production":
        return  # a copy for tests: the figures are those of the tenant it is of
    readers.leave(platform, tenant.rut)
