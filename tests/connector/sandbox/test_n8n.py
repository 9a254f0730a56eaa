from __future__ import annotations

import json

from smarter_domain.events.signature import SigningKey


def event(number: int = 1, **changes) -> bytes:
    document = {
        "id": f"e-{number}",
        "source": "urn:smarteros:77654321-7",
        "type": "order.confirmed",
        "subject": "sale.order/42",
        "sequence": f"{1:010d}-{number:019d}",
        "data": {"name": "S42"},
    }
    return json.dumps(document | changes).encode()


async def test_a_signed_event_is_recorded_and_answered_as_n8n_does(caller, hands):
    assert await caller.post(event()) == (200, {"message": "Workflow was started"})
    (received,) = caller.sandbox.n8n.newest(5)
    assert (received.id, received.webhook_id) == ("e-1", "wh-1")
    assert (received.received_at, received.monotonic) == (hands.wall, hands.monotonic)


async def test_the_same_event_twice_counts_as_a_duplicate_and_is_kept_once(caller):
    await caller.post(event())
    await caller.post(event(smosreplay="1"))
    (received,) = caller.sandbox.n8n.newest(5)
    assert (received.copies, received.replays, caller.sandbox.n8n.duplicates) == (1, 1, 1)


async def test_each_event_of_a_batch_is_deduped_alone(caller):
    await caller.post(event(1))
    await caller.post(b"[" + event(1) + b"," + event(2) + b"]")
    assert [one.id for one in caller.sandbox.n8n.newest(5)] == ["e-2", "e-1"]


async def test_a_tampered_body_is_refused_and_not_recorded(caller):
    signed = event()
    status, answer = await caller.post(signed, **{"X-SMOS-HMAC": "sha256=" + "0" * 64})
    assert status == 401 and "signature" in answer["message"]
    assert caller.sandbox.n8n.summary()["refused"] == 1
    assert not caller.sandbox.n8n.seen


async def test_a_request_without_x_smos_hmac_is_refused(caller):
    status, _ = await caller.post(event(), **{"X-SMOS-HMAC": ""})
    assert status == 401


async def test_an_old_signature_is_refused(caller, hands):
    hands.wall += 3600
    status, _ = await caller.post(event())
    assert status == 401


async def test_a_webhook_with_its_own_key_refuses_the_key_of_the_others(caller):
    caller.sandbox.n8n.set_keys([SigningKey.generate().text], "eventos")
    assert (await caller.post(event()))[0] == 401
    assert (await caller.post(event(), path="otros"))[0] == 200


async def test_a_webhook_that_is_not_registered_answers_the_404_of_n8n(caller):
    caller.sandbox.n8n.webhooks = frozenset({"otros"})
    status, answer = await caller.post(event())
    assert (status, answer["code"]) == (404, 404)
    assert answer["message"] == 'The requested webhook "POST eventos" is not registered.'


async def test_a_body_that_is_no_event_is_refused(caller):
    assert (await caller.post(b"[1, 2]"))[0] == 422
    assert (await caller.post(b"not json"))[0] == 422


async def test_a_first_arrival_behind_a_later_event_of_its_aggregate_is_out_of_order(caller):
    await caller.post(event(2))
    await caller.post(event(1))
    await caller.post(event(1, id="e-9", subject="sale.order/43"))
    assert caller.sandbox.n8n.out_of_order == 1


async def test_memory_is_bounded_for_documents_and_for_ids(caller, monkeypatch):
    monkeypatch.setattr("smarter_connector.sandbox.n8n.MAX_IDS", 3)
    monkeypatch.setattr("smarter_connector.sandbox.n8n.MAX_DOCUMENTS", 2)
    caller.sandbox.n8n.forget()
    await caller.post(b"[" + b",".join(event(number) for number in range(1, 6)) + b"]")
    kept = [(one.id, one.document is not None) for one in caller.sandbox.n8n.newest(9)]
    assert kept == [("e-5", True), ("e-4", True), ("e-3", False)]
    assert caller.sandbox.n8n.summary()["events"] == 5
