"""What every operation on a tenant begins with: its lock, and whether it may begin at all."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from smarter_connector.registry import InvalidRequest, Lock, TenantRow
from smarter_connector.registry.errors import Busy
from smarter_connector.tenants.platform import Platform
from smarter_domain.tenancy import new_name

SERVED = ("active", "suspended")
"""The states in which people reach a tenant's database, or may again once it is resumed."""
HARMLESS = "backup"
"""The one kind of work that may be open beside another: it changes nothing in the tenant."""


@dataclass(frozen=True)
class Drafted:
    """Work on a database that nobody is served: the draft of the one the tenant is to have."""

    tenant: TenantRow

    @property
    def draft(self) -> str:
        return new_name(self.tenant.id)


@contextmanager
def held(platform: Platform, key: str | int) -> Iterator[tuple[TenantRow, Lock]]:
    """Lock a tenant for the block; gives the row as it is now that nobody else changes it, and the
    lock, to be asked whether it still holds before something is done that cannot be done twice.

    Raises UnknownTenant, and Busy while another process works on it.
    """
    registry = platform.registry
    tenant_id = registry.tenant(key).id
    with registry.lock(tenant_id) as lock:
        yield registry.tenant(tenant_id), lock


def check_status(tenant: TenantRow, allowed: Collection[str] = SERVED) -> None:
    """Raises InvalidRequest unless the tenant is in one of these states and has a database."""
    if tenant.status not in allowed or not tenant.database:
        raise InvalidRequest(f"the tenant {tenant.slug} is {tenant.status}", status=tenant.status)


def check_idle(platform: Platform, tenant: TenantRow, kind: str) -> None:
    """Raises Busy when work of another kind than ours was begun and has not ended."""
    other = platform.registry.open_operation(tenant.id)
    if other and other.kind not in (kind, HARMLESS):
        raise Busy(f"the last {other.kind} of {tenant.slug} is not finished: run it again")


def check_no_page(tenant: TenantRow, own: str = "") -> None:
    """Raises Busy in maintenance, but for a reason that begins with our ``own`` words: the page of
    others is not ours to take away."""
    if tenant.maintenance and not (own and tenant.maintenance.startswith(own)):
        raise Busy(f"{tenant.slug} is in maintenance: {tenant.maintenance}")
