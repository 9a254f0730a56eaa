"""The private note: where, which, and never twice."""

from __future__ import annotations

import asyncio

import pytest

from smarter_connector.exceptions import Retryable, StoreUnavailable
from tests.connector.chatwoot.bench import make_event

NOTE = "/messages"
OVERDUE = "Factura 123 vencida desde el 31-10-2026. Saldo pendiente: $119.000."


@pytest.fixture
async def talking(bench):
    """A customer in an open conversation."""
    await bench.one(make_event("contact.created"))
    bench.talk(bench.contacts[0])
    return bench


async def test_a_chosen_event_leaves_a_private_note_in_the_open_conversation(talking):
    result = await talking.one(make_event("invoice.overdue"))
    assert (result.ok, result.status) == (True, "note")
    assert talking.notes == [OVERDUE]


async def test_an_event_that_was_not_chosen_leaves_none(talking):
    talking.restart(note_types=["invoice.overdue", "lead.*"])
    result = await talking.one(make_event("order.confirmed"))
    await talking.one(make_event("lead.won"))
    assert result.status == "contact"
    assert talking.notes == ["Oportunidad ganada: Taladros para la obra de Ñuñoa."]


@pytest.mark.parametrize("status", ["resolved", "pending", "snoozed"])
async def test_without_an_open_conversation_the_event_is_done_without_a_note(bench, status):
    await bench.one(make_event("contact.created"))
    bench.talk(bench.contacts[0], status)
    result = await bench.one(make_event("invoice.overdue"))
    assert (result.ok, result.status, bench.notes) == (True, "no conversation", [])


async def test_of_several_open_conversations_the_newest_gets_the_note(talking):
    newest = talking.talk(talking.contacts[0])
    await talking.one(make_event("invoice.overdue"))
    assert len(talking.account.conversations[newest].messages) == 1


async def test_a_repeated_and_a_replayed_event_leave_one_note(talking):
    event = make_event("invoice.overdue")
    await talking.send(event, event)
    talking.restart()
    assert (await talking.one(event)).status == "note"
    assert talking.notes == [OVERDUE]


async def test_the_same_event_at_once_leaves_one_note(talking):
    event = make_event("invoice.overdue")
    await asyncio.gather(talking.one(event), talking.one(event))
    assert talking.notes == [OVERDUE]


async def test_a_note_posted_before_a_time_out_is_recognised_and_not_posted_again(talking, hasty):
    event = make_event("invoice.overdue")
    talking.sandbox.fault("chatwoot", "swallow", method="POST", path=NOTE)
    result = await hasty.one(event)
    assert isinstance(result.error, Retryable) and result.status == "timeout"
    talking.sandbox.faults.replace([])
    assert (await talking.one(event)).ok
    assert talking.notes == [OVERDUE]


@pytest.mark.parametrize("mode", ["drop", "garbage"])
async def test_a_note_whose_answer_was_unreadable_is_not_posted_again(talking, mode):
    event = make_event("invoice.overdue")
    talking.sandbox.fault("chatwoot", mode, method="POST", path=NOTE)
    assert isinstance((await talking.one(event)).error, Retryable)
    talking.restart()
    assert (await talking.one(event)).ok
    assert talking.notes == [OVERDUE]


@pytest.mark.parametrize("mode", ["refuse", "fail"])
async def test_a_note_that_was_not_posted_is_posted_at_the_next_attempt(talking, mode):
    event = make_event("invoice.overdue")
    talking.sandbox.fault("chatwoot", mode, method="POST", path=NOTE)
    assert isinstance((await talking.one(event)).error, Retryable)
    assert (await talking.one(event)).ok
    assert talking.notes == [OVERDUE]


async def test_a_crash_between_the_post_and_its_record_leaves_one_note(talking, monkeypatch):
    event = make_event("invoice.overdue")
    remember = talking.store.remember

    async def crash(subscription, kind, items):
        if kind == "note" and "message" in items[event.id]:
            raise StoreUnavailable("the database went away")
        await remember(subscription, kind, items)

    with monkeypatch.context() as patch:
        patch.setattr(talking.store, "remember", crash)
        assert isinstance((await talking.one(event)).error, StoreUnavailable)
    talking.restart()
    assert (await talking.one(event)).ok
    assert talking.notes == [OVERDUE]


async def test_the_note_is_found_behind_many_later_messages(talking):
    event = make_event("invoice.overdue")
    talking.sandbox.fault("chatwoot", "drop", method="POST", path=NOTE)
    await talking.one(event)
    conversation = talking.account.conversations[1]
    for number in range(45):
        talking.account.add_message(conversation, {"content": f"mensaje {number}"})
    assert (await talking.one(event)).ok
    assert talking.notes == [OVERDUE]


async def test_the_note_is_found_in_the_conversation_that_was_closed_meanwhile(talking):
    event = make_event("invoice.overdue")
    talking.sandbox.fault("chatwoot", "drop", method="POST", path=NOTE)
    await talking.one(event)
    talking.account.conversations[1].status = "resolved"
    talking.talk(talking.contacts[0])
    assert (await talking.one(event)).ok
    assert talking.notes == [OVERDUE]


async def test_a_chatwoot_that_keeps_no_source_id_is_recognised_by_the_reference(talking):
    event = make_event("invoice.overdue")
    talking.sandbox.fault("chatwoot", "drop", method="POST", path=NOTE)
    await talking.one(event)
    for message in talking.account.conversations[1].messages.values():
        message["source_id"] = None
    assert (await talking.one(event)).ok
    assert talking.notes == [OVERDUE]


async def test_a_note_that_an_agent_edited_is_recognised_by_its_source_id(talking):
    event = make_event("invoice.overdue")
    talking.sandbox.fault("chatwoot", "drop", method="POST", path=NOTE)
    await talking.one(event)
    for message in talking.account.conversations[1].messages.values():
        message["content"] = "ya le avisé"
    assert (await talking.one(event)).ok
    assert talking.notes == ["ya le avisé"]


async def test_a_note_that_an_agent_deleted_does_not_come_back(talking):
    event = make_event("invoice.overdue")
    await talking.one(event)
    talking.account.conversations[1].messages.clear()
    assert (await talking.one(event)).ok
    assert talking.notes == []


async def test_a_conversation_that_vanished_is_replaced_by_the_open_one(talking):
    event = make_event("invoice.overdue")
    talking.sandbox.fault("chatwoot", "refuse", method="POST", path=NOTE)
    await talking.one(event)
    del talking.account.conversations[1]
    talking.talk(talking.contacts[0])
    assert (await talking.one(event)).ok
    assert talking.notes == [OVERDUE]


async def test_a_conversation_that_vanishes_before_the_post_is_tried_again(talking):
    talking.sandbox.fault("chatwoot", "fail", status=404, method="POST", path=NOTE)
    event = make_event("invoice.overdue")
    assert isinstance((await talking.one(event)).error, Retryable)
    assert (await talking.one(event)).ok


async def test_a_flooded_conversation_is_left_alone_for_a_minute(talking):
    for _ in range(200):
        talking.account.conversations[1].flood.wait()
    result = await talking.one(make_event("invoice.overdue"))
    assert isinstance(result.error, Retryable) and result.error.retry_after == 60


async def test_what_never_deserves_a_note_gets_none(talking):
    deleted = make_event("record.deleted", model="res.partner", id=31)
    assert (await talking.one(deleted)).status == "contact"
    assert talking.notes == []


async def test_the_memory_of_a_note_is_its_place_and_its_number(talking):
    event = make_event("invoice.overdue")
    await talking.one(event)
    kept = await talking.store.recall(1, "note", [event.id])
    assert kept == {event.id: {"conversation": 1, "after": 0, "message": 1}}


async def test_a_damaged_memory_of_a_note_is_retried_and_posts_nothing(talking):
    event = make_event("invoice.overdue")
    await talking.store.remember(1, "note", {event.id: {"conversation": "x"}})
    assert isinstance((await talking.one(event)).error, Retryable)
    assert talking.notes == []
