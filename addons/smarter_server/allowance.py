"""How many calls a minute a tenant's integrations may make, by its plan.

Only calls that proved who they are count, so that a stranger cannot use up what a tenant has. The
web client's own calls do not: people work as much as they like.
"""

from __future__ import annotations

from dataclasses import dataclass

from smarter_domain.plans import Plan

from . import counters, pages
from .counters import Counters
from .pages import Refusal
from .routes import Route

BUCKET = "api"
SECONDS = 60


def calls_per_minute(plan: str) -> int | None:
    """What the plan allows; None for any number, and for a plan this release does not know."""
    try:
        return Plan(plan).terms.api_calls_per_minute
    except ValueError:
        return None


@dataclass(frozen=True)
class Allowance:
    counters: Counters

    def refusal(self, route: Route) -> Refusal | None:
        """The answer to a call beyond the allowance, None to one within it."""
        limit = calls_per_minute(route.plan)
        if limit is None:
            return None
        used = self.counters.count(BUCKET, counters.key_of(route.database), SECONDS)
        if used < limit:
            return None
        return pages.too_many_calls(limit, counters.rest_of_window(SECONDS))

    def spend(self, route: Route) -> None:
        """Count one call whose caller is known."""
        if calls_per_minute(route.plan) is not None:
            self.counters.hit(BUCKET, counters.key_of(route.database), SECONDS)
