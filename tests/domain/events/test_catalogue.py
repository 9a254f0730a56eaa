"""The catalogue: complete, its schemas valid and strict enough, its patterns plain."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from smarter_domain.events import (
    EVENT_TYPES,
    InvalidPattern,
    UnknownType,
    check_data,
    matches,
    parse_patterns,
    schema,
)
from smarter_domain.events.catalogue import unmatched

SHIPPED = """
contact.created contact.updated lead.created lead.updated lead.won lead.lost quotation.sent
order.confirmed order.updated order.cancelled delivery.done stock.changed stock.low invoice.posted
invoice.updated invoice.paid invoice.unpaid invoice.reset invoice.cancelled invoice.overdue
credit_note.posted payment.registered payment.cancelled purchase.confirmed product.created
product.updated pos.order.paid tenant.updated record.deleted test.ping
""".split()
ALL = pytest.mark.parametrize("name", sorted(EVENT_TYPES))


def sample(name: str, **changes):
    return {**EVENT_TYPES[name].example, **changes}


def test_the_catalogue_has_the_shipped_types_and_no_others():
    assert sorted(EVENT_TYPES) == sorted(SHIPPED)


def test_the_catalogue_cannot_be_changed():
    with pytest.raises(TypeError):
        EVENT_TYPES["order.confirmed"] = None
    schema("order.confirmed")["required"].clear()
    assert check_data("order.confirmed", {})


@ALL
def test_a_schema_is_valid_and_carries_its_name(name):
    found = schema(name)
    Draft202012Validator.check_schema(found)
    assert found["$id"] == f"urn:smarteros:event:{name}:1"


@ALL
def test_the_example_is_valid_and_holds_no_unknown_key(name):
    assert check_data(name, EVENT_TYPES[name].example, strict=True) == []


@ALL
def test_every_field_is_described(name):
    properties = schema(name)["properties"]
    assert [key for key, value in properties.items() if not value.get("description")] == []


@ALL
def test_a_type_has_a_module_a_summary_and_words_on_when_it_fires(name):
    kind = EVENT_TYPES[name]
    assert kind.name == name and kind.module and kind.summary.endswith(".")
    assert kind.when.endswith(".") and kind.model == kind.aggregate_model


@ALL
def test_any_required_key_that_is_left_out_is_named(name):
    for key in schema(name)["required"]:
        data = {k: v for k, v in EVENT_TYPES[name].example.items() if k != key}
        assert any(repr(key) in problem for problem in check_data(name, data))


@ALL
@pytest.mark.parametrize("data", [None, [], "text", {"id": "42"}, {"id": 0}])
def test_data_that_is_not_of_the_shape_is_refused(name, data):
    assert check_data(name, data)


def test_old_values_and_changed_fields_are_allowed_everywhere():
    data = sample("order.updated", changed=["order_line"], previous={"total": 5})
    assert check_data("order.updated", data, strict=True) == []


def test_an_unknown_key_is_allowed_unless_strict():
    data = sample("order.confirmed", colour="red")
    assert check_data("order.confirmed", data) == []
    assert "'colour'" in check_data("order.confirmed", data, strict=True)[0]


def test_an_unknown_key_of_a_line_is_found_by_strict():
    line = {**EVENT_TYPES["order.confirmed"].example["lines"][0], "colour": "red"}
    problems = check_data("order.confirmed", sample("order.confirmed", lines=[line]), strict=True)
    assert problems and problems[0].startswith("lines[0]:")


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("order.confirmed", {"total": "119000"}),
        ("order.confirmed", {"total": 119000.5}),
        ("order.confirmed", {"channel": "fax"}),
        ("order.confirmed", {"confirmed_at": "2026-11-22T12:00:00-03:00"}),
        ("order.confirmed", {"partner": None}),
        ("order.confirmed", {"lines": [{"id": 1}]}),
        ("order.confirmed", {"model": "purchase.order"}),
        ("order.confirmed", {"currency": "pesos"}),
        ("contact.created", {"rut": "12.345.678-5"}),
        ("contact.created", {"rut": "12345678-k"}),
        ("invoice.posted", {"issue_date": "22-11-2026"}),
        ("invoice.posted", {"residual": 0.5}),
        ("lead.won", {"probability": 101}),
        ("payment.registered", {"direction": "sideways"}),
        ("stock.changed", {"location": None}),
        ("tenant.updated", {"plan": "gold"}),
        ("record.deleted", {"model": "Sale Order"}),
    ],
)
def test_a_wrong_value_is_refused_by_its_path(name, changes):
    problems = check_data(name, sample(name, **changes))
    assert problems and all(problem.startswith(tuple(changes)) for problem in problems)


def test_money_of_other_currencies_may_have_cents():
    data = sample("order.confirmed", currency="USD", total=119.5)
    assert check_data("order.confirmed", data) == []


def test_problems_are_cut_however_much_was_sent():
    data = sample("order.confirmed", lines=[{"id": "x" * 5000}] * 100)
    problems = check_data("order.confirmed", data)
    assert len(problems) == 20 and max(map(len, problems)) <= 300


def test_types_of_administrators_have_an_open_schema():
    data = {"id": 5, "model": "project.task", "fields": {"name": "Obra", "hours": 3.5}}
    assert check_data("custom.task_done", data, strict=True) == []
    assert check_data("custom.task_done", {"id": 5})


@pytest.mark.parametrize("name", ["order.burned", "custom.", "custom.Ñ", "custom.a.b", "", "dte"])
def test_an_unknown_type_is_a_problem_and_has_no_schema(name):
    assert "unknown event type" in check_data(name, {})[0]
    with pytest.raises(UnknownType):
        schema(name)


@pytest.mark.parametrize(("name", "version"), [("order.confirmed", 2), ("custom.x", 2)])
def test_an_unknown_version_has_no_schema(name, version):
    with pytest.raises(UnknownType):
        schema(name, version)


@pytest.mark.parametrize(
    ("pattern", "name", "expected"),
    [
        ("*", "order.confirmed", True),
        ("order.*", "order.confirmed", True),
        ("order.confirmed", "order.confirmed", True),
        ("pos.*", "pos.order.paid", True),
        ("pos.order.*", "pos.order.paid", True),
        ("order.*", "pos.order.paid", False),
        ("order.*", "orders.confirmed", False),
        ("order", "order.confirmed", False),
        ("order.confirm", "order.confirmed", False),
        ("order.*", "order", False),
    ],
)
def test_patterns(pattern, name, expected):
    assert matches(pattern, name) is expected


def test_patterns_are_read_by_line_and_by_comma_each_once():
    text = " order.*,invoice.paid\r\n\n stock.low ,order.*\n"
    assert parse_patterns(text) == ("order.*", "invoice.paid", "stock.low")


@pytest.mark.parametrize("text", ["", "  ", ",\n,", None])
def test_no_pattern_at_all_is_refused(text):
    with pytest.raises(InvalidPattern, match="there is no pattern"):
        parse_patterns(text)


@pytest.mark.parametrize(
    "pattern",
    ["Order.*", "order*", "*.paid", "order.**", ".paid", "order.", "a b", "order/1", "ñ", "**",
     "x" * 101],
)  # fmt: skip
def test_a_malformed_pattern_is_refused_by_its_text(pattern):
    with pytest.raises(InvalidPattern) as caught:
        parse_patterns(f"order.*\n{pattern}")
    assert caught.value.pattern == pattern[:100]


def test_too_many_patterns_are_refused():
    with pytest.raises(InvalidPattern, match="more than 100"):
        parse_patterns("\n".join(f"a.b{number}" for number in range(101)))


def test_patterns_that_name_nothing_are_told():
    patterns = ("*", "order.*", "order.confirmd", "dte.*")
    assert unmatched(patterns) == ("order.confirmd", "dte.*")
    assert unmatched(("custom.*",), [*EVENT_TYPES, "custom.task"]) == ()


@given(st.sampled_from(sorted(EVENT_TYPES)))
def test_every_type_is_a_pattern_for_itself_and_its_family(name):
    family = name.split(".")[0] + ".*"
    assert parse_patterns(f"{name},{family}") == (name, family)
    assert matches(name, name) and matches(family, name)
