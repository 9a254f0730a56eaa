"""The contact: created, found, updated, in conflict, late, gone."""

from __future__ import annotations

import asyncio

import pytest

from smarter_connector.exceptions import ConfigurationError, Rejected
from tests.connector.chatwoot.bench import NAME, make_delivery, make_event

EMAIL, PHONE = "compras@losaromos.example", "+56223456789"
DEFINED = {
    "smarter_rut",
    "smarter_saldo",
    "smarter_ultima_factura",
    "smarter_ultimo_pedido",
    "smarter_cliente_desde",
    "smarter_estado",
}


def fail_always(bench, method: str, path: str) -> None:
    bench.sandbox.fault("chatwoot", "fail", method=method, path=path, times=None)


async def test_a_new_customer_becomes_a_contact_with_all_that_odoo_knows(bench):
    result = await bench.one(make_event("contact.created"))
    assert (result.ok, result.status) == (True, "no conversation")
    (contact,) = bench.contacts
    assert (contact.identifier, contact.name) == (NAME, "Ferretería Los Aromos Ltda.")
    assert (contact.email, contact.phone_number) == (EMAIL, PHONE)
    assert contact.custom_attributes == {
        "smarter_rut": "12.345.678-5",
        "smarter_saldo": 119000,
        "smarter_cliente_desde": "2026-03-02",
        "smarter_estado": "Activo",
        "smarter_ultimo_pedido": "S00042 · 20-11-2026 · $119.000",
    }
    assert contact.additional_attributes == {"city": "Ñuñoa", "country_code": "CL"}


async def test_events_of_other_records_bring_their_customer_up_to_date(bench):
    await bench.send(make_event("order.confirmed"), make_event("invoice.posted"))
    (contact,) = bench.contacts
    assert contact.custom_attributes["smarter_ultimo_pedido"] == "S00042 · 22-11-2026 · $119.000"
    expected = "FAC 000123 · 22-11-2026 · $119.000"
    assert contact.custom_attributes["smarter_ultima_factura"] == expected


@pytest.mark.parametrize(
    "event",
    [
        make_event("stock.low"),
        make_event("pos.order.paid"),
        make_event("product.updated"),
        make_event("lead.created", partner=None),
        make_event("order.confirmed", partner={"id": "x"}),
        make_event("record.deleted", model="sale.order"),
        make_event("custom.rental"),
    ],
    ids=lambda event: event.type,
)
async def test_an_event_about_no_contact_is_done_without_a_request(bench, event):
    result = await bench.one(event)
    assert (result.ok, result.status) == (True, "ignored")
    assert bench.sandbox.chatwoot.requests == 0


async def test_the_definitions_are_created_once_and_those_that_exist_are_left(bench):
    body = {"attribute_display_name": "Mío"}
    bench.account.definitions["smarter_rut", 1] = {
        **body,
        "attribute_key": "smarter_rut",
        "attribute_model": "contact_attribute",
    }
    await bench.send(make_event("contact.created"), make_event("contact.updated"))
    assert {key for key, _ in bench.account.definitions} == DEFINED
    assert bench.account.definitions["smarter_rut", 1]["attribute_display_name"] == "Mío"


async def test_another_connector_defines_nothing_that_is_there(bench):
    await bench.one(make_event("contact.created"))
    fail_always(bench, "POST", "/custom_attribute")
    bench.restart()
    assert (await bench.one(make_event("contact.updated"))).ok


async def test_what_odoo_does_not_know_is_not_written_and_is_cleared_when_it_goes(bench):
    await bench.one(make_event("contact.created", rut=None))
    (contact,) = bench.contacts
    assert "smarter_rut" not in contact.custom_attributes
    await bench.one(make_event("contact.updated"))
    await bench.one(make_event("contact.updated", rut=None))
    assert contact.custom_attributes["smarter_rut"] is None


async def test_a_token_that_may_not_define_attributes_still_keeps_contacts(bench):
    bench.sandbox.fault("chatwoot", "fail", status=401, method="POST", path="/custom_attribute")
    assert (await bench.one(make_event("contact.created"))).ok
    assert len(bench.contacts) == 1


async def test_a_known_contact_is_updated_without_being_looked_for(bench):
    await bench.one(make_event("contact.created"))
    bench.restart()
    fail_always(bench, "POST", "/contacts")
    await bench.one(make_event("contact.updated", name="Ferretería Nueva"))
    assert [contact.name for contact in bench.contacts] == ["Ferretería Nueva"]


async def test_a_contact_of_an_unknown_number_is_found_by_its_identifier(bench):
    bench.account.create_contact({"name": "Otra", "identifier": NAME + "9"})
    mine = bench.account.create_contact({"name": "Vieja", "identifier": NAME})
    assert (await bench.one(make_event("contact.updated"))).ok
    assert mine.name == "Ferretería Los Aromos Ltda."
    assert [contact.name for contact in bench.contacts][0] == "Otra"


async def test_search_steps_in_where_the_filter_is_refused_and_compares_exactly(bench):
    for number in range(20):
        bench.account.create_contact({"name": "Otra", "identifier": f"{NAME}{number}"})
    mine = bench.account.create_contact({"name": "Vieja", "identifier": NAME})
    bench.sandbox.fault("chatwoot", "fail", status=422, path="/contacts/filter", times=None)
    await bench.one(make_event("contact.updated"))
    assert mine.name == "Ferretería Los Aromos Ltda."
    assert len(bench.contacts) == 21


async def test_somebody_who_wrote_before_being_a_customer_becomes_the_contact(bench):
    stranger = bench.account.create_contact({"name": "web-123", "email": EMAIL})
    assert (await bench.one(make_event("contact.created"))).answer == f"contact {stranger.id}"
    assert (stranger.identifier, stranger.phone_number) == (NAME, PHONE)
    assert len(bench.contacts) == 1


@pytest.mark.parametrize("field", ["email", "phone_number"])
async def test_a_field_of_another_known_contact_is_left_out_rather_than_lose_the_rest(bench, field):
    taken = {"email": EMAIL, "phone_number": PHONE}[field]
    other = bench.account.create_contact({"name": "Otra", "identifier": "crm-7", field: taken})
    result = await bench.one(make_event("contact.created"))
    assert result.ok and field in result.answer
    mine = bench.contacts[1]
    assert (mine.identifier, getattr(mine, field)) == (NAME, None)
    assert (other.identifier, getattr(other, field)) == ("crm-7", taken)


async def test_an_update_with_a_taken_email_changes_everything_else(bench):
    await bench.one(make_event("contact.created"))
    bench.account.create_contact({"name": "Otra", "email": "b@example.cl", "identifier": "crm-7"})
    result = await bench.one(make_event("contact.updated", email="b@example.cl", name="Nuevo"))
    assert result.ok and "email" in result.answer
    assert (bench.contacts[0].name, bench.contacts[0].email) == ("Nuevo", EMAIL)


async def test_an_email_chatwoot_finds_invalid_is_left_out(bench):
    event = make_event("contact.created", email="no es correo", phone="123")
    assert (await bench.one(event)).ok
    assert (bench.contacts[0].email, bench.contacts[0].phone_number) == (None, None)


async def test_a_contact_that_is_refused_for_another_reason_is_a_dead_letter(bench):
    bench.sandbox.fault("chatwoot", "fail", status=422, method="POST", path="/contacts")
    result = await bench.one(make_event("contact.created"))
    assert isinstance(result.error, Rejected) and result.status == "422"


async def test_an_empty_field_in_odoo_erases_nothing_in_chatwoot(bench):
    await bench.one(make_event("contact.created"))
    await bench.one(make_event("contact.updated", email=None, phone=None))
    assert (bench.contacts[0].email, bench.contacts[0].phone_number) == (EMAIL, PHONE)


async def test_a_late_event_does_not_overwrite_newer_data(bench):
    await bench.one(make_event("contact.updated", number=9000, name="Nuevo"))
    await bench.one(make_event("contact.updated", number=8999, name="Viejo", last_order=None))
    await bench.one(make_event("invoice.paid", number=8998))
    (contact,) = bench.contacts
    assert contact.name == "Nuevo"
    assert contact.custom_attributes["smarter_ultimo_pedido"].startswith("S00042")
    assert contact.custom_attributes["smarter_ultima_factura"].startswith("FAC 000123")


async def test_an_older_order_edited_later_is_not_shown_as_the_last(bench):
    await bench.one(make_event("order.confirmed", name="S2", confirmed_at="2026-11-21T15:00:00Z"))
    await bench.one(make_event("order.updated", name="S1", confirmed_at="2026-11-02T15:00:00Z"))
    shown = bench.contacts[0].custom_attributes["smarter_ultimo_pedido"]
    assert shown == "S2 · 21-11-2026 · $119.000"


async def test_a_cancelled_order_says_so_and_a_bill_of_a_supplier_is_no_invoice(bench):
    await bench.one(make_event("order.confirmed"))
    await bench.one(make_event("order.cancelled"))
    await bench.one(make_event("invoice.posted", move_type="in_invoice"))
    attributes = bench.contacts[0].custom_attributes
    assert attributes["smarter_ultimo_pedido"].endswith("(anulado)")
    assert "smarter_ultima_factura" not in attributes


async def test_an_archived_and_a_deleted_contact_stay_and_are_marked(bench):
    await bench.one(make_event("contact.updated", active=False))
    assert bench.contacts[0].custom_attributes["smarter_estado"] == "Archivado en Odoo"
    deleted = make_event("record.deleted", model="res.partner", id=31, number=9000)
    await bench.one(deleted)
    await bench.one(make_event("contact.updated", number=8999))
    (contact,) = bench.contacts
    assert contact.custom_attributes["smarter_estado"] == "Eliminado en Odoo"


async def test_a_deleted_contact_that_was_never_in_chatwoot_is_not_created(bench):
    deleted = make_event("record.deleted", model="res.partner", id=31)
    assert (await bench.one(deleted)).status == "ignored"
    assert bench.contacts == []


async def test_a_contact_deleted_in_chatwoot_is_created_anew_with_all_data(bench):
    await bench.one(make_event("contact.created"))
    del bench.account.contacts[1]
    await bench.one(make_event("order.confirmed"))
    (contact,) = bench.contacts
    assert (contact.id, contact.identifier, contact.email) == (2, NAME, EMAIL)


async def test_a_late_event_of_a_contact_deleted_in_chatwoot_creates_it_at_the_next_try(bench):
    await bench.one(make_event("contact.created", number=9000))
    del bench.account.contacts[1]
    late = make_event("order.confirmed", number=8999)
    assert isinstance((await bench.one(late)).error, ConfigurationError)
    assert (await bench.one(late)).ok
    assert [(one.identifier, one.email) for one in bench.contacts] == [(NAME, EMAIL)]


async def test_after_chatwoot_forgot_all_a_number_of_somebody_else_is_not_overwritten(bench):
    await bench.one(make_event("contact.created"))
    bench.sandbox.forget("chatwoot")
    bench.restart()
    other = bench.account.create_contact({"name": "Otra", "identifier": "77654321-7:99"})
    assert (await bench.one(make_event("contact.updated"))).ok
    assert (other.id, other.name, other.custom_attributes) == (1, "Otra", {})
    assert bench.contacts[1].identifier == NAME


async def test_after_chatwoot_forgot_all_no_note_goes_to_somebody_else(bench):
    await bench.one(make_event("contact.created"))
    bench.sandbox.forget("chatwoot")
    other = bench.account.create_contact({"name": "Otra", "identifier": "77654321-7:99"})
    bench.talk(other)
    assert (await bench.one(make_event("invoice.overdue", number=9000))).status == "no conversation"
    assert ([contact.identifier for contact in bench.contacts][1], bench.notes) == (NAME, [])


async def test_two_events_of_one_new_contact_at_once_make_one_contact(bench):
    results = await asyncio.gather(
        bench.one(make_event("contact.created")),
        bench.one(make_event("order.confirmed")),
        bench.one(make_event("invoice.posted")),
    )
    assert all(result.ok for result in results)
    assert len(bench.contacts) == 1


async def test_two_connectors_at_once_make_one_contact(bench):
    first = bench.sink
    bench.restart()
    results = await asyncio.gather(
        first.deliver([make_delivery(make_event("contact.created"))]),
        bench.sink.deliver([make_delivery(make_event("lead.won"))]),
    )
    assert all(result.ok for (result,) in results)
    assert len(bench.contacts) == 1


async def test_labels_are_added_and_those_of_others_stay(bench):
    bench.restart(labels=["Odoo"])
    contact = bench.account.create_contact({"name": "x", "identifier": NAME})
    contact.labels = ["vip", "odoo"]
    await bench.one(make_event("contact.created", labels=["Cliente Mayorista"]))
    assert contact.labels == ["vip", "odoo", "cliente-mayorista"]


async def test_a_tag_removed_in_odoo_takes_only_its_own_label_away(bench):
    await bench.one(make_event("contact.created", labels=["Mayorista", "Sur"]))
    (contact,) = bench.contacts
    contact.labels.append("vip")
    await bench.one(make_event("contact.updated", labels=["Sur"]))
    await bench.one(make_event("order.confirmed"))
    assert contact.labels == ["sur", "vip"]


async def test_an_inbox_is_named_when_the_subscription_has_one(bench):
    bench.restart(inbox_id=4)
    await bench.one(make_event("contact.created"))
    assert bench.contacts[0].inboxes == [4]
