"""What Chatwoot's failures mean for a delivery, and what a wrong configuration is told."""

from __future__ import annotations

import pytest

from smarter_connector.exceptions import ConfigurationError, Retryable
from smarter_connector.stores.memory import MemoryOutbox, MemoryStore
from tests.connector.chatwoot.bench import NAME, RUT, TOKEN, make_event
from tests.connector.support import running, until


@pytest.mark.parametrize("path", ["/custom_attribute", "/contacts", "/labels", "/conversations"])
@pytest.mark.parametrize("mode", ["fail", "refuse", "drop", "garbage"])
async def test_a_failure_at_any_step_is_retried_and_ends_in_one_contact_and_one_note(
    bench, mode, path
):
    bench.sandbox.chatwoot.open_conversations = True
    bench.restart(labels=["odoo"])
    event = make_event("contact.created")
    # Twice, for a GET on a connection that was closed meanwhile is repeated by the HTTP client.
    bench.sandbox.fault("chatwoot", mode, path=path, times=2)
    results = [await bench.one(event) for _ in range(3)]
    assert isinstance(results[0].error, Retryable) and results[2].ok
    assert [contact.identifier for contact in bench.contacts] == [NAME]
    assert (bench.contacts[0].labels, len(bench.notes)) == (["odoo", "mayorista"], 1)


async def test_a_throttled_request_waits_as_long_as_chatwoot_asks(bench):
    bench.sandbox.fault("chatwoot", "throttle", retry_after=17)
    error = (await bench.one(make_event())).error
    assert isinstance(error, Retryable)
    assert (error.status, error.retry_after) == ("429", 17)


async def test_a_chatwoot_that_does_not_answer_is_given_up_and_nothing_is_doubled(bench, hasty):
    event = make_event("contact.created")
    bench.sandbox.fault("chatwoot", "swallow", method="POST", path="/contacts")
    result = await hasty.one(event)
    assert (type(result.error), result.status) == (Retryable, "timeout")
    bench.sandbox.faults.replace([])
    assert (await bench.one(event)).ok
    assert len(bench.contacts) == 1


@pytest.mark.parametrize("status", [401, 403])
async def test_a_revoked_token_is_a_matter_of_configuration_and_stays_secret(bench, status):
    bench.sandbox.fault("chatwoot", "fail", status=status)
    result = await bench.one(make_event())
    assert isinstance(result.error, ConfigurationError)
    assert "access token for account 1" in str(result.error)
    assert TOKEN not in str(result.error) + result.answer + repr(bench.sink)


async def test_a_wrong_token_is_refused_by_chatwoot_and_kept_for_later(bench):
    bench.sandbox.chatwoot.token = "another"
    assert isinstance((await bench.one(make_event())).error, ConfigurationError)
    bench.sandbox.chatwoot.token = TOKEN
    assert (await bench.one(make_event())).ok


async def test_an_address_that_redirects_is_a_matter_of_configuration(bench):
    bench.sandbox.fault("chatwoot", "redirect")
    assert isinstance((await bench.one(make_event())).error, ConfigurationError)


async def test_an_inbox_that_does_not_exist_is_a_matter_of_configuration(bench):
    bench.sandbox.fault("chatwoot", "fail", status=404, method="POST", path="/contacts")
    error = (await bench.one(make_event())).error
    assert isinstance(error, ConfigurationError) and "inbox" in str(error)


async def test_behind_a_failure_that_may_pass_nothing_more_of_a_batch_is_tried(bench):
    bench.sandbox.fault("chatwoot", "fail", path="/contacts")
    results = await bench.send(make_event(), make_event("invoice.paid"))
    assert [result.skipped for result in results] == [False, True]


async def test_behind_a_refused_event_the_batch_goes_on(bench):
    bench.sandbox.fault("chatwoot", "fail", status=422, path="/contacts")
    results = await bench.send(make_event(), make_event("invoice.paid"))
    assert [result.ok for result in results] == [False, True]


async def test_a_store_that_is_away_is_no_reason_to_write_twice(bench):
    await bench.one(make_event("contact.created"))
    bench.store.fail_with = Retryable("away")
    assert isinstance((await bench.one(make_event())).error, Retryable)
    bench.store.fail_with = None
    assert (await bench.one(make_event())).ok
    assert len(bench.contacts) == 1


async def test_a_ping_proves_the_address_and_the_token(bench):
    assert (await bench.one(make_event("test.ping"))).status == "reached"
    bench.sandbox.chatwoot.token = "another"
    assert isinstance((await bench.one(make_event("test.ping"))).error, ConfigurationError)


@pytest.mark.parametrize(
    ("config", "named"),
    [
        ({"account_id": None}, "account_id"),
        ({"account_id": "1"}, "account_id"),
        ({"account_id": True}, "account_id"),
        ({"inbox_id": 0}, "inbox_id"),
        ({"api_token": None}, "api_token"),
        ({"api_token": TOKEN}, "env:NAME"),
        ({"api_token": "env:HOME"}, "env:HOME"),
        ({"note_types": ["order.**"]}, "note_types"),
        ({"note_types": "order.*"}, "note_types"),
        ({"labels": [1]}, "labels"),
    ],
)
async def test_an_incomplete_configuration_names_the_entry_and_no_secret(bench, config, named):
    with pytest.raises(ConfigurationError) as caught:
        bench.restart(**config)
    assert named in str(caught.value) and TOKEN not in str(caught.value)


async def test_the_engine_takes_a_day_of_events_to_chatwoot(sandbox, monkeypatch):
    monkeypatch.setenv("SMARTER_SECRET_CW", TOKEN)
    sandbox.chatwoot.open_conversations = True
    outbox = MemoryOutbox(rut=RUT)
    config = {
        "account_id": 1,
        "api_token": "env:SMARTER_SECRET_CW",
        "note_types": ["invoice.overdue"],
    }
    outbox.subscribe("chatwoot", url=sandbox.url, config=config)
    for type in ("contact.created", "order.confirmed", "invoice.overdue", "stock.low"):
        sample = make_event(type)
        outbox.enqueue(type, sample.aggregate, sample.data)
    async with running([MemoryStore(outbox)]):
        await until(lambda: outbox.states() == {"delivered": 4})
    summary = sandbox.chatwoot.summary()
    assert (summary["contacts"], summary["notes"]) == (1, 1)
    assert sorted(row.status for row in outbox.rows.values()) == [
        "contact",
        "contact",
        "ignored",
        "note",
    ]
