"""What a running set-up offers to whoever plays with it (the demo, measurements, people)."""

from __future__ import annotations

from dataclasses import dataclass, field

from devkit.server import Login
from devkit.tenant import Tenant


@dataclass(frozen=True)
class RunContext:
    """Addresses have no slash at the end; empty when that part is not there. ``tenant_url`` is for
    browsers, ``odoo_url`` for programs: not every resolver knows ``*.localhost``.

    ``passwords`` by role: owner, admin, member, viewer, system. ``owner``, ``connector`` and
    ``admin`` open PostgreSQL as Odoo, as the connector and as the administrator.
    """

    tenant: Tenant
    odoo_url: str
    tenant_url: str
    sandbox_url: str
    connector_url: str
    passwords: dict[str, str] = field(repr=False)
    owner: Login
    connector: Login
    admin: Login
    warehouse: dict[str, str] = field(repr=False)
    """Keyword arguments of ``psycopg.connect`` for the tenant's reader of the warehouse."""

    def credentials(self, role: str) -> tuple[str, str]:
        """(login, password) of one role."""
        return self.tenant.login(role), self.passwords[role]
