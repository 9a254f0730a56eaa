"""Whole pesos: rounding and the split of the IVA."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smarter_domain.money import Amounts, from_gross, from_net, round_half_up

PESOS = st.integers(-(10**12), 10**12)


@pytest.mark.parametrize(
    ("value", "pesos"),
    [("0.49", 0), ("0.5", 1), ("1.5", 2), ("2.5", 3), ("-0.5", -1), ("-1.5", -2), ("-0.4", 0),
     (7, 7), (Decimal("1000.4999"), 1000), ("1e3", 1000)],
)  # fmt: skip
def test_a_half_goes_away_from_zero(value, pesos):
    assert round_half_up(value) == pesos


@pytest.mark.parametrize("value", [0.5, 1.0, True, None, [1]])
def test_rounding_refuses_what_is_not_exact(value):
    with pytest.raises(TypeError):
        round_half_up(value)


@pytest.mark.parametrize("value", ["", "mil", "1.000,5", "nan", "inf", Decimal("-Infinity")])
def test_rounding_refuses_what_is_not_a_number(value):
    with pytest.raises(ValueError, match="number"):
        round_half_up(value)


def test_tax_is_added_to_a_net_amount():
    assert from_net(1000) == Amounts(net=1000, iva=190, total=1190)


def test_tax_is_taken_out_of_a_gross_amount():
    assert from_gross(1190) == Amounts(net=1000, iva=190, total=1190)


def test_a_gross_amount_without_exact_net_keeps_its_total():
    assert from_gross(1000) == Amounts(net=840, iva=160, total=1000)


def test_an_exempt_rate_leaves_no_tax():
    assert from_net(500, rate=Decimal(0)) == Amounts(500, 0, 500)


@pytest.mark.parametrize("split", [from_net, from_gross])
@pytest.mark.parametrize("amount", [1000.0, "1000", Decimal(1000), True])
def test_the_split_takes_whole_pesos_only(split, amount):
    with pytest.raises(TypeError, match="pesos"):
        split(amount)


def test_a_float_rate_is_refused():
    with pytest.raises(TypeError):
        from_net(1000, rate=0.19)


def test_amounts_that_do_not_add_up_are_refused():
    with pytest.raises(ValueError, match="is not total"):
        Amounts(net=1000, iva=191, total=1190)


@given(PESOS)
def test_a_credit_note_mirrors_its_invoice(amount):
    for split in (from_net, from_gross):
        plus, minus = split(amount), split(-amount)
        assert (minus.net, minus.iva, minus.total) == (-plus.net, -plus.iva, -plus.total)


@given(PESOS)
def test_the_tax_is_within_half_a_peso_of_the_exact_one(net):
    assert abs(from_net(net).iva - Fraction(19, 100) * net) <= Fraction(1, 2)


@given(PESOS)
def test_the_net_is_within_half_a_peso_of_the_exact_one(total):
    assert abs(from_gross(total).net - Fraction(100, 119) * total) <= Fraction(1, 2)


@given(PESOS)
def test_a_net_amount_survives_the_way_through_its_total(net):
    assert from_gross(from_net(net).total).net == net
