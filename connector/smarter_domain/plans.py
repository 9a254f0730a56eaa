"""The plans a tenant can have, as data: price in US dollars a month and users allowed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True, slots=True)
class PlanTerms:
    """What a plan costs and allows. ``max_users`` is ``None`` for no limit."""

    usd_per_month: int
    max_users: int | None

    def allows_users(self, count: int) -> bool:
        """Say whether ``count`` internal users fit in the plan."""
        return self.max_users is None or count <= self.max_users


class Plan(Enum):
    """A plan; its value is the code stored in the tenant record."""

    FREE = "free"
    STARTER = "starter"
    BUSINESS = "business"
    ENTERPRISE = "enterprise"

    @property
    def terms(self) -> PlanTerms:
        """Price and limits of this plan."""
        return _TERMS[self]


_TERMS = {
    Plan.FREE: PlanTerms(usd_per_month=0, max_users=1),
    Plan.STARTER: PlanTerms(usd_per_month=29, max_users=3),
    Plan.BUSINESS: PlanTerms(usd_per_month=99, max_users=10),
    Plan.ENTERPRISE: PlanTerms(usd_per_month=299, max_users=None),
}
