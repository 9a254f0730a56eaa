"""The envelope: CloudEvents 1.0, read back to the same event, refused with a reason."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given

from smarter_domain.events import Event, InvalidEnvelope, batch_body
from tests.domain.events.samples import EVENTS, ROW, event


def refusal(document: object) -> tuple[str, str]:
    with pytest.raises(InvalidEnvelope) as caught:
        Event.from_cloudevent(document)
    return caught.value.attribute, caught.value.reason


def test_the_document_holds_what_the_contract_says():
    assert event(previous={}).to_cloudevent() == {
        "specversion": "1.0",
        "id": ROW["id"],
        "source": "urn:smarteros:12345678-5",
        "type": "order.confirmed",
        "subject": "sale.order/42",
        "time": "2026-11-22T15:00:00.123456Z",
        "datacontenttype": "application/json",
        "dataschema": "urn:smarteros:event:order.confirmed:1",
        "sequence": "0000000002-0000000000000001234",
        "smostenant": "77654321-7",
        "data": ROW["data"],
    }


def test_previous_values_travel_inside_the_data():
    assert event().to_cloudevent()["data"] == {**ROW["data"], "previous": {"state": "draft"}}


def test_a_replay_is_marked_and_keeps_its_id():
    replayed = Event.from_row(ROW, replay=3)
    assert replayed.to_cloudevent()["smosreplay"] == "3"
    assert replayed.id == event().id


def test_the_first_delivery_carries_no_replay_mark():
    assert "smosreplay" not in event().to_cloudevent()


def test_building_the_document_leaves_the_event_as_it_was():
    original = event()
    original.to_cloudevent()["data"]["total"] = 0
    assert original == event()


def test_the_body_is_compact_utf8_json():
    body = event().body()
    assert "Ñuñoa <&>".encode() in body and b'": ' not in body
    assert json.loads(body) == event().to_cloudevent()


def test_integers_beyond_64_bits_are_sent_whole():
    big = {"amount": 2**70}
    assert json.loads(event(data=big, previous={}).body())["data"] == big


def test_data_that_is_not_json_is_refused():
    with pytest.raises(InvalidEnvelope):
        event(data={"amount": object()}).body()


def test_a_batch_is_an_array_in_the_order_given():
    events = [event(number=number) for number in (7, 5, 6)]
    documents = json.loads(batch_body(events))
    assert [Event.from_cloudevent(document) for document in documents] == events


def test_an_event_is_frozen_and_can_be_kept_in_a_set():
    with pytest.raises(AttributeError):
        event().type = "order.cancelled"
    assert len({event(), event(), event(id="another")}) == 2


@pytest.mark.parametrize("name", "id type tenant rut aggregate time epoch number data".split())
def test_a_row_without_a_column_is_refused_by_its_name(name):
    row = {key: value for key, value in ROW.items() if key != name}
    with pytest.raises(InvalidEnvelope, match=name):
        Event.from_row(row)


@given(EVENTS)
def test_every_event_reads_back_from_its_body(original):
    assert Event.from_cloudevent(json.loads(original.body())) == original


@given(EVENTS)
def test_attribute_names_and_values_obey_cloudevents(original):
    document = original.to_cloudevent()
    attributes = {key: value for key, value in document.items() if key != "data"}
    assert all(re.fullmatch(r"[a-z0-9]{1,20}", name) for name in attributes)
    assert all(isinstance(value, str) and value for value in attributes.values())
    assert re.fullmatch(r"urn:smarteros:[0-9]{1,8}-[0-9K]", document["source"])


@given(EVENTS, EVENTS)
def test_sequences_sort_as_versions_do(one, other):
    assert (one.sequence < other.sequence) == (one.version < other.version)


def test_attributes_of_other_products_are_ignored():
    document = {**event().to_cloudevent(), "traceparent": "00-abc-def-01"}
    assert Event.from_cloudevent(document) == event()


@pytest.mark.parametrize("document", [None, [], "text", 5, [{"id": "1"}]])
def test_what_is_not_an_object_is_refused(document):
    assert refusal(document) == ("document", "format")


@pytest.mark.parametrize(
    ("attribute", "value", "reason"),
    [
        ("specversion", "0.3", "unsupported"),
        ("specversion", None, "unsupported"),
        ("datacontenttype", "text/xml", "unsupported"),
        ("id", "", "missing"),
        ("id", 5, "format"),
        ("id", "a\nb", "format"),
        ("id", "x" * 256, "too_long"),
        ("type", "Order.Confirmed", "format"),
        ("type", "order", "format"),
        ("type", "order..confirmed", "format"),
        ("source", "https://example.com", "format"),
        ("source", "urn:smarteros:12345678-9", "check_digit"),
        ("source", "urn:smarteros:12.345.678-5", "format"),
        ("source", "urn:smarteros:", "format"),
        ("smostenant", "abc", "format"),
        ("subject", None, "missing"),
        ("time", "2026-11-22 15:00:00", "format"),
        ("time", "2026-11-22T15:00:00", "format"),
        ("time", "2026-13-22T15:00:00Z", "format"),
        ("sequence", "7", "format"),
        ("sequence", "0000000001-9999999999999999999", "format"),
        ("dataschema", "urn:smarteros:event:order.updated:1", "format"),
        ("dataschema", "urn:smarteros:event:order.confirmed:0", "format"),
        ("dataschema", "urn:smarteros:event:order.confirmed", "format"),
        ("smosreplay", "0", "format"),
        ("smosreplay", "-1", "format"),
        ("smosreplay", 2, "format"),
        ("data", None, "missing"),
        ("data", [1], "format"),
        ("data", {"previous": 5}, "format"),
    ],
)
def test_a_wrong_attribute_is_refused_with_its_reason(attribute, value, reason):
    assert refusal({**event().to_cloudevent(), attribute: value}) == (attribute, reason)


@pytest.mark.parametrize("name", ["data_base64", "Subject", "smos-tenant", "ñ", 5, "a" * 41])
def test_names_that_cloudevents_does_not_allow_are_refused(name):
    assert refusal({**event().to_cloudevent(), name: "x"}) == (str(name)[:40], "unknown")
