"""Whether a database with a tenant's final name comes from an unfinished creation of it."""

from __future__ import annotations

from smarter_connector.registry import TenantRow
from smarter_connector.tenants.platform import Platform

CREATE = "create"

_UUID = "SELECT 1 FROM ir_config_parameter WHERE key = 'database.uuid' AND value = ANY(%s)"
_TABLE = "SELECT to_regclass('public.ir_config_parameter') IS NOT NULL"


def made_by_creation(platform: Platform, tenant: TenantRow, database: str) -> bool:
    """Whether its uuid is one that a creation of this tenant recorded; else it is not ours to drop.

    ``tenant`` is in preparation, so whatever a creation made serves nobody yet.
    """
    found = platform.registry.operations(tenant.id, 1000)
    uuids = [one.data["uuid"] for one in found if one.kind == CREATE and one.data.get("uuid")]
    if not uuids:
        return False
    with platform.admin(database) as connection:
        if connection.execute(_TABLE).fetchone() != (True,):
            return False
        return connection.execute(_UUID, [uuids]).fetchone() is not None
