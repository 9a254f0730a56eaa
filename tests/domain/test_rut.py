"""The RUT value object, also against a second, independent modulus 11."""

from itertools import cycle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smarter_domain.rut import NUMBER_MAX, NUMBER_MIN, InvalidRut, Rut

NUMBERS = st.integers(NUMBER_MIN, NUMBER_MAX)


def check_digit(number: int) -> str:
    """Modulus 11 as the schoolbook has it: weights 2 to 7 from the right, 11 - remainder."""
    weighted = zip(reversed(str(number)), cycle(range(2, 8)), strict=False)
    rest = 11 - sum(int(digit) * weight for digit, weight in weighted) % 11
    return {11: "0", 10: "K"}.get(rest, str(rest))


def reason(text) -> str:
    with pytest.raises(InvalidRut) as caught:
        Rut.parse(text)
    return caught.value.reason


@pytest.mark.parametrize(
    "text",
    [
        "12345678-5",
        "12.345.678-5",
        "123456785",
        " 12 345 678 - 5 ",
        "CL12345678-5",
        "cl 12.345.678-5",
        "012345678-5",
        "12.345.678‐5",  # the hyphen of a PDF
        "12.345.678–5",  # the dash of a word processor
        "12\u00a0345\u00a0678-5",
    ],
)
def test_every_usual_way_of_writing_is_the_same_rut(text):
    assert Rut.parse(text) == Rut(12345678, "5")


def test_formats():
    rut = Rut.parse("123456785")
    assert (rut.plain, rut.dotted, str(rut)) == ("12345678-5", "12.345.678-5", "12345678-5")


def test_lower_case_k_is_accepted_and_stored_in_upper_case():
    assert Rut.parse("40.000.000-k").plain == "40000000-K"


def test_short_numbers_keep_their_length():
    assert (Rut.parse("1-9").plain, Rut.parse("1.009-k").dotted) == ("1-9", "1.009-K")


@pytest.mark.parametrize("text", [None, "", "   ", "\t\n"])
def test_nothing_typed_is_empty(text):
    assert reason(text) == "empty"


@pytest.mark.parametrize(
    "text",
    ["abc", "5", "12345678-", "K-K", "12.345.678-X", "12345678-55x", "40404A40-5", "-", "CL",
     "١٢٣٤٥٦٧٨-5", "1" * 41, 123456785, b"12345678-5"],
)  # fmt: skip
def test_what_is_not_shaped_like_a_rut_is_refused(text):
    assert reason(text) == "format"


@pytest.mark.parametrize("text", ["12345678-9", "40404040-3", "11.111.111-2", "1-K"])
def test_wrong_check_digit_is_refused(text):
    assert reason(text) == "check_digit"


@pytest.mark.parametrize("text", ["0-0", "00000000-0", "100.000.000-7", "213123432-1"])
def test_numbers_outside_the_range_are_refused(text):
    assert reason(text) == "range"


def test_an_instance_cannot_be_built_invalid():
    with pytest.raises(InvalidRut):
        Rut(12345678, "9")
    with pytest.raises(InvalidRut):
        Rut(True, "9")


def test_an_instance_cannot_be_changed():
    with pytest.raises(AttributeError):
        Rut.parse("1-9").number = 2


def test_the_error_is_a_value_error_with_a_spanish_message():
    with pytest.raises(ValueError, match="dígito verificador"):
        Rut.parse("12345678-9")


def test_ruts_are_ordered_by_number():
    assert sorted([Rut.parse("12345678-5"), Rut.parse("1-9")])[0].number == 1


def test_validity_can_be_asked_without_an_exception():
    assert (Rut.is_valid("1-9"), Rut.is_valid("1-8"), Rut.is_valid(None)) == (True, False, False)


@pytest.mark.parametrize(
    ("text", "name"), [("40.404.040-5", "t_40404040_5"), ("40000000-K", "t_40000000_k")]
)
def test_database_name_has_no_upper_case(text, name):
    assert Rut.parse(text).database_name() == name


@pytest.mark.parametrize(
    "name",
    ["", "t_12345678_9", "t_40000000_K", "T_12345678_5", "t_012345678_5", "t_12345678_5 ",
     "t_12345678_5\n", "xt_12345678_5", "t_12345678_55", "odoo", None],
)  # fmt: skip
def test_other_database_names_are_refused(name):
    with pytest.raises(InvalidRut):
        Rut.from_database_name(name)


def test_from_number_refuses_what_has_no_rut():
    with pytest.raises(InvalidRut, match="entre 1 y"):
        Rut.from_number(0)


@given(NUMBERS)
def test_check_digit_agrees_with_an_independent_implementation(number):
    assert Rut.from_number(number).dv == check_digit(number)


@given(NUMBERS, st.sampled_from("0123456789K"))
def test_only_the_right_check_digit_is_accepted(number, dv):
    assert Rut.is_valid(f"{number}-{dv}") == (dv == check_digit(number))


@given(NUMBERS)
def test_every_format_reads_back(number):
    rut = Rut.from_number(number)
    texts = (rut.plain, rut.dotted, rut.dotted.lower(), rut.plain.replace("-", ""))
    assert {Rut.parse(text) for text in texts} == {rut}
    assert Rut.from_database_name(rut.database_name()) == rut


@given(st.text(max_size=60))
def test_any_text_is_a_rut_or_an_invalid_rut(text):
    try:
        rut = Rut.parse(text)
    except InvalidRut as error:
        assert error.reason in ("empty", "format", "check_digit", "range")
    else:
        assert Rut.parse(rut.plain) == rut
