"""The plans a tenant can have, as data: price in US dollars a month, and limits.

Where each number comes from: docs/decisions/0011-plan-limits.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Limit(Enum):
    """Something a plan limits; its value is the code addons and connector name it by.

    Users, stores and automations are refused where they are created. API calls over the limit
    are answered 429 and webhooks wait. Electronic invoices and storage only warn: a taxpayer
    must be able to invoice, and nobody loses data.
    """

    USERS = "users"
    STORES = "stores"
    AUTOMATIONS = "automations"
    E_INVOICES = "e_invoices"
    STORAGE = "storage"
    API_CALLS = "api_calls"
    WEBHOOKS = "webhooks"

    @property
    def refuses(self) -> bool:
        """Say whether what goes over this limit is refused where it would be created."""
        return self in (Limit.USERS, Limit.STORES, Limit.AUTOMATIONS)


@dataclass(frozen=True, slots=True)
class PlanTerms:
    """What a plan costs and allows. A limit that is ``None`` is no limit.

    ``e_invoices_per_month`` counts calendar months of America/Santiago. ``storage_mb`` is in
    mebibytes (1024 * 1024 bytes) of database and files together.
    """

    usd_per_month: int
    max_users: int | None
    max_stores: int | None
    max_automations: int | None
    e_invoices_per_month: int | None
    storage_mb: int | None
    api_calls_per_minute: int | None
    webhooks_per_hour: int | None

    def limit(self, limit: Limit | str) -> int | None:
        """Return how many of ``limit`` the plan includes, ``None`` for any number.

        Raises ``ValueError`` for a code that is no :class:`Limit`.
        """
        return getattr(self, _FIELDS[Limit(limit)])

    def allows(self, limit: Limit | str, count: int) -> bool:
        """Say whether ``count`` of ``limit`` (storage: mebibytes) fit in the plan."""
        most = self.limit(limit)
        return most is None or count <= most


class Plan(Enum):
    """A plan, cheapest first; its value is the code stored in the tenant record."""

    FREE = "free"
    STARTER = "starter"
    BUSINESS = "business"
    ENTERPRISE = "enterprise"

    @property
    def terms(self) -> PlanTerms:
        """Price and limits of this plan."""
        return _TERMS[self]


def next_plan_allowing(limit: Limit | str, count: int) -> Plan | None:
    """Return the cheapest plan in which ``count`` of ``limit`` fit, ``None`` when none does."""
    fitting = (plan for plan in Plan if plan.terms.allows(limit, count))
    return min(fitting, key=lambda plan: plan.terms.usd_per_month, default=None)


_FIELDS = {
    Limit.USERS: "max_users",
    Limit.STORES: "max_stores",
    Limit.AUTOMATIONS: "max_automations",
    Limit.E_INVOICES: "e_invoices_per_month",
    Limit.STORAGE: "storage_mb",
    Limit.API_CALLS: "api_calls_per_minute",
    Limit.WEBHOOKS: "webhooks_per_hour",
}

_TERMS = {
    Plan.FREE: PlanTerms(
        usd_per_month=0,
        max_users=1,
        max_stores=0,
        max_automations=5,
        e_invoices_per_month=20,
        storage_mb=1024,
        api_calls_per_minute=100,
        webhooks_per_hour=400,
    ),
    Plan.STARTER: PlanTerms(
        usd_per_month=29,
        max_users=3,
        max_stores=1,
        max_automations=10,
        e_invoices_per_month=200,
        storage_mb=10 * 1024,
        api_calls_per_minute=1_000,
        webhooks_per_hour=4_000,
    ),
    Plan.BUSINESS: PlanTerms(
        usd_per_month=99,
        max_users=10,
        max_stores=3,
        max_automations=50,
        e_invoices_per_month=2_000,
        storage_mb=20 * 1024,
        api_calls_per_minute=10_000,
        webhooks_per_hour=40_000,
    ),
    Plan.ENTERPRISE: PlanTerms(
        usd_per_month=299,
        max_users=None,
        max_stores=None,
        max_automations=None,
        e_invoices_per_month=None,
        storage_mb=None,
        api_calls_per_minute=None,
        webhooks_per_hour=None,
    ),
}
