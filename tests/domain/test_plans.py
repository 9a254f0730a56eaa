"""The table of plans."""

import dataclasses

import pytest

from smarter_domain.plans import Limit, Plan, next_plan_allowing

UNLIMITED = 10**9


@pytest.mark.parametrize(
    ("code", "usd", "users", "calls"),
    [
        ("free", 0, 1, 100),
        ("starter", 29, 3, 1_000),
        ("business", 99, 10, 10_000),
        ("enterprise", 299, None, None),
    ],
)
def test_each_plan_has_its_published_price_users_and_calls(code, usd, users, calls):
    terms = Plan(code).terms
    published = (terms.usd_per_month, terms.max_users, terms.api_calls_per_minute)
    assert published == (usd, users, calls)


def test_a_limit_admits_the_last_and_refuses_the_next():
    assert Plan.STARTER.terms.allows(Limit.USERS, 3)
    assert not Plan.STARTER.terms.allows(Limit.USERS, 4)


@pytest.mark.parametrize("limit", Limit)
def test_enterprise_limits_nothing(limit):
    assert Plan.ENTERPRISE.terms.allows(limit, UNLIMITED)


@pytest.mark.parametrize("limit", Limit)
def test_a_dearer_plan_never_allows_less(limit):
    limits = [plan.terms.limit(limit) for plan in Plan]
    numbers = [UNLIMITED if most is None else most for most in limits]
    assert numbers == sorted(set(numbers))


def test_plans_are_listed_cheapest_first():
    prices = [plan.terms.usd_per_month for plan in Plan]
    assert prices == sorted(set(prices))


def test_every_field_of_the_terms_but_the_price_is_a_limit():
    terms = Plan.STARTER.terms
    numbers = [getattr(terms, field.name) for field in dataclasses.fields(terms)][1:]
    assert [terms.limit(limit) for limit in Limit] == numbers


@pytest.mark.parametrize(
    ("limit", "count", "plan"),
    [
        (Limit.USERS, 1, Plan.FREE),
        (Limit.USERS, 2, Plan.STARTER),
        ("users", 4, Plan.BUSINESS),
        ("users", 11, Plan.ENTERPRISE),
        ("stores", 1, Plan.STARTER),
    ],
)
def test_the_cheapest_plan_that_lifts_a_limit_is_found(limit, count, plan):
    assert next_plan_allowing(limit, count) is plan


def test_only_what_a_business_can_do_without_is_refused():
    refused = {limit for limit in Limit if limit.refuses}
    assert refused == {Limit.USERS, Limit.STORES, Limit.AUTOMATIONS}


def test_an_unknown_plan_is_refused():
    with pytest.raises(ValueError, match="professional"):
        Plan("professional")


def test_an_unknown_limit_is_refused():
    with pytest.raises(ValueError, match="robots"):
        Plan.FREE.terms.allows("robots", 1)


def test_terms_cannot_be_changed():
    with pytest.raises(AttributeError):
        Plan.FREE.terms.max_users = 99
