"""Phone numbers, amounts, notes and contact data, as values."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smarter_connector.sinks.chatwoot import texts
from smarter_connector.sinks.chatwoot.contacts import Known, change, label, partner_of
from smarter_connector.sinks.chatwoot.notes import note_text, reference
from smarter_connector.sinks.chatwoot.phone import to_e164
from smarter_domain.events.catalogue import EVENT_TYPES
from tests.connector.chatwoot.bench import make_event

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=300),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
CONTACT_KEYS = st.sampled_from(sorted(EVENT_TYPES["contact.updated"].example))
VERSIONS = st.integers(1, 10**6)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("9 8765 4321", "+56987654321"),
        ("+56 9 8765 4321", "+56987654321"),
        ("(2) 2345 6789", "+56223456789"),
        ("56987654321", "+56987654321"),
        ("+54 11 4321 5678", "+541143215678"),
        ("9 8765 4321 / 2 2345 6789", "+56987654321"),
        ("fono: 2 2345 6789 o 9 8765 4321", "+56223456789"),
        ("12", None),
        ("sin teléfono", None),
        ("", None),
        (None, None),
        (56987654321, None),
        ("9" * 300, None),
    ],
)
def test_a_number_is_written_in_e164_or_not_at_all(written, expected):
    assert to_e164(written) == expected


@given(st.text(max_size=40) | st.text("0123456789+ ()-/", max_size=40))
def test_what_is_written_is_e164_and_stays_what_it_is(text):
    number = to_e164(text)
    assert number is None or re.fullmatch(r"\+[1-9]\d{1,14}", number, re.ASCII)
    assert number is None or to_e164(number) == number


@pytest.mark.parametrize(
    ("value", "currency", "expected"),
    [
        (1234567, "CLP", "$1.234.567"),
        (-1500, "CLP", "-$1.500"),
        (0, "CLP", "$0"),
        (999, None, "$999"),
        (1234.5, "USD", "USD 1.234,50"),
        (0.5, "CLP", "$1"),
        (None, "CLP", ""),
        ("12", "CLP", ""),
        (True, "CLP", ""),
    ],
)
def test_amounts_are_written_as_in_chile(value, currency, expected):
    assert texts.amount(value, currency) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-11-22", "22-11-2026"),
        ("2026-11-23T02:30:00Z", "22-11-2026"),
        ("2026-02-30", ""),
        ("mañana", ""),
        (None, ""),
        ("0001-01-01T00:00:00Z", ""),
    ],
)
def test_a_day_is_the_day_it_was_in_chile(value, expected):
    assert texts.day(value) == expected


@pytest.mark.parametrize(
    ("type", "changes", "expected"),
    [
        ("order.confirmed", {}, "Pedido S00042 confirmado: $119.000."),
        ("order.cancelled", {}, "Pedido S00042 anulado (era de $119.000)."),
        ("quotation.sent", {}, "Cotización S00042 enviada: $119.000."),
        ("invoice.posted", {}, "Factura 123 emitida: $119.000. Vence el 22-12-2026."),
        (
            "invoice.posted",
            {"document_type": None, "folio": None, "due_date": None},
            "Factura FAC 000123 emitida: $119.000.",
        ),
        (
            "invoice.posted",
            {"move_type": "in_invoice", "due_date": None},
            "Factura de proveedor 123 emitida: $119.000.",
        ),
        ("invoice.paid", {}, "Factura 123 pagada: $119.000."),
        ("credit_note.posted", {}, "Nota de crédito 9 emitida a favor del cliente: $119.000."),
        ("payment.registered", {}, "Pago recibido: $119.000 (Transferencia)."),
        (
            "payment.registered",
            {"direction": "outbound", "method": None},
            "Pago hecho al proveedor: $119.000.",
        ),
        ("lead.lost", {}, "Oportunidad perdida: Taladros para la obra de Ñuñoa. Motivo: Muy caro."),
        ("custom.rental", {"name": "R5"}, "custom.rental: R5."),
    ],
)
def test_a_note_says_what_happened_with_amount_and_day(type, changes, expected):
    assert note_text(make_event(type, **changes)).split("\n\n")[0] == expected


@pytest.mark.parametrize("type", sorted(EVENT_TYPES))
def test_every_type_has_a_note_of_two_short_lines_or_none(type):
    event = make_event(type)
    text = note_text(event)
    assert text is None or (len(text) < 250 and text.endswith(reference(event.id)))
    assert text is None or "None" not in text


@given(st.text(max_size=200))
def test_a_name_reaches_neither_markdown_nor_liquid_nor_mentions(name):
    hostile = f"[x](mention://user/1/x) {{{{contact.email}}}} <b> {name}"
    text = note_text(make_event("order.confirmed", name=hostile)).split("\n\n")[0]
    assert "\n" not in text and "{" not in text and "mention:" not in text.lower()
    assert not re.search(r"(?<!\\)[\[\]<>*`_]", text)


@given(CONTACT_KEYS, JSON)
def test_any_value_of_any_field_gives_a_contact_chatwoot_can_take(key, value):
    event = make_event("contact.updated", **{key: value})
    if key == "id" and partner_of(event) is None:
        return
    found = change(event, Known())
    assert all(isinstance(text, str) and 0 < len(text) <= 255 for text in found.fields.values())
    assert all("\n" not in text for text in found.fields.values())
    for attribute in found.attributes.values():
        assert attribute is None or isinstance(attribute, str | int | float)
        assert not isinstance(attribute, int) or attribute <= 9_999_999_999
    json.dumps(found.known.to_json())


@given(st.sampled_from(sorted(EVENT_TYPES)), VERSIONS)
def test_what_is_known_survives_its_storage(type, number):
    event = make_event(type, number=number)
    if partner_of(event) is None:
        return
    known = replace(change(event, Known()).known, id=7, labels=("a",))
    stored = Known.from_json(json.loads(json.dumps(known.to_json())))
    assert stored.to_json() == known.to_json()
    assert change(event, stored).known.to_json() == known.to_json()


@given(st.permutations(range(1, 5)), st.data())
def test_in_any_order_of_arrival_the_newest_profile_stands(order, data):
    """Versions 1 to 4 of one contact, each arriving once or twice, in any order."""
    known, shown = Known(), ""
    for number in [*order, *data.draw(st.lists(st.sampled_from(order), max_size=4))]:
        found = change(make_event("contact.updated", number=number, name=f"v{number}"), known)
        shown = found.fields.get("name", shown)
        known = found.known
    assert shown == "v4"


def test_a_huge_balance_is_sent_as_a_number_chatwoot_does_not_refuse():
    found = change(make_event("contact.updated", balance=12_345_678_901), Known())
    assert found.attributes["smarter_saldo"] == 12_345_678_901.0
    assert isinstance(found.attributes["smarter_saldo"], float)


@pytest.mark.parametrize(
    ("written", "expected"),
    [("Cliente VIP", "cliente-vip"), ("  Región/Sur ", "región-sur"), ("--", ""), (5, "5")],
)
def test_a_tag_becomes_a_label_of_chatwoot(written, expected):
    assert label(written) == expected


@pytest.mark.parametrize("value", [None, [], "x", {"id": None}, {}])
def test_a_damaged_memory_is_as_good_as_none(value):
    assert Known.from_json(value) == Known()
