"""From event to row, without a database."""

from __future__ import annotations

from dataclasses import replace

import pytest

from smarter_connector.sinks.warehouse import mapping, specs
from smarter_connector.sinks.warehouse.mapping import Unmappable, row
from smarter_connector.sinks.warehouse.tables import TABLES
from smarter_domain.events import EVENT_TYPES
from smarter_domain.events.schemas.vocabulary import LINE
from tests.connector.warehouse.samples import A, deleted, event, line

KEPT = [kind for kind in EVENT_TYPES.values() if kind.warehouse]
IN_MODELS = [kind for kind in KEPT if kind.model in mapping._SPECS]


@pytest.mark.parametrize("kind", KEPT, ids=lambda kind: kind.name)
def test_every_type_the_catalogue_marks_makes_a_row(kind) -> None:
    assert row(event(kind.name, 5)) is not None


@pytest.mark.parametrize("kind", IN_MODELS, ids=lambda kind: kind.name)
def test_a_row_fills_only_columns_of_its_table(kind) -> None:
    made = row(event(kind.name, 5))
    assert set(made.values) <= set(TABLES[made.table].columns)


@pytest.mark.parametrize("name", ["stock.low", "purchase.confirmed", "custom.visita", "no.such"])
def test_other_types_make_no_row(name: str) -> None:
    content = EVENT_TYPES[name].example if name in EVENT_TYPES else {"id": 1, "model": "x.y"}
    sample = event("stock.low", 5)
    assert row(replace(sample, type=name, data=content)) is None


def test_a_sale_order_becomes_an_order_with_lines() -> None:
    made = row(event("order.confirmed", 7, id=42, lines=[line(1), line(2, net=-5)]))
    assert (made.table, made.id, made.version) == ("orders", 42, (1, 7))
    assert made.values["confirmed_at"] == "2026-11-22T15:00:00Z"
    assert [(part["line_id"], part["net"]) for part in made.lines] == [(1, 90000), (2, -5)]


def test_a_pos_order_counts_apart_and_is_a_sale() -> None:
    made = row(event("pos.order.paid", 7, id=42))
    assert (made.table, made.id, made.lines[0]["line_id"]) == ("orders", -42, -901)
    assert (made.values["state"], made.values["is_test"]) == ("sale", False)
    assert made.values["confirmed_at"] == made.values["ordered_at"]


def test_a_sale_without_customer_has_no_customer() -> None:
    made = row(event("pos.order.paid", 7, partner=None))
    assert made.values["partner_key"] is None and made.values["partner_rut"] is None


def test_an_invoice_keeps_the_code_of_its_document_as_number() -> None:
    made = row(event("credit_note.posted", 7))
    assert (made.values["dte"], made.values["move_type"]) == (61, "out_refund")


@pytest.mark.parametrize("sii", [{"state": "rejected"}, "rejected"])
def test_the_answer_of_the_sii_is_kept_as_a_word(sii) -> None:
    assert row(event("invoice.posted", 7, sii=sii)).values["sii"] == "rejected"


def test_a_deletion_is_a_tombstone_without_values() -> None:
    made = row(deleted("pos.order", 42, 9))
    assert (made.table, made.id, made.deleted, made.values) == ("orders", -42, True, {})


def test_deletion_of_a_model_the_warehouse_does_not_keep_makes_no_row() -> None:
    assert row(deleted("crm.team", 1, 9)) is None


def test_personal_data_no_figure_needs_is_left_behind() -> None:
    made = row(event("contact.created", 3, email="a@b.example", phone="+56 9", street="Calle 1"))
    assert not {"email", "phone", "street"} & set(made.values)


@pytest.mark.parametrize(
    ("broken", "problem"),
    [
        ({"total": "119000"}, "total"),
        ({"total": None}, "total"),
        ({"confirmed_at": "ayer"}, "confirmed_at"),
        ({"is_test": 1}, "is_test"),
        ({"lines": [{"id": 1}]}, "lines[0]"),
        ({"lines": "no"}, "lines"),
        ({"partner": 4}, "partner"),
        ({"name": 5}, "name"),
    ],
)
def test_data_of_the_wrong_shape_is_refused_with_its_place(broken: dict, problem: str) -> None:
    with pytest.raises(Unmappable, match=problem.replace("[", r"\[")):
        row(event("order.confirmed", 7, **broken))


def test_a_missing_key_is_refused() -> None:
    sample = event("order.confirmed", 7)
    sample.data.pop("net")
    with pytest.raises(Unmappable, match="net"):
        row(sample)


@pytest.mark.parametrize(
    ("broken", "problem"),
    [
        ({"lines": [line(1), line(1)]}, "twice"),
        ({"name": "x\x00y"}, "text"),
        ({"name": "\ud800"}, "text"),
        ({"net": 10**400}, "number"),
        ({"name": "x" * 20_000}, "text"),
        ({"net": float("nan"), "currency": "USD"}, "number"),
        ({"confirmed_at": "2026-13-45T00:00:00Z"}, "instant"),
        ({"lead_id": 2**70}, "whole number"),
    ],
)
def test_what_no_schema_can_say_is_refused_too(broken: dict, problem: str) -> None:
    with pytest.raises(Unmappable, match=problem):
        row(event("order.confirmed", 7, **broken))


def test_data_of_another_record_than_the_lane_is_refused() -> None:
    sample = event("order.confirmed", 7)
    other = replace(sample, aggregate="sale.order/43")
    with pytest.raises(Unmappable, match="sale.order/43"):
        row(other)


def test_the_tenant_row_is_of_who_sent_it() -> None:
    made = row(event("tenant.updated", 4, rut="11111111-1", tenant=A))
    assert (made.table, made.rut) == ("tenants", A)


def _may_be_null(schema: dict) -> bool:
    kinds = schema.get("type")
    return (
        "null" in (kinds if isinstance(kinds, list) else [])
        or None in schema.get("enum", [])
        or {"type": "null"} in schema.get("anyOf", [])
    )


@pytest.mark.parametrize("model", [*mapping._SPECS, "line"])
def test_keys_and_what_may_be_null_are_the_catalogue_s(model: str) -> None:
    spec = specs.LINE if model == "line" else mapping._SPECS[model][0]
    schemas = [LINE] if model == "line" else [kind.schema for kind in KEPT if kind.model == model]
    for schema in schemas:
        for path, _ in spec.values():
            if "." not in path:
                found = schema["properties"][path.removesuffix("!")]
                assert path.endswith("!") != _may_be_null(found), path
