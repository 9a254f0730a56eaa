"""The table of plans."""

import pytest

from smarter_domain.plans import Plan


@pytest.mark.parametrize(
    ("code", "usd", "users"),
    [("free", 0, 1), ("starter", 29, 3), ("business", 99, 10), ("enterprise", 299, None)],
)
def test_each_plan_has_its_price_and_its_users(code, usd, users):
    terms = Plan(code).terms
    assert (terms.usd_per_month, terms.max_users) == (usd, users)


def test_a_limit_admits_the_last_user_and_refuses_the_next():
    assert Plan.STARTER.terms.allows_users(3)
    assert not Plan.STARTER.terms.allows_users(4)


def test_enterprise_has_no_limit_of_users():
    assert Plan.ENTERPRISE.terms.allows_users(10_000)


def test_an_unknown_plan_is_refused():
    with pytest.raises(ValueError, match="professional"):
        Plan("professional")


def test_terms_cannot_be_changed():
    with pytest.raises(AttributeError):
        Plan.FREE.terms.max_users = 99
