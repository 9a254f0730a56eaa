"""The operator's own account in a tenant: closed until it is opened, which is noted."""

from __future__ import annotations

from smarter_connector.registry import TenantRow
from smarter_connector.tenants.invitation import invite
from smarter_connector.tenants.jobs import check_status
from smarter_connector.tenants.mirror import check_identity, signal
from smarter_connector.tenants.platform import Platform, Say
from smarter_connector.tenants.reset.people import OPERATOR
from smarter_connector.tenants.reset.schema import Schema, update

HOURS = 1
"""How long the link is good."""


def operator_access(platform: Platform, key: str | int, *, progress: Say | None = None) -> str:
    """A link, good once and for an hour, to choose the password of the operator's account.

    Raises InvalidRequest for a tenant that is not served.
    """
    tenant = _served(platform, key)
    with platform.admin(tenant.database or "") as connection:
        check_identity(connection, tenant)
        platform.registry.note(tenant.id, "operator access", {"hours": HOURS})
        return invite(
            connection, platform.settings.base_url(tenant.host), now=platform.clock.time(),
            hours=HOURS, account=OPERATOR,
        )  # fmt: skip


def close_operator_access(
    platform: Platform, key: str | int, *, progress: Say | None = None
) -> TenantRow:
    """Take password, second factor and keys away again: open sessions end, links open nothing."""
    tenant = _served(platform, key)
    with platform.admin(tenant.database or "") as connection, connection.transaction():
        check_identity(connection, tenant)
        schema = Schema.read(connection)
        user, partner = OPERATOR.find(connection) or (0, 0)
        nothing: dict[str, object] = {"password": None, "totp_secret": None}
        update(connection, schema, "res_users", nothing, "id = %s", [user])
        update(connection, schema, "res_partner", {"signup_type": None}, "id = %s", [partner])
        if schema.has("res_users_apikeys", "user_id"):
            connection.execute("DELETE FROM res_users_apikeys WHERE user_id = %s", [user])
        signal(connection)
    platform.registry.note(tenant.id, "operator access closed")
    return tenant


def _served(platform: Platform, key: str | int) -> TenantRow:
    tenant = platform.registry.tenant(key)
    check_status(tenant)
    return tenant
